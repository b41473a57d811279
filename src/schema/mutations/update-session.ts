import { checkInput } from '../../model/input.ts';
import { textBytesIn } from '../../model/json.ts';
import type { Session as SessionModel } from '../../model/session.ts';
import { builder } from '../builder.ts';
import { appear } from '../context.ts';
import {
  ConflictError,
  ForbiddenError,
  InvalidInputError,
  SessionExistsError,
  SessionNotFoundError,
  StorageError,
} from '../errors.ts';
import { Session, SessionStatus } from '../session.ts';
import { answer, memberOf, operation } from './answer.ts';
import { SpawnOriginInput } from './described-session.ts';
import {
  AGENT_NAME,
  EXPECTED_VERSION,
  KEY,
  METADATA_PATCH,
  OPERATION_ID,
  PROJECT,
  SESSION_AFTER,
  SET_METADATA,
  STATUS_MESSAGE,
  TITLE,
} from './descriptions.ts';

const UpdateSessionInput = builder.inputType('UpdateSessionInput', {
  description: 'The changes of a session. Members that are left out do not change.',
  fields: (t) => ({
    sessionId: t.id({ description: 'The session to change.', required: true }),
    title: t.string({ description: `${TITLE} Null removes the title.` }),
    key: t.string({ description: `${KEY} Null removes the key.` }),
    agentName: t.string({ description: `${AGENT_NAME} Null removes the name.` }),
    project: t.string({ description: `${PROJECT} Null removes the project.` }),
    status: t.field({
      description: 'What the session is doing. Removes the `statusMessage`, unless one is given.',
      type: SessionStatus,
    }),
    statusMessage: t.string({ description: `${STATUS_MESSAGE} Null removes the message.` }),
    spawnedBy: t.field({
      description: 'The message and the tool call of the present parent that spawned the session.',
      type: SpawnOriginInput,
    }),
    metadata: t.field({
      description: METADATA_PATCH,
      type: 'JSONObject',
    }),
    setMetadata: t.field({
      description: SET_METADATA,
      type: 'JSONObject',
    }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    operationId: t.id({ description: OPERATION_ID }),
  }),
});

const UpdateSessionPayload = builder
  .objectRef<{ readonly session: SessionModel }>('UpdateSessionPayload')
  .implement({
    description: 'The session was changed.',
    fields: (t) => ({
      session: t.field({
        description: SESSION_AFTER,
        type: Session,
        resolve: ({ session }, _args, context) => appear(context, session),
      }),
    }),
  });

const UpdateSessionResult = builder.unionType('UpdateSessionResult', {
  description: 'The answer of `updateSession`: the payload, or a typed error.',
  types: [
    UpdateSessionPayload,
    SessionNotFoundError,
    SessionExistsError,
    InvalidInputError,
    ConflictError,
    StorageError,
    ForbiddenError,
  ],
  resolveType: memberOf('UpdateSessionPayload'),
});

builder.mutationField('updateSession', (t) =>
  t.field({
    description: 'Changes what a session says of itself, and its metadata by a patch and by whole values.',
    type: UpdateSessionResult,
    args: { input: t.arg({ description: 'The changes.', type: UpdateSessionInput, required: true }) },
    resolve: (_root, { input }, context) =>
      answer(
        context,
        async () => {
          const { operationId, ...update } = checkInput(context.rules.update, input);
          const session = await context.repository.update(
            update,
            operation(operationId, 'updateSession', update),
          );
          return { session };
        },
        () => textBytesIn(input),
      ),
  }),
);
