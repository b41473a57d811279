import type { SessionRollup as SessionRollupModel } from '../model/rollup.ts';
import { builder } from './builder.ts';
import { TokenUsage } from './message.ts';
import { Session } from './session.ts';

const SessionRollup = builder.objectRef<SessionRollupModel>('SessionRollup').implement({
  description: 'A session and all beneath it, added up; archived sessions too.',
  fields: (t) => ({
    sessionCount: t.exposeInt('sessionCount', { description: 'How many sessions, itself included.' }),
    messageCount: t.exposeInt('messageCount', {
      description: 'How many user messages: one for each exchange.',
    }),
    historyLength: t.exposeInt('historyLength', { description: 'How many messages of any role.' }),
    usage: t.expose('usage', {
      description:
        'What they took, added up in decimal. What a fork copied is not added again, what was rolled back stays: both were ' +
        'paid once. `costUsd` is null where no message has one. Tokens past 2^53 - 1 stay there.',
      type: TokenUsage,
    }),
    lastActiveAt: t.expose('lastActiveAt', {
      description: 'The latest `lastActiveAt` of them.',
      type: 'DateTime',
    }),
    maxDepth: t.exposeInt('maxDepth', { description: 'The greatest `depth` of them.' }),
  }),
});

builder.objectField(Session, 'rollup', (t) =>
  t.field({
    description:
      'The session and all beneath it, added up. One read for all that a level of an answer asks for.',
    type: SessionRollup,
    resolve: async (session, _args, { loaders }) =>
      // A session that was deleted since it was read counts itself.
      (await loaders.rollup.load(session.id)) ?? rollupOfOne(session),
  }),
);

function rollupOfOne({
  messageCount,
  historyLength,
  lastActiveAt,
  depth,
}: Pick<SessionRollupModel, 'messageCount' | 'historyLength' | 'lastActiveAt'> & {
  depth: number;
}): SessionRollupModel {
  const usage = { inputTokens: 0, outputTokens: 0, costUsd: null };
  return { sessionCount: 1, messageCount, historyLength, usage, lastActiveAt, maxDepth: depth };
}
