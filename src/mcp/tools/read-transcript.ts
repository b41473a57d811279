import { z } from 'zod';
import { parseMessageId } from '../../model/id.ts';
import { McpTranscriptDocument } from '../generated/operations.ts';
import { lookUp } from '../look-up.ts';
import {
  type Call,
  defineTool,
  limit,
  noSession,
  referenceOf,
  sessionReference,
  ToolError,
} from '../tool.ts';
import { transcriptAnswer, transcriptOutput } from '../transcript.ts';
import { ROLES } from './search-messages.ts';

export const readTranscript = defineTool({
  name: 'read_transcript',
  title: 'Read a transcript',
  description:
    'Read the messages of a session, the oldest first, from any place: from a position, from the end (a negative position), or from a message that ' +
    'search_messages found. Long texts are cut, and the answer ends early when it is full; it says how to read on.',
  input: {
    session: sessionReference
      .optional()
      .describe('The id of a session, or "key:" and its key. Not needed with message.'),
    message: z.string().optional().describe('The id of a message ("SESSION:NUMBER"): begins there.'),
    position: z
      .int()
      .min(-(2 ** 31))
      .max(2 ** 31 - 1)
      .optional()
      .describe(
        'Begins at this position: 0 is the first message, -20 begins 20 messages before the end. Default: 0.',
      ),
    limit: limit(20, 100),
    roles: z.array(z.enum(ROLES)).min(1).optional().describe('Only messages of these authors. Default: all.'),
    reasoning: z.boolean().default(false).describe('True: with what the model thought.'),
    textLimit: z.int().min(100).max(20_000).default(2_000).describe('Cuts each text to so many characters.'),
    textFrom: z
      .int()
      .min(0)
      .max(2 ** 30)
      .default(0)
      .describe(
        'Reads on in a long message: so many characters of each of its texts are left out, and no other message is read.',
      ),
  },
  output: transcriptOutput,
  async run(call, { session: named, message, position, limit, roles, reasoning, ...window }) {
    if (message !== undefined && position !== undefined)
      throw new ToolError('Expected message or position, got both: each says where to begin.');
    const reference = referenceTo(named, message);
    const variables = {
      ...referenceOf(reference),
      ...(message === undefined
        ? { fromPosition: await fromStart(call, reference, position ?? 0) }
        : { fromMessageId: message }),
      first: window.textFrom > 0 ? 1 : limit,
      roles,
      reasoning,
      textEnd: window.textFrom + window.textLimit,
    };
    const { session } = await call.client.request(McpTranscriptDocument, variables, call.options);
    if (session === null) throw noSession(reference);
    return transcriptAnswer(session, window);
  },
});

function referenceTo(session: string | undefined, message: string | undefined): string {
  if (message === undefined) {
    if (session !== undefined) return session;
    throw new ToolError('Expected session or message, got neither: one of them says what to read.');
  }
  const ref = parseMessageId(message);
  if (!ref)
    throw new ToolError(
      `Expected message to be the id of a message, such as "SESSION:3", got ${JSON.stringify(message)}. search_messages finds messages.`,
    );
  return session ?? ref.sessionId;
}

/** A position that is negative counts from the end of the history. */
async function fromStart(call: Call, reference: string, position: number): Promise<number> {
  if (position >= 0) return position;
  const { historyLength } = await lookUp(call, reference);
  return Math.max(0, historyLength + position);
}
