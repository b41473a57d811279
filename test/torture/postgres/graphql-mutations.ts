import { type Sessiontree, SessiontreeError } from '@sessiontree/client';
import { messageId } from '../../../src/model/id.ts';
import { describe, type TreeMutation } from '../own-trees/tree-mutation.ts';
import { Fault } from '../part.ts';
import type { Answer } from '../store-process.ts';

/** More than any session has. */
const ALL = 1_000;
const SESSION = 'session { id version }';
const REMOVED = `removed(first: ${ALL}) { content }`;

/** What is selected of each payload. */
const PAYLOADS = {
  createSession: SESSION,
  spawnSession: SESSION,
  appendMessages: `${SESSION} messages { content }`,
  writeHistory: `${SESSION} messages { content } ${REMOVED}`,
  updateSession: SESSION,
  deleteSession: 'deletedIds reparentedIds',
  moveSession: `${SESSION} formerParent { id }`,
  archiveSession: `${SESSION} changedIds: archivedIds`,
  unarchiveSession: `${SESSION} changedIds: unarchivedIds`,
  truncateHistory: `${SESSION} ${REMOVED}`,
  redactMessages: 'messages { content }',
  forkSession: SESSION,
} as const;

type Field = keyof typeof PAYLOADS;

interface Payload {
  readonly __typename: string;
  readonly message?: string;
  readonly isRetryable?: boolean;
  readonly isOutcomeUnknown?: boolean;
  readonly formerParent?: { readonly id: string } | null;
}

/** Sends mutations through the API. */
export class GraphqlMutations {
  /** Answers of spawns and forks, by operation. */
  readonly #made = new Map<string, Answer<never>>();

  /**
   * Sends one with any of the clients. The answer has what a TreeClient compares; "unanswered" if nobody can tell what
   * became of the mutation.
   */
  async mutate(client: Sessiontree, mutation: TreeMutation): Promise<Answer<never>> {
    const answer = await send(client, mutation);
    const { kind, operation } = mutation;
    if ((kind !== 'create' && kind !== 'fork') || !operation || answer === 'unanswered') return answer;
    if ('value' in answer) this.#made.set(operation.id, answer);
    // The payload has the parent, or the origin: where that was deleted since, a retry of the API is not answered as one of the repository is.
    const isGone = 'refusal' in answer && answer.refusal.name === 'SessionNotFoundError';
    return (isGone && this.#made.get(operation.id)) || answer;
  }
}

async function send(client: Sessiontree, mutation: TreeMutation): Promise<Answer<never>> {
  const [field, rest] = fieldOf(mutation);
  const input = { ...rest, ...(mutation.operation && { operationId: mutation.operation.id }) };
  let payload: Payload;
  try {
    // Once: what a retry is told says nothing of the first request, whose answer may be lost.
    const once = { maxRetries: 0 };
    payload = (await client.request<Record<string, Payload>>(textOf(field), { input }, once))[field]!;
  } catch (error) {
    if (!(error instanceof SessiontreeError)) throw error;
    if (error.isRetryable) return 'unanswered';
    throw new Fault(`the ${describe(mutation)} was answered with ${error.code}: ${error.message}`);
  }
  const { __typename: name, message = '', isRetryable, isOutcomeUnknown, formerParent } = payload;
  if (name.endsWith('Error')) {
    return {
      refusal: {
        name,
        message,
        ...(isRetryable !== undefined && { isRetryable }),
        ...(isOutcomeUnknown !== undefined && { isOutcomeUnknown }),
      },
    };
  }
  return { value: { ...payload, formerParentId: formerParent?.id ?? null } as never };
}

function textOf(field: Field): string {
  const type = `${field[0]!.toUpperCase()}${field.slice(1)}`;
  return `mutation ($input: ${type}Input!) {
    ${field}(input: $input) {
      __typename
      ... on ${type}Payload { ${PAYLOADS[field]} }
      ... on Error { message }
      ... on StorageError { isRetryable isOutcomeUnknown }
    }
  }`;
}

function fieldOf({ kind, input }: TreeMutation): [Field, object] {
  switch (kind) {
    case 'create': {
      const { parentId, ...rest } = input;
      return parentId == null ? ['createSession', rest] : ['spawnSession', input];
    }
    case 'append':
      return ['appendMessages', input];
    case 'writeHistory':
      return ['writeHistory', input];
    case 'update':
      return ['updateSession', input];
    case 'delete':
      return ['deleteSession', input];
    case 'move': {
      const { parentId, sessionId } = input;
      return ['moveSession', { sessionId, ...(parentId === null ? { asRoot: true } : { parentId }) }];
    }
    case 'archive': {
      const { archived, ...rest } = input;
      return [archived ? 'archiveSession' : 'unarchiveSession', rest];
    }
    case 'truncate':
      return ['truncateHistory', input];
    case 'redact': {
      const { messages, ...rest } = input;
      return ['redactMessages', { ...rest, messageIds: messages.map(messageId) }];
    }
    case 'fork': {
      const { throughMessage, ...rest } = input;
      return ['forkSession', { ...rest, throughMessageId: throughMessage && messageId(throughMessage) }];
    }
  }
}
