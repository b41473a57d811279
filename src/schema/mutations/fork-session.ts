import { SessionNotFoundError as SessionNotFound } from '../../model/errors.ts';
import { parseMessageId } from '../../model/id.ts';
import { checkInput } from '../../model/input.ts';
import type { Session as SessionModel } from '../../model/session.ts';
import { builder } from '../builder.ts';
import { appear, findSession } from '../context.ts';
import {
  ConflictError,
  InvalidInputError,
  SessionExistsError,
  SessionNotFoundError,
  StorageError,
} from '../errors.ts';
import { Session } from '../session.ts';
import { answer, memberOf, operation } from './answer.ts';
import { EXPECTED_VERSION, ID, OPERATION_ID } from './descriptions.ts';

const ForkSessionInput = builder.inputType('ForkSessionInput', {
  description: 'What to copy, and where to.',
  fields: (t) => ({
    sessionId: t.id({ description: 'The session whose history is copied.', required: true }),
    throughMessageId: t.id({ description: 'The last message to copy. Left out: all of the history.' }),
    id: t.id({ description: ID }),
    title: t.string({
      description: "What to call the fork: at most 500 characters. Left out: the original's.",
    }),
    asRoot: t.boolean({
      description: 'Whether the fork is a tree of its own; else it is a child of the original.',
      defaultValue: false,
    }),
    expectedVersion: t.int({ description: `Of the original. ${EXPECTED_VERSION}` }),
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
      description: 'The fork.',
      type: Session,
      resolve: ({ session }, _args, context) => appear(context, session),
    }),
    origin: t.field({
      description: 'The original as it is now.',
      type: Session,
      resolve: ({ origin }, _args, context) => appear(context, origin),
    }),
  }),
});

const ForkSessionResult = builder.unionType('ForkSessionResult', {
  description: 'What `forkSession` answers.',
  types: [
    ForkSessionPayload,
    SessionNotFoundError,
    SessionExistsError,
    InvalidInputError,
    ConflictError,
    StorageError,
  ],
  resolveType: memberOf('ForkSessionPayload'),
});

builder.mutationField('forkSession', (t) =>
  t.field({
    description:
      "Copies a history, through a message or whole, into a new session with the original's userId and metadata, in one step.",
    type: ForkSessionResult,
    args: {
      input: t.arg({ description: 'What to copy, and where to.', type: ForkSessionInput, required: true }),
    },
    resolve: (_root, { input }, context) =>
      answer(context, async () => {
        const given = { ...input, asRoot: input.asRoot ?? false };
        const { operationId, ...fork } = checkInput(context.rules.fork, given);
        const { throughMessageId, ...copy } = fork;
        const throughMessage = throughMessageId == null ? null : parseMessageId(throughMessageId);
        const session = await context.repository.fork(
          { ...copy, throughMessage },
          operation(operationId, 'forkSession', fork),
        );
        const origin = await findSession(context, fork.sessionId);
        if (!origin) throw new SessionNotFound(fork.sessionId);
        return { session, origin };
      }),
  }),
);
