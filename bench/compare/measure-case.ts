import type { Progress } from '../../src/repository/observer.ts';
import type { Case, Goal } from './cases.ts';
import type { ContenderName } from './contender-name.ts';
import { checkSame, graphqlOperation, readyFor, written } from './graphql-operations.ts';
import type { Lineup } from './lineup.ts';
import { peerOperation } from './peer-operation.ts';
import { measureRates } from './rates.ts';
import { type CaseResult, speedAgainst, type Verdict } from './results.ts';
import type { Reached } from './running.ts';
import { Field, type Subject } from './subject.ts';
import { measureTimes } from './times.ts';

export interface CaseOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** The data directory of Sessiontree. */
  readonly data: string;
  readonly report: Progress;
}

/** Measures one case with all contenders that support it. Rejects if one gives a wrong answer. */
export async function measureCase(one: Case, lineup: Lineup, options: CaseOptions): Promise<CaseResult> {
  const missing: { [name in ContenderName]?: string } = { ...lineup.missing };
  const ready = await readyFor(one, lineup.sessiontree.connection, options.data);
  await lineup.floor.tell!(ready);
  const subjects: Subject[] = [
    subjectOf('sessiontree', lineup.sessiontree, one),
    subjectOf('floor', lineup.floor, one),
    ...[...lineup.graphql].map(([name, reached]) => subjectOf(name, reached, one)),
  ];
  for (const [name, peer] of lineup.peers) {
    const operation = peerOperation(peer, one);
    const { running, connection } = peer;
    if (typeof operation === 'string') missing[name] = operation;
    else subjects.push({ name, url: running.url, connection, operation, isPeer: true });
  }
  const field = new Field(subjects);
  for (const subject of subjects) await field.turn(subject, () => checkWhole(subject, one, ready.answer));
  if (one.measure.kind === 'rate')
    await measureWithCounts(one, one.measure.connections, field, lineup, options);
  else await measureTimes(field, (round, rounds) => options.report(stage(one), round, rounds));
  const result = {
    id: one.id,
    title: one.title,
    unit: one.measure.kind === 'rate' ? '/s' : 'ms',
    samples: field.samples,
  } as const;
  return {
    ...result,
    missing: { ...missing, ...field.failures },
    verdicts: one.goals.map((goal) => verdict(goal, result)),
  };
}

function stage({ id, title }: Case): string {
  return `${id}: ${title}`;
}

function subjectOf(name: ContenderName, { url, connection }: Reached, one: Case): Subject {
  return { name, url, connection, operation: graphqlOperation(one), isPeer: false };
}

/** Checks one answer of each contender: it must be complete and, with the same store, equal to Sessiontree's. */
async function checkWhole(
  { operation, connection, isPeer }: Subject,
  one: Case,
  expected: unknown,
): Promise<void> {
  if (operation.kind !== 'request') return;
  const body = await connection.text(operation.next(0));
  operation.check(body);
  if (one.adds === undefined && !isPeer) checkSame(one, expected, body);
}

/** Checks that all answered writes are in the store: no contender may be fast by skipping work. */
async function measureWithCounts(
  one: Case,
  connections: number,
  field: Field,
  lineup: Lineup,
  { rounds, seconds, report }: CaseOptions,
): Promise<void> {
  const writers = [['sessiontree', lineup.sessiontree] as const, ...lineup.graphql];
  const countAll = async () => {
    const sums = new Map<ContenderName, number>();
    if (one.adds === undefined) return sums;
    for (const [name, { connection }] of writers) {
      sums.set(name, await written(connection, one.adds, connections));
    }
    return sums;
  };
  const before = await countAll();
  const counted = await measureRates(field, {
    connections,
    rounds,
    seconds,
    report: (round) => report(stage(one), round, rounds + 1),
  });
  const after = await countAll();
  for (const [subject, completed] of counted) {
    if (!after.has(subject.name)) continue;
    const added = after.get(subject.name)! - before.get(subject.name)!;
    // At the end of a turn, each connection may have one more request whose answer was not awaited.
    const most = completed + (rounds + 1) * connections;
    if (added < completed || added > most) {
      throw new Error(
        `${subject.name}: expected ${completed} to ${most} writes of case ${one.id}, got ${added}.`,
      );
    }
  }
}

function verdict({ against, speed, text }: Goal, result: Parameters<typeof speedAgainst>[0]): Verdict {
  const reached = speedAgainst(result, against);
  return { text, met: reached === null ? null : reached >= speed };
}
