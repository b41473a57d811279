import type {
  ModelUsage as ModelUsageModel,
  SessionRollup as SessionRollupModel,
  StatusCount as StatusCountModel,
} from '../model/rollup.ts';
import type { Session as SessionModel } from '../model/session.ts';
import { NO_USAGE } from '../model/usage.ts';
import { builder } from './builder.ts';
import { TokenUsage } from './message.ts';
import { Session, SessionStatus } from './session.ts';

const StatusCount = builder.objectRef<StatusCountModel>('StatusCount').implement({
  description: 'The number of sessions with one status.',
  fields: (t) => ({
    status: t.expose('status', { description: 'The status.', type: SessionStatus }),
    count: t.exposeInt('count', { description: 'The number of sessions that have the status.' }),
  }),
});

const ModelUsage = builder.objectRef<ModelUsageModel>('ModelUsage').implement({
  description: 'What the responses of one model cost.',
  fields: (t) => ({
    model: t.exposeString('model', {
      description: 'The model; null for the messages that name none.',
      nullable: true,
    }),
    usage: t.expose('usage', { description: 'The sum over the responses.', type: TokenUsage }),
    responseCount: t.exposeInt('responseCount', { description: 'The number of messages with a `usage`.' }),
  }),
});

/** The rollup of a session. */
interface RollupOf extends SessionRollupModel {
  readonly sessionId: string;
}

const SessionRollup = builder.objectRef<RollupOf>('SessionRollup').implement({
  description: 'Sums over a session and all its descendants, archived ones included.',
  fields: (t) => ({
    sessionCount: t.exposeInt('sessionCount', {
      description: 'The number of sessions, including the session itself.',
    }),
    messageCount: t.exposeInt('messageCount', {
      description: 'The number of USER messages: one for each exchange.',
    }),
    historyLength: t.exposeInt('historyLength', { description: 'The number of messages, of any role.' }),
    usage: t.expose('usage', {
      description:
        'The sum of what the messages cost, each counted once: messages that a fork copied are not counted again, and messages ' +
        'that were rolled back still count. `costUsd` is an exact decimal sum, and null if no message has a price. Token counts stop ' +
        'at 2^53 - 1.',
      type: TokenUsage,
    }),
    lastActiveAt: t.expose('lastActiveAt', {
      description: 'The latest `lastActiveAt` of these sessions.',
      type: 'DateTime',
    }),
    maxDepth: t.exposeInt('maxDepth', { description: 'The greatest `depth` of these sessions.' }),
    byModel: t.field({
      description:
        'The `usage` by model, as it is counted there: the costliest model first; of equal costs, the one with most input and output ' +
        'tokens, then by name.',
      type: [ModelUsage],
      resolve: async ({ sessionId }, _args, { loaders }) => (await loaders.modelUsage.load(sessionId)) ?? [],
    }),
    byStatus: t.expose('byStatus', {
      description:
        'How many of these sessions have which status, in the order of `SessionStatus`. Statuses that no session has are left out.',
      type: [StatusCount],
    }),
  }),
});

builder.objectField(Session, 'rollup', (t) =>
  t.field({
    description:
      'Sums over this session and all its descendants. All sessions of one level of a query are read in one batch.',
    type: SessionRollup,
    resolve: async (session, _args, { loaders }) => ({
      // The session was deleted after it was read: only the session itself counts.
      ...((await loaders.rollup.load(session.id)) ?? rollupOfOne(session)),
      sessionId: session.id,
    }),
  }),
);

function rollupOfOne({
  messageCount,
  historyLength,
  lastActiveAt,
  depth,
  status,
}: SessionModel): SessionRollupModel {
  return {
    sessionCount: 1,
    messageCount,
    historyLength,
    usage: NO_USAGE,
    lastActiveAt,
    maxDepth: depth,
    byStatus: [{ status, count: 1 }],
  };
}
