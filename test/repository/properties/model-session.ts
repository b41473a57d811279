import type { KeyConflict } from '../../../src/model/message.ts';
import type { NewSpawnOrigin, SpawnOrigin } from '../../../src/model/session.ts';
import type { Response } from '../contract/naive-usage.ts';
import type { Description, DescriptionChange } from './description.ts';

/** What each message of a mutation cost, and when, if the message says so. */
export type Cost = Omit<Response, 'sessionId' | 'createdAt'> & { readonly createdAt?: Date };

export type Paid = Cost & Pick<Response, 'sessionId'>;

export interface ModelMessage {
  readonly ordinal: number;
  readonly content: string;
  readonly role: 'USER' | 'ASSISTANT' | 'TOOL';
  readonly key: string | null;
  readonly toolCallId: string | null;
  readonly usage: Cost['usage'] | null;
  readonly model: string | null;
  /** Left out if it is the time of the mutation. */
  readonly createdAt?: Date;
  readonly isCopy: boolean;
  /** True once what it said was overwritten. */
  readonly isRedacted?: boolean;
}

/** The members are as in `CreateSession`. All messages have the same cost. */
export interface ModelCreation extends Omit<DescriptionChange, 'setMetadata'> {
  readonly userId?: string | null | undefined;
  readonly key?: string | null | undefined;
  readonly messages?: readonly Said[] | undefined;
  readonly cost?: Cost | null | undefined;
  readonly spawnedBy?: NewSpawnOrigin | null | undefined;
  readonly forkedFrom?: ModelSession['forkedFrom'] | undefined;
}

/** What a write makes if there is no such session. */
export interface ModelCreateIfMissing
  extends Omit<ModelCreation, 'key' | 'messages' | 'cost' | 'forkedFrom'> {
  readonly parentId?: string | null | undefined;
  readonly parentKey?: string | null | undefined;
  readonly forkedFrom?: { readonly sessionId: string } | null | undefined;
}

/** What a write does to one session. All messages have the same cost. */
export interface ModelWrite extends Omit<DescriptionChange, 'agentName' | 'project'> {
  readonly keep?: number | null;
  readonly keepThroughKey?: string | null;
  readonly dropLast?: number | null;
  readonly messages: readonly Said[];
  readonly cost: Cost | null;
  readonly onKey?: KeyConflict | null;
  readonly expectedVersion?: Expected;
}

/** The version that a mutation expects; any if there is none. */
export type Expected = number | null | undefined;

/** A message to append; one with a `toolCallId` is a TOOL message. */
export type Said = Pick<ModelMessage, 'content' | 'key' | 'toolCallId'> & {
  readonly isCopy?: boolean | undefined;
};

/** The role of the message at the index `n` of a mutation's. */
export function roleOf({ toolCallId }: Said, n: number): ModelMessage['role'] {
  if (toolCallId !== null) return 'TOOL';
  return n % 2 ? 'ASSISTANT' : 'USER';
}

export interface ModelSession extends Description {
  readonly id: string;
  parentId: string | null;
  readonly userId: string | null;
  key: string | null;
  arrival: number;
  version: number;
  archived: boolean;
  history: ModelMessage[];
  nextOrdinal: number;
  /** The messages that left the history, by their ordinals: true once what they said was overwritten. */
  left: ReadonlyMap<number, boolean>;
  /** What is in the sums, in any order. */
  paid: readonly Paid[];
  readonly spawnedBy: SpawnOrigin | null;
  readonly forkedFrom: { sessionId: string; messageId: string | null; historyLength: number } | null;
}
