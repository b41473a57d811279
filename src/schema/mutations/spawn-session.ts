import { SessionNotFoundError as SessionNotFound } from '../../model/errors.ts';
import { checkInput } from '../../model/input.ts';
import { textBytesIn } from '../../model/json.ts';
import type { Session as SessionModel } from '../../model/session.ts';
import type { Created } from '../../repository/mutations.ts';
import { builder } from '../builder.ts';
import { appear, findSession } from '../context.ts';
import {
  ConflictError,
  ForbiddenError,
  InvalidInputError,
  SessionArchivedError,
  SessionExistsError,
  SessionNotFoundError,
  StorageError,
} from '../errors.ts';
import { Session, SessionEdge } from '../session.ts';
import { childEdge } from '../tree.ts';
import { answer, memberOf, readForPayload } from './answer.ts';
import { checkChildToken, childToken } from './child-token.ts';
import { createdBy, IS_NEW, newSessionFields, SpawnOriginInput } from './described-session.ts';

const SpawnSessionInput = builder.inputType('SpawnSessionInput', {
  description: 'A new child session.',
  fields: (t) => ({
    ...newSessionFields(t, 'Default: that of the parent. '),
    parentId: t.id({ description: 'The parent.', required: true }),
    spawnedBy: t.field({
      description: 'The message and the tool call of the parent that spawned the session.',
      type: SpawnOriginInput,
    }),
    tokenExpiresAt: t.field({
      description:
        'Asks for a token with which the child sees and changes its own subtree alone. It expires then, or when the token of the caller ' +
        'does. Only of a server that asks for tokens.',
      type: 'DateTime',
    }),
  }),
});

interface Spawned extends Created {
  readonly parent: SessionModel;
  readonly token: string | null;
}

const SpawnSessionPayload = builder.objectRef<Spawned>('SpawnSessionPayload').implement({
  description: 'The session was spawned, or was there already.',
  fields: (t) => ({
    session: t.field({
      description: 'The session; in the answer to a retry, as it is now.',
      type: Session,
      resolve: ({ session }, _args, context) => appear(context, session),
    }),
    isNew: t.exposeBoolean('isNew', { description: IS_NEW }),
    token: t.exposeString('token', {
      description:
        'The token that `tokenExpiresAt` asked for; null otherwise. It is shown here alone: a retry makes another one, and revokes the first.',
      nullable: true,
    }),
    parent: t.field({
      description:
        'The parent after the mutation. If it was deleted since, in the answer to a retry, the present parent of the session.',
      type: Session,
      resolve: ({ parent }, _args, context) => appear(context, parent),
    }),
    edge: t.field({
      description: 'The new session, with its cursor among the `children` of `parent`.',
      type: SessionEdge,
      resolve: ({ session, parent }, _args, context) => childEdge(context, parent.id, session),
    }),
  }),
});

const SpawnSessionResult = builder.unionType('SpawnSessionResult', {
  description: 'The answer of `spawnSession`: the payload, or a typed error.',
  types: [
    SpawnSessionPayload,
    SessionNotFoundError,
    SessionExistsError,
    SessionArchivedError,
    InvalidInputError,
    ConflictError,
    StorageError,
    ForbiddenError,
  ],
  resolveType: memberOf('SpawnSessionPayload'),
});

builder.mutationField('spawnSession', (t) =>
  t.field({
    description: 'Creates a session as a child of another.',
    type: SpawnSessionResult,
    args: { input: t.arg({ description: 'The new session.', type: SpawnSessionInput, required: true }) },
    resolve: (_root, { input }, context) =>
      answer(
        context,
        async () => {
          const { operationId, tokenExpiresAt, ...spawn } = checkInput(context.rules.spawn, input);
          if (tokenExpiresAt) checkChildToken(context, tokenExpiresAt);
          const { userId, project } = spawn;
          const { session, isNew } = await createdBy(context, 'spawnSession', operationId, spawn, {
            // Some clients send null for an absent value: null means the same as leaving a member out.
            userId: userId ?? undefined,
            project: project ?? undefined,
          });
          const parent = await readForPayload(
            async () =>
              (await findSession(context, spawn.parentId)) ??
              // Deleted since: the session may have gone to the parent's parent.
              (session.parentId === null ? null : await findSession(context, session.parentId)),
          );
          if (!parent) throw new SessionNotFound(spawn.parentId);
          const token = tokenExpiresAt ? await childToken(context, session.id, tokenExpiresAt) : null;
          return { session, isNew, parent, token };
        },
        () => textBytesIn(input),
      ),
  }),
);
