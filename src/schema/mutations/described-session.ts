import { builder, type InputFields } from '../builder.ts';
import { SessionStatus } from '../session.ts';
import {
  AGENT_NAME,
  ID,
  METADATA,
  OPERATION_ID,
  PROJECT,
  STATUS_MESSAGE,
  TITLE,
  USER_ID,
} from './descriptions.ts';
import { MessageInput } from './message-input.ts';

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
        'When the session was last active. Default: the time of the latest message if each brings its own time, and `createdAt` ' +
        'otherwise or if that is later.',
      type: 'DateTime',
    }),
    operationId: t.id({ description: OPERATION_ID }),
  };
}
