import { compareUsage } from '../../model/rollup.ts';
import { SESSION_STATUSES, type SessionStatus } from '../../model/session.ts';
import type { UsageDimension, UsageGroup } from '../../model/usage-report.ts';
import { dayText } from '../records/paid.ts';

/** The values of the dimensions of a report, in their order. DAY is a number: whole days since 1970. */
export type GroupKey = readonly (string | number | null)[];

/** A group of a report, as it is before it is put in order. */
export interface FoundGroup {
  readonly key: GroupKey;
  readonly sums: Pick<UsageGroup, 'sessionCount' | 'responseCount' | 'usage'>;
}

const MEMBERS = {
  DAY: 'day',
  MODEL: 'model',
  USER: 'userId',
  PROJECT: 'project',
  AGENT: 'agentName',
  STATUS: 'status',
  ROOT: 'rootId',
} as const satisfies Record<UsageDimension, keyof UsageGroup>;

const NO_MEMBERS = {
  day: null,
  model: null,
  userId: null,
  project: null,
  agentName: null,
  status: null,
  rootId: null,
} as const;

/** The groups of a report in the order of its dimensions, or only the `first` costliest, these first. */
export function groupsInOrder(
  found: readonly FoundGroup[],
  by: readonly UsageDimension[],
  first: number | null,
): UsageGroup[] {
  const byKey = (one: FoundGroup, other: FoundGroup) => compareKeys(by, one.key, other.key);
  const inOrder =
    first === null
      ? found.toSorted(byKey)
      : found
          .toSorted((one, other) => compareUsage(one.sums, other.sums) || byKey(one, other))
          .slice(0, first);
  return inOrder.map(({ key, sums }) => ({ ...NO_MEMBERS, ...membersOf(by, key), ...sums }));
}

function membersOf(by: readonly UsageDimension[], key: GroupKey): Partial<UsageGroup> {
  return Object.fromEntries(
    by.map((dimension, n) => [MEMBERS[dimension], dimension === 'DAY' ? dayText(key[n] as number) : key[n]]),
  );
}

function compareKeys(by: readonly UsageDimension[], one: GroupKey, other: GroupKey): number {
  for (const [n, dimension] of by.entries()) {
    const order = compareValues(dimension, one[n]!, other[n]!);
    if (order !== 0) return order;
  }
  return 0;
}

/** Statuses in their order, texts in the order of their UTF-16 code units; null comes last. */
function compareValues(dimension: UsageDimension, one: GroupKey[number], other: GroupKey[number]): number {
  if (one === other) return 0;
  if (one === null || other === null) return one === null ? 1 : -1;
  if (dimension === 'STATUS')
    return SESSION_STATUSES.indexOf(one as SessionStatus) - SESSION_STATUSES.indexOf(other as SessionStatus);
  return one < other ? -1 : 1;
}
