import { SessionNotFoundError as SessionNotFound } from '../../model/errors.ts';
import { checkInput } from '../../model/input.ts';
import type { Session as SessionModel } from '../../model/session.ts';
import { builder } from '../builder.ts';
import { appear, findSession } from '../context.ts';
import {
  ConflictError,
  InvalidInputError,
  SessionArchivedError,
  SessionExistsError,
  SessionNotFoundError,
  StorageError,
} from '../errors.ts';
import { Session } from '../session.ts';
import { answer, memberOf, operation } from './answer.ts';
import { ID, OPERATION_ID } from './descriptions.ts';

const SpawnSessionInput = builder.inputType('SpawnSessionInput', {
  description: 'A new child.',
  fields: (t) => ({
    parentId: t.id({ description: 'The session that spawns it.', required: true }),
    id: t.id({ description: ID }),
    userId: t.string({ description: "Whose it is. Left out: its parent's." }),
    title: t.string({ description: 'What to call it: at most 500 characters.' }),
    metadata: t.field({
      description: 'What to keep with it: at most 64 KiB as JSON and 32 levels.',
      type: 'JSONObject',
    }),
    operationId: t.id({ description: OPERATION_ID }),
  }),
});

interface Spawned {
  readonly session: SessionModel;
  readonly parent: SessionModel;
}

const SpawnSessionPayload = builder.objectRef<Spawned>('SpawnSessionPayload').implement({
  description: 'The session was spawned.',
  fields: (t) => ({
    session: t.field({
      description: 'The new session.',
      type: Session,
      resolve: ({ session }, _args, context) => appear(context, session),
    }),
    parent: t.field({
      description: 'Its parent as it is now.',
      type: Session,
      resolve: ({ parent }, _args, context) => appear(context, parent),
    }),
  }),
});

const SpawnSessionResult = builder.unionType('SpawnSessionResult', {
  description: 'What `spawnSession` answers.',
  types: [
    SpawnSessionPayload,
    SessionNotFoundError,
    SessionExistsError,
    SessionArchivedError,
    InvalidInputError,
    ConflictError,
    StorageError,
  ],
  resolveType: memberOf('SpawnSessionPayload'),
});

builder.mutationField('spawnSession', (t) =>
  t.field({
    description: 'Creates a session as a child of another, in its tree.',
    type: SpawnSessionResult,
    args: { input: t.arg({ description: 'The new session.', type: SpawnSessionInput, required: true }) },
    resolve: (_root, { input }, context) =>
      answer(context, async () => {
        const { operationId, ...spawn } = checkInput(context.rules.spawn, input);
        const session = await context.repository.create(
          // A client that sends null for what it does not have means the same as one that leaves it out.
          { ...spawn, userId: spawn.userId ?? undefined },
          operation(operationId, 'spawnSession', spawn),
        );
        const parent = await findSession(context, spawn.parentId);
        // It was deleted since, and this session with it: that is what there is to say, also to a retry.
        if (!parent) throw new SessionNotFound(spawn.parentId);
        return { session, parent };
      }),
  }),
);
