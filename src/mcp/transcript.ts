import { z } from 'zod';
import { Allowance, type Shown } from './allowance.ts';
import type { McpTranscriptQuery } from './generated/operations.ts';
import { barred, quoted } from './quote.ts';
import { sessionData, sessionLine, sessionOutput, shortTime } from './session-line.ts';
import type { Answer } from './tool.ts';
import { usageOutput } from './usage-text.ts';

/** Tool calls of one message that are shown. */
const TOOL_CALLS_MAX = 20;

const shownOutput = z.object({
  text: z.string(),
  left: z.number().describe('Characters of the text that follow and are not in this answer.'),
});

const messageOutput = z.object({
  id: z.string(),
  position: z.number(),
  role: z.string(),
  name: z.string().nullable(),
  kind: z.string().nullable(),
  createdAt: z.string(),
  model: z.string().nullable(),
  isError: z.boolean(),
  toolCallId: z.string().nullable(),
  content: shownOutput,
  reasoning: shownOutput.nullable(),
  toolCalls: z.array(
    z.object({
      name: z.string(),
      toolCallId: z.string(),
      arguments: shownOutput.describe('As JSON.'),
      sessionId: z.string().nullable().describe('The session that the call spawned.'),
    }),
  ),
  toolCallsLeft: z.number().describe('Tool calls of the message that are not in this answer.'),
  usage: usageOutput.nullable(),
});

/** What `transcriptAnswer` answers. */
export const transcriptOutput = {
  session: sessionOutput,
  messages: z.array(messageOutput),
  nextPosition: z.number().nullable().describe('Pass it as "position" for what follows; null at the end.'),
};

type Message = z.input<typeof messageOutput>;
type Stored = NonNullable<McpTranscriptQuery['session']>['history']['nodes'][number];

/** How much of each text is shown. */
export interface Window {
  readonly textFrom: number;
  readonly textLimit: number;
}

/** Messages of a session, as many as the answer has room for: at least one, if there is one. */
export function transcriptAnswer(
  session: NonNullable<McpTranscriptQuery['session']>,
  window: Window,
): Answer<z.input<z.ZodObject<typeof transcriptOutput>>> {
  const { history, ...rest } = session;
  const { nodes, pageInfo } = history;
  const allowance = new Allowance();
  const messages: Message[] = [];
  for (const node of nodes) {
    if (!allowance.hasRoom) break;
    messages.push(messageData(node, window, allowance));
  }
  const hasMore = messages.length < nodes.length || pageInfo.hasNextPage;
  const nextPosition = hasMore ? (messages.at(-1)?.position ?? -1) + 1 : null;
  return {
    lines: [
      sessionLine(rest),
      ...rangeLine(messages, rest.historyLength),
      ...messages.flatMap((message) => messageLines(message, window)),
      ...moreLines(rest.id, nextPosition, window),
    ],
    data: { session: sessionData(rest), messages, nextPosition },
  };
}

/** Says how to go on. Names the session, and so takes the place of `message`: position and message together are refused. */
function moreLines(sessionId: string, position: number | null, { textFrom }: Window): string[] {
  if (position === null) return [];
  const place = `session: ${JSON.stringify(sessionId)}, position: ${position}`;
  return [
    `More: read_transcript with ${place}${textFrom > 0 ? ', textFrom: 0' : ''}, and roles, reasoning and limits as before`,
  ];
}

function rangeLine(messages: readonly Message[], historyLength: number): string[] {
  const [first] = messages;
  if (!first) return ['No messages there.'];
  const range = `${first.position} to ${messages.at(-1)!.position}`;
  return [`Messages at positions ${range}, of ${historyLength} (positions begin at 0):`];
}

function messageData(
  node: Stored,
  { textFrom: from, textLimit: max }: Window,
  allowance: Allowance,
): Message {
  const { content, contentLength, reasoning, toolCalls, ...fields } = node;
  return {
    ...fields,
    content: allowance.take(content, { from, max, length: contentLength }),
    reasoning: reasoning ? allowance.take(reasoning, { from, max }) : null,
    toolCalls: toolCalls.slice(0, TOOL_CALLS_MAX).map(({ name, toolCallId, arguments: given, session }) => ({
      name,
      toolCallId,
      arguments: allowance.take(given === null ? '' : JSON.stringify(given), { from, max }),
      sessionId: session?.id ?? null,
    })),
    toolCallsLeft: Math.max(0, toolCalls.length - TOOL_CALLS_MAX),
  };
}

function messageLines(message: Message, window: Window): string[] {
  const { id, position, role, name, kind, createdAt, model, isError, toolCallId } = message;
  const facts = [
    ...(name === null ? [] : [quoted(name)]),
    ...(kind === null ? [] : [`kind ${quoted(kind)}`]),
    ...(isError ? ['failed'] : []),
    ...(toolCallId === null ? [] : [`answers the call ${quoted(toolCallId)}`]),
    ...(model === null ? [] : [`model ${quoted(model)}`]),
  ];
  const end = (shown: Shown, what: string) => endLines(id, shown, what, window);
  return [
    `[${position}] ${[role, ...facts].join(', ')} (${id}, ${shortTime(createdAt)})`,
    ...(message.reasoning
      ? ['reasoning:', ...barred(message.reasoning.text), ...end(message.reasoning, 'reasoning')]
      : []),
    ...barred(message.content.text),
    ...end(message.content, 'text'),
    ...message.toolCalls.flatMap(({ name: tool, toolCallId: call, arguments: given, sessionId }) => [
      `calls ${quoted(tool)} (${quoted(call)})${sessionId === null ? '' : `, which spawned the session ${sessionId}`}`,
      ...barred(given.text),
      ...end(given, 'arguments'),
    ]),
    ...(message.toolCallsLeft === 0
      ? []
      : [`(${message.toolCallsLeft} more tool calls of this message are not shown)`]),
  ];
}

/** Says how to read the rest of a text that was cut. */
function endLines(id: string, { text, left }: Shown, what: string, { textFrom }: Window): string[] {
  if (left === 0) return [];
  const next = textFrom + text.length;
  return [
    `(${left} more characters of the ${what}: read_transcript with message: ${JSON.stringify(id)}, textFrom: ${next})`,
  ];
}
