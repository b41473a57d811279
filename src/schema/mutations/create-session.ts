import { checkInput } from '../../model/input.ts';
import { textBytesIn } from '../../model/json.ts';
import type { Created } from '../../repository/mutations.ts';
import { builder } from '../builder.ts';
import { appear } from '../context.ts';
import {
  ConflictError,
  ForbiddenError,
  InvalidInputError,
  SessionExistsError,
  StorageError,
} from '../errors.ts';
import { Session } from '../session.ts';
import { answer, memberOf } from './answer.ts';
import { createdBy, IS_NEW, newSessionFields } from './described-session.ts';

const CreateSessionInput = builder.inputType('CreateSessionInput', {
  description: 'A new root session.',
  fields: (t) => newSessionFields(t),
});

const CreateSessionPayload = builder.objectRef<Created>('CreateSessionPayload').implement({
  description: 'The session was created, or was there already.',
  fields: (t) => ({
    session: t.field({
      description: 'The session; in the answer to a retry, as it is now.',
      type: Session,
      resolve: ({ session }, _args, context) => appear(context, session),
    }),
    isNew: t.exposeBoolean('isNew', { description: IS_NEW }),
  }),
});

const CreateSessionResult = builder.unionType('CreateSessionResult', {
  description: 'The answer of `createSession`: the payload, or a typed error.',
  types: [
    CreateSessionPayload,
    SessionExistsError,
    InvalidInputError,
    ConflictError,
    StorageError,
    ForbiddenError,
  ],
  resolveType: memberOf('CreateSessionPayload'),
});

builder.mutationField('createSession', (t) =>
  t.field({
    description: 'Creates a session as the root of a new tree.',
    type: CreateSessionResult,
    args: { input: t.arg({ description: 'The new session.', type: CreateSessionInput, required: true }) },
    resolve: (_root, { input }, context) =>
      answer(
        context,
        async () => {
          const { operationId, ...create } = checkInput(context.rules.create, input);
          return await createdBy(context, 'createSession', operationId, create);
        },
        () => textBytesIn(input),
      ),
  }),
);
