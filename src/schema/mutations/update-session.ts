import { checkInput } from '../../model/input.ts';
import type { Session as SessionModel } from '../../model/session.ts';
import { builder } from '../builder.ts';
import { appear } from '../context.ts';
import { ConflictError, InvalidInputError, SessionNotFoundError, StorageError } from '../errors.ts';
import { Session } from '../session.ts';
import { answer, memberOf, operation } from './answer.ts';
import { EXPECTED_VERSION, OPERATION_ID } from './descriptions.ts';

const UpdateSessionInput = builder.inputType('UpdateSessionInput', {
  description: 'What to change of a session. What is left out stays.',
  fields: (t) => ({
    id: t.id({ description: 'The session to change.', required: true }),
    title: t.string({ description: 'What to call it: at most 500 characters. Null: nothing.' }),
    metadata: t.field({
      description:
        'A JSON merge patch (RFC 7396): a null removes its key, what is not named stays. At most 64 KiB and 32 levels, ' +
        'also once merged.',
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
        description: 'The session as it is now.',
        type: Session,
        resolve: ({ session }, _args, context) => appear(context, session),
      }),
    }),
  });

const UpdateSessionResult = builder.unionType('UpdateSessionResult', {
  description: 'What `updateSession` answers.',
  types: [UpdateSessionPayload, SessionNotFoundError, InvalidInputError, ConflictError, StorageError],
  resolveType: memberOf('UpdateSessionPayload'),
});

builder.mutationField('updateSession', (t) =>
  t.field({
    description: 'Changes the title and merges into the metadata of a session.',
    type: UpdateSessionResult,
    args: { input: t.arg({ description: 'The change.', type: UpdateSessionInput, required: true }) },
    resolve: (_root, { input }, context) =>
      answer(context, async () => {
        const { operationId, ...update } = checkInput(context.rules.update, input);
        const session = await context.repository.update(
          update,
          operation(operationId, 'updateSession', update),
        );
        return { session };
      }),
  }),
);
