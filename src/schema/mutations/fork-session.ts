import { SessionNotFoundError as SessionNotFound } from '../../model/errors.ts';
import { parseMessageId } from '../../model/id.ts';
import { checkInput } from '../../model/input.ts';
import type { Session as SessionModel } from '../../model/session.ts';
import { builder } from '../builder.ts';
import { appear, findSession } from '../context.ts';
import {
  ConflictError,
  ForbiddenError,
  InvalidInputError,
  SessionExistsError,
  SessionNotFoundError,
  StorageError,
} from '../errors.ts';
import { Session, SessionEdge } from '../session.ts';
import { childEdge } from '../tree.ts';
import { answer, memberOf, operation, readForPayload } from './answer.ts';
import { EDGE, EXPECTED_VERSION, ID, KEY, OPERATION_ID, TITLE } from './descriptions.ts';

const ForkSessionInput = builder.inputType('ForkSessionInput', {
  description: 'The history to copy, and the new session.',
  fields: (t) => ({
    sessionId: t.id({ description: 'The session whose history is copied.', required: true }),
    throughMessageId: t.id({
      description: 'The id of the last message to copy. Default: the whole history is copied.',
    }),
    id: t.id({ description: ID }),
    key: t.string({ description: `${KEY} The key of the original is not copied.` }),
    title: t.string({
      description: `${TITLE} Default: the title of the original.`,
    }),
    asRoot: t.boolean({
      description: 'True: the fork is the root of a new tree. False: the fork is a child of the original.',
      defaultValue: false,
    }),
    createdAt: t.field({
      description: 'When the fork was created, which is also when it was last active. Default: now.',
      type: 'DateTime',
    }),
    expectedVersion: t.int({ description: `The version of the original. ${EXPECTED_VERSION}` }),
    operationId: t.id({ description: OPERATION_ID }),
  }),
});

interface Forked {
  readonly session: SessionModel;
  readonly origin: SessionModel;
}

const ForkSessionPayload = builder.objectRef<Forked>('ForkSessionPayload').implement({
  description: 'The session was forked.',
  fields: (t) => ({
    session: t.field({
      description: 'The fork; in the answer to a retry, as it is now.',
      type: Session,
      resolve: ({ session }, _args, context) => appear(context, session),
    }),
    origin: t.field({
      description: 'The original after the mutation; in the answer to a retry, as it is now.',
      type: Session,
      resolve: ({ origin }, _args, context) => appear(context, origin),
    }),
    edge: t.field({
      description: EDGE,
      type: SessionEdge,
      nullable: true,
      resolve: ({ session }, _args, context) =>
        session.parentId === null ? null : childEdge(context, session.parentId, session),
    }),
  }),
});

const ForkSessionResult = builder.unionType('ForkSessionResult', {
  description: 'The answer of `forkSession`: the payload, or a typed error.',
  types: [
    ForkSessionPayload,
    SessionNotFoundError,
    SessionExistsError,
    InvalidInputError,
    ConflictError,
    StorageError,
    ForbiddenError,
  ],
  resolveType: memberOf('ForkSessionPayload'),
});

builder.mutationField('forkSession', (t) =>
  t.field({
    description:
      "Copies a history, whole or through a given message, into a new session. The fork has the original's `userId`, `agentName`, " +
      '`project` and `metadata`. It is IDLE, and nothing spawned it.',
    type: ForkSessionResult,
    args: {
      input: t.arg({
        description: 'The history to copy, and the new session.',
        type: ForkSessionInput,
        required: true,
      }),
    },
    resolve: (_root, { input }, context) => {
      let copied = 0;
      const run = async () => {
        const given = { ...input, asRoot: input.asRoot ?? false };
        const { operationId, ...fork } = checkInput(context.rules.fork, given);
        const { throughMessageId, ...copy } = fork;
        const throughMessage = throughMessageId == null ? null : parseMessageId(throughMessageId);
        const session = await context.repository.fork(
          { ...copy, throughMessage },
          operation(operationId, 'forkSession', fork),
          (bytes) => {
            copied += bytes;
          },
        );
        const origin = await readForPayload(async () => findSession(context, fork.sessionId));
        if (!origin) throw new SessionNotFound(fork.sessionId);
        return { session, origin };
      };
      return answer(context, run, () => copied);
    },
  }),
);
