import {
  COSTLIEST_MAX,
  type UsageDimension as UsageDimensionModel,
  type UsageGroup as UsageGroupModel,
} from '../model/usage-report.ts';
import type { UsageReportRequest } from '../repository/reads.ts';
import { argumentRules } from './argument-rules.ts';
import { builder } from './builder.ts';
import { sessionOrNull } from './context.ts';
import { TokenUsage } from './message.ts';
import { badUserInput } from './request-error.ts';
import { checkSubtree } from './search.ts';
import { Session, SessionStatus } from './session.ts';
import { checkFilter, SessionFilter } from './session-list.ts';

const UsageDimension = builder.enumType('UsageDimension', {
  description: 'What a usage report can be divided by.',
  values: {
    DAY: { description: "The day of the message's `createdAt`, in UTC." },
    MODEL: { description: 'The `model` of the message.' },
    USER: { description: 'The `userId` of the session.' },
    PROJECT: { description: 'The `project` of the session, as it is now.' },
    AGENT: { description: 'The `agentName` of the session, as it is now.' },
    STATUS: { description: 'The `status` of the session, as it is now.' },
    ROOT: { description: 'The root of the tree that the session is in now.' },
  } satisfies Record<UsageDimensionModel, { description: string }>,
});

const UsageGroup = builder.objectRef<UsageGroupModel>('UsageGroup').implement({
  description:
    'The usage of all responses that are alike in the dimensions of a report. What the report is not divided by is null.',
  fields: (t) => ({
    day: t.exposeString('day', { description: 'DAY, such as "2026-01-31".', nullable: true }),
    model: t.exposeString('model', {
      description: 'MODEL; null for the messages that name none.',
      nullable: true,
    }),
    userId: t.exposeString('userId', {
      description: 'USER; null for sessions of nobody.',
      nullable: true,
    }),
    project: t.exposeString('project', {
      description: 'PROJECT; null for sessions of none.',
      nullable: true,
    }),
    agentName: t.exposeString('agentName', {
      description: 'AGENT; null for sessions that name none.',
      nullable: true,
    }),
    status: t.expose('status', { description: 'STATUS.', type: SessionStatus, nullable: true }),
    root: t.field({
      description: 'ROOT; null if it was deleted meanwhile. The roots of all groups are read in one batch.',
      type: Session,
      nullable: true,
      resolve: ({ rootId }, _args, context) => sessionOrNull(context, rootId),
    }),
    sessionCount: t.exposeInt('sessionCount', {
      description: 'The number of sessions with at least one of the responses.',
    }),
    responseCount: t.exposeInt('responseCount', { description: 'The number of messages with a `usage`.' }),
    usage: t.expose('usage', {
      description: 'The sum of what they cost, as in `SessionRollup.usage`.',
      type: TokenUsage,
    }),
  }),
});

builder.queryField('usageReport', (t) =>
  t.field({
    description:
      'What messages cost, divided by one or more dimensions. Each message with a `usage` counts once: copies in forks do not count ' +
      'again, messages that were rolled back still count, and a message that was replaced counts in its latest form. What a deleted ' +
      'session cost is gone with it. The server adds up an index, whatever the length of the messages; only where `from` or `to` is not ' +
      'at midnight UTC, it reads the messages of that day. Each group counts as an object of the answer.',
    type: [UsageGroup],
    args: {
      by: t.arg({
        description:
          'The dimensions, each once. Groups are in the order of the first, then of the second, and so on; null is last.',
        type: [UsageDimension],
        required: true,
      }),
      within: t.arg.id({
        description:
          'Only messages of this session and, unless `subtree` is false, its descendants. Default: the whole store.',
      }),
      subtree: t.arg.boolean({
        description: 'False: only messages of the session `within` itself, which must then be given.',
        defaultValue: true,
      }),
      filter: t.arg({
        description:
          'Only messages of sessions that meet these conditions. Other than in `sessions`, archived sessions are included by default.',
        type: SessionFilter,
      }),
      from: t.arg({ description: 'Only messages created at this time or after.', type: 'DateTime' }),
      to: t.arg({ description: 'Only messages created before this time.', type: 'DateTime' }),
      first: t.arg.int({
        description:
          'Only so many groups, ten thousand at most: the costliest, in this order (of equal costs, those with ' +
          'most input and output tokens). Default: all groups, in the order of `by`.',
      }),
    },
    extensions: argumentRules(checkDimensions, checkSubtree, checkFilter, checkFirst),
    resolve: async (_root, args, context) => {
      checkDimensions(args);
      checkSubtree(args);
      checkFirst(args);
      const { budget, turns, repository } = context;
      const request = { ...args, filter: args.filter && checkFilter(args, context) };
      const groups = await budget.read((options) => {
        budget.chargeWalk(1);
        return repository.usageReport(request, options);
      });
      budget.chargeObjects(groups.length);
      await turns.take(groups.length);
      return groups;
    },
  }),
);

function checkDimensions({ by }: Pick<UsageReportRequest, 'by'>): void {
  if (by.length === 0)
    throw badUserInput('by: expected at least one dimension, got none. Name what the report is divided by.');
  const twice = by.find((dimension, n) => by.indexOf(dimension) < n);
  if (twice) throw badUserInput(`by: expected each dimension once, got ${twice} twice. Name it once.`);
}

function checkFirst({ first }: Pick<UsageReportRequest, 'first'>): void {
  if (first == null) return;
  if (first < 0) throw badUserInput(`first: expected 0 or more, got ${first}.`);
  if (first > COSTLIEST_MAX)
    throw badUserInput(
      `first: expected at most ${COSTLIEST_MAX}, got ${first}. Ask for fewer groups, or leave it out to get all.`,
    );
}
