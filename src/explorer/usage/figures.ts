import type { UsageQuery } from '../generated/operations.ts';
import { NO_TOKENS, sumOf, type TokensRow } from '../parts/tokens-sum.ts';

export type UsageGroup = UsageQuery['usageReport'][number];

const DAY_MS = 86_400_000;
/** More days than that are too many bars: months then. */
const DAYS_MAX = 92;

/** The first of so many days of which the last is `now`, in UTC, as the report divides days. */
export function firstDay(days: number, now: number): string {
  return dayOf(now - (days - 1) * DAY_MS);
}

const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);

export interface TimeRows {
  readonly unit: 'Day' | 'Month';
  readonly rows: readonly TokensRow[];
}

/** A row for each day from `first` (or else the first that has one) until `now`, those without usage too; of many days, one for each month. */
export function rowsByDay(groups: readonly UsageGroup[], first: string | null, now: number): TimeRows {
  const byDay = new Map(groups.map((group) => [group.day ?? '', group]));
  const begin = first ?? groups.reduce((least, { day }) => (day! < least ? day! : least), dayOf(now));
  const rows: TokensRow[] = [];
  for (let time = Date.parse(begin); time <= now; time += DAY_MS) {
    const day = dayOf(time);
    const { responseCount = 0, usage = NO_TOKENS } = byDay.get(day) ?? {};
    rows.push({ key: day, name: day, responseCount, usage });
  }
  if (rows.length <= DAYS_MAX) return { unit: 'Day', rows };
  const months = Map.groupBy(rows, ({ key }) => key.slice(0, 7));
  return { unit: 'Month', rows: [...months].map(([month, days]) => sumOf(month, days)) };
}

/** Which member of a group says what a row is about, and how the row is called where that is null. */
const MEMBERS = {
  model: ['model', 'no model'],
  project: ['project', 'no project'],
  agent: ['agentName', 'no agent'],
  user: ['userId', 'no user'],
} as const;

/** A row for each group, in the order of the report. */
export function rowsBy(dimension: keyof typeof MEMBERS, groups: readonly UsageGroup[]): TokensRow[] {
  const [member, none] = MEMBERS[dimension];
  return groups.map(({ responseCount, usage, ...group }) => ({
    key: group[member] ?? '',
    name: group[member] ?? none,
    responseCount,
    usage,
  }));
}
