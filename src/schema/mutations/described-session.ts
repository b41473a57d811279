import type { NewMessage } from '../../model/message.ts';
import type { Created, CreateSession } from '../../repository/mutations.ts';
import { builder, type InputFields } from '../builder.ts';
import type { SchemaContext } from '../context.ts';
import { SessionStatus } from '../session.ts';
import { operation } from './answer.ts';
import {
  AGENT_NAME,
  ID,
  KEY,
  METADATA,
  OPERATION_ID,
  PROJECT,
  STATUS_MESSAGE,
  TITLE,
  USER_ID,
} from './descriptions.ts';
import { MessageInput } from './message-input.ts';

const IfExists = builder.enumType('IfExists', {
  description: 'What happens if the session is there already.',
  values: {
    ERROR: { description: 'SessionExistsError.' },
    RETURN: {
      description:
        'The answer is that session, unchanged, with `isNew: false`; all else in the input is ignored. SessionExistsError if it is ' +
        'deleted or under another parent, or if the id and the key belong to two sessions.',
    },
  },
});

/** True if the session that the payload shows was created by this mutation or, in the answer to a retry, by the first one. */
export const IS_NEW =
  'True if the session was created, also in the answer to a retry of that mutation; false if it was there before.';

export const SpawnOriginInput = builder.inputType('SpawnOriginInput', {
  description: 'What spawned a session: a message of its parent, a tool call of that message, or both.',
  fields: (t) => ({
    messageId: t.id({ description: 'The id of the message.' }),
    toolCallId: t.string({
      description: "The id of the tool call. Length: at most the server's limit `nameLength`.",
    }),
  }),
});

/** The fields of inputs that create a session. `inherited` says where `userId` and `project` come from if they are left out. */
export function newSessionFields(t: InputFields, inherited = '') {
  return {
    id: t.id({ description: ID }),
    key: t.string({ description: KEY }),
    ifExists: t.field({
      description: 'What happens if a session has the `id` or the `key`.',
      type: IfExists,
      defaultValue: 'ERROR',
    }),
    userId: t.string({ description: `The user who owns the session. ${inherited}${USER_ID}` }),
    title: t.string({ description: TITLE }),
    agentName: t.string({ description: AGENT_NAME }),
    project: t.string({ description: `${PROJECT}${inherited && ` ${inherited.trim()}`}` }),
    status: t.field({ description: 'What the session is doing. Default: IDLE.', type: SessionStatus }),
    statusMessage: t.string({ description: STATUS_MESSAGE }),
    metadata: t.field({ description: METADATA, type: 'JSONObject' }),
    messages: t.field({
      description:
        "The first messages, oldest first: at most the server's limit `messages`. They are recorded with the session, or nothing is.",
      type: [MessageInput],
    }),
    createdAt: t.field({ description: 'When the session was created. Default: now.', type: 'DateTime' }),
    lastActiveAt: t.field({
      description:
        'When the session was last active; `createdAt` if that is given, and later. Default: the time of the latest message if each brings ' +
        'its own time, and `createdAt` otherwise.',
      type: 'DateTime',
    }),
    operationId: t.id({ description: OPERATION_ID }),
  };
}

interface NewSession extends Omit<CreateSession, 'messages'> {
  readonly ifExists?: 'ERROR' | 'RETURN' | null | undefined;
  readonly messages?: readonly NewMessage[] | null | undefined;
}

/**
 * Creates the session that the validated `input` of a mutation describes, or finds the one that is there. `changes` are what the mutation
 * makes of the input.
 */
export async function createdBy(
  { repository }: Pick<SchemaContext, 'repository'>,
  mutation: string,
  operationId: string | null | undefined,
  { ifExists, ...given }: NewSession,
  changes: Partial<CreateSession> = {},
): Promise<Created> {
  const input = { ...given, ...changes, messages: given.messages ?? [] };
  const isReturned = ifExists === 'RETURN';
  // ERROR, the default, is no part of the fingerprint: earlier versions did not have it.
  const known = operation(operationId, mutation, isReturned ? { ...given, ifExists } : given);
  if (isReturned) return await repository.getOrCreate(input, known);
  return { session: await repository.create(input, known), isNew: true };
}
