import type { MessagesRecord } from './record.ts';

/** The key of a message, for the messages that have one. */
export interface KeyedMessage {
  readonly ordinal: number;
  readonly key: string;
}

/** The tool call that a TOOL message answers, for those that name one. */
export interface ToolResult {
  readonly ordinal: number;
  readonly toolCallId: string;
}

/** By which names messages are found, beside their ordinals. Each list is in the order of the ordinals. */
export interface NamedMessages {
  readonly keys: readonly KeyedMessage[];
  readonly toolResults: readonly ToolResult[];
}

/** Shared: most lines name no message. */
export const NO_NAMES: NamedMessages = Object.freeze({
  keys: Object.freeze([]),
  toolResults: Object.freeze([]),
});

/** The names of a line's messages, of which the first has the ordinal `ordinal`. */
export function namesOf({ ordinal, messages }: Pick<MessagesRecord, 'ordinal' | 'messages'>): NamedMessages {
  let names: MessageNames | null = null;
  for (let n = 0; n < messages.length; n += 1) {
    const { key, role, toolCallId } = messages[n]!;
    const answers = role === 'TOOL' && toolCallId !== undefined;
    if (key === undefined && !answers) continue;
    names ??= new MessageNames();
    if (key !== undefined) names.keys.push({ ordinal: ordinal + n, key });
    if (answers) names.toolResults.push({ ordinal: ordinal + n, toolCallId });
  }
  return names ?? NO_NAMES;
}

/** Collects the names of several lines. */
export class MessageNames implements NamedMessages {
  readonly keys: KeyedMessage[] = [];
  readonly toolResults: ToolResult[] = [];

  add({ keys, toolResults }: NamedMessages): void {
    for (const keyed of keys) this.keys.push(keyed);
    for (const result of toolResults) this.toolResults.push(result);
  }
}

/** The names of the messages with ordinals from `from` up to, but not including, `to`. */
export function namesBetween({ keys, toolResults }: NamedMessages, from: number, to: number): NamedMessages {
  const isWithin = ({ ordinal }: { readonly ordinal: number }) => ordinal >= from && ordinal < to;
  return { keys: keys.filter(isWithin), toolResults: toolResults.filter(isWithin) };
}
