import type { JsonObject, JsonValue } from './json.ts';

/** Who speaks. The index keeps their places in this list: new ones go to its end. */
export const MESSAGE_ROLES = ['SYSTEM', 'USER', 'ASSISTANT', 'TOOL'] as const;
export type MessageRole = (typeof MESSAGE_ROLES)[number];

/** What producing a message cost: tokens as integers up to 2^53 - 1, money in US dollars. */
export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costUsd?: number | null;
}

/** A message as it is handed in. `createdAt` left out means the time of its mutation. */
export interface NewMessage {
  readonly role: MessageRole;
  readonly content: string;
  readonly name?: string | null;
  readonly toolCallId?: string | null;
  readonly payload?: JsonValue;
  readonly usage?: TokenUsage | null;
  readonly metadata?: JsonObject | null;
  readonly createdAt?: Date | null;
}

/** An entry of a session's history. */
export interface Message {
  readonly sessionId: string;
  /** Counts every message the session ever had; never used twice, also not after a rollback. */
  readonly ordinal: number;
  /** Place in the history: 0 for its first entry. */
  readonly position: number;
  readonly role: MessageRole;
  readonly content: string;
  readonly name: string | null;
  readonly toolCallId: string | null;
  readonly payload: JsonValue;
  readonly usage: TokenUsage | null;
  readonly metadata: JsonObject;
  readonly createdAt: Date;
  /** Bytes of its stored form: what reading it costs. */
  readonly bytes: number;
}
