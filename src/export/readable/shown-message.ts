import { messageId } from '../../model/id.ts';
import type { JsonValue } from '../../model/json.ts';
import { cutContent, type Message, type MessageRole } from '../../model/message.ts';
import type { SessionReader } from '../../repository/repository.ts';
import { timeText, usageText } from './facts.ts';

/** A text, or the note that it was left out. */
export interface Shown {
  readonly text: string;
  readonly isLeftOut: boolean;
}

export interface ShownCall {
  readonly toolCallId: string;
  readonly name: string;
  /** The beginning of the first argument that is a text; empty if there is none, or if arguments are left out. */
  readonly brief: string;
  /** JSON; null if the call has no arguments. */
  readonly arguments: Shown | null;
  /** The id of the session that the call spawned. */
  readonly spawned: string | null;
}

/** A message as a document shows it. */
export interface ShownMessage {
  readonly id: string;
  readonly role: MessageRole;
  /** Who said it: `Assistant`, `Result of grep`. */
  readonly heading: string;
  /** Small print: the model, what it used, whether it is a copy. */
  readonly notes: readonly string[];
  readonly createdAt: Date;
  readonly time: string;
  readonly isError: boolean;
  readonly reasoning: string | null;
  readonly content: Shown | null;
  readonly calls: readonly ShownCall[];
  /** The call that a TOOL message answers. */
  readonly toolCallId: string | null;
  /** Payload and metadata, as JSON. */
  readonly data: readonly { readonly label: string; readonly json: Shown }[];
}

/**
 * What a document shows of the messages of one session, page after page. If redacted, what went into tools and came out of them is left
 * out: the content of TOOL messages, the arguments of tool calls, and what may repeat them: events, payloads and metadata.
 */
export class ShownMessages {
  readonly #reader: SessionReader;
  readonly #isRedacted: boolean;
  /** The names of the tools, by the ids of their calls. */
  readonly #tools = new Map<string, string>();

  constructor(reader: SessionReader, isRedacted: boolean) {
    this.#reader = reader;
    this.#isRedacted = isRedacted;
  }

  async show(messages: readonly Message[]): Promise<ShownMessage[]> {
    const refs = messages.flatMap(({ sessionId, ordinal, toolCalls }) =>
      toolCalls.map(({ toolCallId }) => ({ sessionId, ordinal, toolCallId })),
    );
    const spawned = refs.length === 0 ? [] : await this.#reader.findSpawned(refs);
    let n = 0;
    return messages.map((message) => {
      const calls = message.toolCalls.map((call): ShownCall => {
        const { toolCallId, name } = call;
        this.#tools.set(toolCallId, name);
        const session = spawned[n];
        n += 1;
        const brief = this.#isRedacted ? '' : briefOf(call.arguments);
        return {
          toolCallId,
          name,
          brief,
          arguments: this.#json(call.arguments),
          spawned: session?.id ?? null,
        };
      });
      return this.#shown(message, calls);
    });
  }

  #shown(message: Message, calls: readonly ShownCall[]): ShownMessage {
    const { role, content, createdAt, model, usage, isCopy, isError, toolCallId, replacedAt, redactedAt } =
      message;
    const isOfTool = role === 'TOOL' || role === 'EVENT';
    const notes = [
      model,
      usage && usageText(usage),
      isCopy && 'copy',
      isError && 'error',
      replacedAt && `replaced ${timeText(replacedAt)}`,
      redactedAt && `redacted ${timeText(redactedAt)}`,
    ].filter((note) => typeof note === 'string');
    const metadata = Object.keys(message.metadata).length > 0 ? this.#json(message.metadata) : null;
    const payload = this.#json(message.payload);
    return {
      id: messageId(message),
      role,
      heading: this.#headingOf(message),
      notes,
      createdAt,
      time: timeText(createdAt),
      isError,
      reasoning: message.reasoning || null,
      content: content === '' ? null : this.#shownText(content, isOfTool),
      calls,
      toolCallId,
      data: [
        ...(payload ? [{ label: 'Payload', json: payload }] : []),
        ...(metadata ? [{ label: 'Metadata', json: metadata }] : []),
      ],
    };
  }

  #headingOf({ role, kind, name, toolCallId }: Message): string {
    if (role === 'EVENT') return kind === null ? 'Event' : `Event: ${kind}`;
    const said = role.charAt(0) + role.slice(1).toLowerCase();
    if (role !== 'TOOL') return name === null ? said : `${said} (${name})`;
    const tool = name ?? (toolCallId === null ? undefined : this.#tools.get(toolCallId));
    return tool === undefined ? 'Result of a tool' : `Result of ${tool}`;
  }

  #json(value: JsonValue): Shown | null {
    return value === null ? null : this.#shownText(JSON.stringify(value, null, 2), true);
  }

  #shownText(text: string, isPrivate: boolean): Shown {
    const isLeftOut = isPrivate && this.#isRedacted;
    return { text: isLeftOut ? 'left out' : text, isLeftOut };
  }
}

/** UTF-16 code units. */
const BRIEF_LENGTH_MAX = 100;

function briefOf(given: JsonValue): string {
  const values = typeof given === 'object' && given !== null ? Object.values(given) : [given];
  const text = values.find((value) => typeof value === 'string') ?? '';
  const brief = cutContent(text, BRIEF_LENGTH_MAX);
  return brief.length < text.length ? `${brief}…` : brief;
}
