import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPostgresRepository } from '../../../src/repository/postgres/open.ts';
import { PostgresRepository } from '../../../src/repository/postgres/postgres-repository.ts';
import { conversation } from '../contract/store.ts';
import { planLogger, type RunPlan, tellPlans } from './plans.ts';
import { useStoreDatabase } from './store.ts';
import { CALLS, MEMBERS } from './tree-calls.ts';

const PARTITIONS = 16;

/** What a call about one tree also asks the whole store, and why. All other statements read the partitions of the tree's homes alone. */
const OVER_THE_STORE: Readonly<Record<string, RegExp>> = {
  'forks of a session can be in any tree':
    /forked_from::json ->> 'sessionId'\) = r\.origin|forked_from::json ->> 'sessionId' = ANY/,
  'sessions that a tool call spawned can be in any tree': /spawned_by::json ->> 'sessionId'/,
  'a mark is about the whole store': /^SELECT \(SELECT value FROM meta WHERE key = 'epoch'\)/,
  'sessions that moved since a mark can have come from any tree': /FROM moves m WHERE \(m\.clock/,
  'whose messages are still to be removed, in the background': /^SELECT home, sid FROM removals LIMIT/,
};

/** Calls about the whole store, which have no tree, and those that read no table. */
const WITHOUT_A_TREE = [
  'constructor',
  'list',
  'count',
  'status',
  'mark',
  'changedTrees',
  'damageOf',
  'onChange',
  'checkWritable',
  'close',
  'discard',
  'broadcast',
  'onBroadcast',
  'dump',
  'load',
  'unfinishedLoad',
];

describe('statements about a tree, each table of which is in 16 partitions', () => {
  const database = useStoreDatabase();
  let repository: PostgresRepository;
  let client: pg.Client;
  let plans: RunPlan[] = [];

  beforeAll(async () => {
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await tellPlans(database.url);
  });
  afterAll(() => client?.end());

  beforeEach(async () => {
    await database.renew();
    const logger = planLogger((plan) => plans.push(plan));
    repository = await openPostgresRepository({ url: database.url, logger });
    await plant();
  });
  afterEach(() => repository.close());

  /** The tree of "top" has members from two other trees, and there are trees beside it. */
  async function plant(): Promise<void> {
    const messages = [
      { role: 'USER' as const, content: 'a message', key: 'message key' },
      ...conversation(2),
      {
        role: 'ASSISTANT' as const,
        content: 'a message',
        toolCalls: [{ toolCallId: 'call 1', name: 'look', arguments: {} }],
        model: 'm',
        usage: { inputTokens: 1, outputTokens: 1 },
      },
      { role: 'TOOL' as const, content: 'a message', toolCallId: 'call 1' },
    ];
    for (let n = 0; n < 8; n += 1) await repository.create({ id: `beside-${n}`, userId: 'ada', messages });
    await repository.create({ id: 'other', userId: 'ada', messages });
    await repository.create({ id: 'top', userId: 'ada', key: 'key', messages });
    await repository.create({ id: 'child', parentId: 'top', messages });
    await repository.create({ id: 'grandchild', parentId: 'child', messages });
    await repository.create({ id: 'came', userId: 'ada', key: 'came', messages });
    await repository.create({ id: 'came-too', userId: 'ada', messages });
    await repository.move({ sessionId: 'came-too', parentId: 'came' });
    await repository.move({ sessionId: 'came', parentId: 'top' });
    await repository.fork({ sessionId: 'top', id: 'fork', asRoot: true });
  }

  /** The partitions with the homes of the trees that these sessions are in. */
  async function partitionsOf(ids: readonly string[]): Promise<number[]> {
    const { rows } = await client.query<{ n: number }>(
      `SELECT DISTINCT n FROM ids i JOIN sessions s USING (home, sid) JOIN trees t ON t.home = s.root_home AND t.root = s.root
        CROSS JOIN unnest(t.homes) AS h (home) CROSS JOIN generate_series(0, ${PARTITIONS - 1}) AS n
      WHERE i.id = ANY($1) AND satisfies_hash_partition('sessions'::regclass, ${PARTITIONS}, n, h.home)`,
      [ids],
    );
    return rows.map(({ n }) => n);
  }

  const isOverTheStore = ({ sql }: RunPlan) => Object.values(OVER_THE_STORE).some((text) => text.test(sql));

  it.each(CALLS.map((each) => [each.what ? `${each.method}, ${each.what}` : each.method, each] as const))(
    'read no partition but those of its homes: %s',
    async (_name, { run, others = [] }) => {
      const ids = [...MEMBERS, ...others];
      const allowed = new Set(await partitionsOf(ids));
      const mark = await repository.mark();
      const { rows } = await client.query<{ sid: number }>('SELECT max(sid)::int AS sid FROM ids');
      plans = [];
      await run(repository, mark);
      const ran = plans;
      const made = await client.query<{ id: string }>('SELECT id FROM ids WHERE sid > $1', [rows[0]!.sid]);
      for (const n of await partitionsOf([...ids, ...made.rows.map(({ id }) => id)])) allowed.add(n);
      expect(allowed.size).toBeLessThan(PARTITIONS);
      expect(ran.length).toBeGreaterThan(0);
      const strays = ran
        .filter((plan) => !isOverTheStore(plan))
        .flatMap(({ sql, partitions }) =>
          [...partitions].flatMap(([table, read]) => {
            const beyond = [...read].filter((n) => !allowed.has(n));
            return beyond.length > 0 ? [{ sql, table, beyond }] : [];
          }),
        );
      expect(strays).toEqual([]);
    },
  );

  it('are those of every method that is not about the whole store', () => {
    const methods = Object.getOwnPropertyNames(PostgresRepository.prototype);
    const called = new Set([...CALLS.map(({ method }) => method), ...WITHOUT_A_TREE]);
    expect(methods.filter((method) => !called.has(method))).toEqual([]);
  });
});
