import { addOptionalDecimals, decimalOf } from '../../../src/model/decimal.ts';
import type { NewMessage, TokenUsage } from '../../../src/model/message.ts';
import { SESSION_STATUSES, type Session } from '../../../src/model/session.ts';
import { TOKEN_COUNTS } from '../../../src/model/usage.ts';
import type { UsageDimension, UsageGroup } from '../../../src/model/usage-report.ts';
import type { UsageReportRequest } from '../../../src/repository/reads.ts';
import { naivePasses } from './naive.ts';

/** A message that was paid for, in the latest form that it had. */
export interface Response {
  readonly sessionId: string;
  readonly model: string | null;
  readonly createdAt: Date;
  readonly usage: NonNullable<NewMessage['usage']>;
}

type Members = Omit<UsageGroup, 'sessionCount' | 'responseCount' | 'usage'>;

const NO_MEMBERS: Members = {
  day: null,
  model: null,
  userId: null,
  project: null,
  agentName: null,
  status: null,
  rootId: null,
};

const MEMBER_OF: Record<UsageDimension, (response: Response, session: Session) => Partial<Members>> = {
  DAY: ({ createdAt }) => ({ day: createdAt.toISOString().slice(0, 10) }),
  MODEL: ({ model }) => ({ model }),
  USER: (_, { userId }) => ({ userId }),
  PROJECT: (_, { project }) => ({ project }),
  AGENT: (_, { agentName }) => ({ agentName }),
  STATUS: (_, { status }) => ({ status }),
  ROOT: (_, { rootId }) => ({ rootId }),
};

/** A report as a plain sum over all responses, for sessions that still exist. `within` and `subtree` are for the caller. */
export function naiveReport(
  responses: readonly Response[],
  sessions: readonly Session[],
  { by, filter, from, to, first }: UsageReportRequest,
): UsageGroup[] {
  const byId = new Map(sessions.map((session) => [session.id, session]));
  const groups = new Map<string, { members: Members; responses: Response[] }>();
  for (const response of responses) {
    const session = byId.get(response.sessionId);
    const isIn =
      session &&
      naivePasses(session, filter ?? {}) &&
      (filter?.archived == null ||
        filter.archived === 'INCLUDE' ||
        (session.archivedAt !== null) === (filter.archived === 'ONLY')) &&
      (!from || response.createdAt >= from) &&
      (!to || response.createdAt < to);
    if (!isIn) continue;
    const own = by.map((dimension) => MEMBER_OF[dimension](response, session));
    const members: Members = Object.assign({}, NO_MEMBERS, ...own);
    const key = JSON.stringify(members);
    const group = groups.get(key) ?? { members, responses: [] };
    groups.set(key, group);
    group.responses.push(response);
  }
  const all = [...groups.values()].map(
    (group): UsageGroup => ({
      ...group.members,
      sessionCount: new Set(group.responses.map(({ sessionId }) => sessionId)).size,
      responseCount: group.responses.length,
      usage: naiveSum(group.responses),
    }),
  );
  const order = (one: UsageGroup, other: UsageGroup) => compareMembers(by, one, other);
  if (first == null) return all.sort(order);
  const cost = ({ usage }: UsageGroup) => usage.costUsd ?? 0;
  const tokens = ({ usage }: UsageGroup) => usage.inputTokens + usage.outputTokens;
  const costliest = (one: UsageGroup, other: UsageGroup) =>
    cost(other) - cost(one) || tokens(other) - tokens(one) || order(one, other);
  return all.sort(costliest).slice(0, first);
}

export function naiveSum(responses: readonly Response[]): TokenUsage {
  const sum = Object.fromEntries(
    TOKEN_COUNTS.map((count) => [
      count,
      responses.reduce((total, { usage }) => total + (usage[count] ?? 0), 0),
    ]),
  ) as unknown as TokenUsage;
  let cost: string | null = null;
  for (const { usage } of responses)
    cost = addOptionalDecimals(cost, usage.costUsd == null ? null : decimalOf(usage.costUsd));
  return { ...sum, costUsd: cost === null ? null : Number(cost) };
}

const VALUE_OF: Record<UsageDimension, (group: UsageGroup) => string | number | null> = {
  DAY: ({ day }) => day,
  MODEL: ({ model }) => model,
  USER: ({ userId }) => userId,
  PROJECT: ({ project }) => project,
  AGENT: ({ agentName }) => agentName,
  STATUS: ({ status }) => SESSION_STATUSES.indexOf(status!),
  ROOT: ({ rootId }) => rootId,
};

function compareMembers(by: readonly UsageDimension[], one: UsageGroup, other: UsageGroup): number {
  for (const dimension of by) {
    const [a, b] = [VALUE_OF[dimension](one), VALUE_OF[dimension](other)];
    if (a === b) continue;
    if (a === null) return 1;
    return b === null || a < b ? -1 : 1;
  }
  return 0;
}
