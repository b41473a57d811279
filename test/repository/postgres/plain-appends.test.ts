import fc from 'fast-check';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../../src/model/json.ts';
import type { NewMessage } from '../../../src/model/message.ts';
import { openPostgresRepository } from '../../../src/repository/postgres/open.ts';
import type { PostgresRepository } from '../../../src/repository/postgres/postgres-repository.ts';
import { everything } from '../contract/everything.ts';
import { ALL, PLENTY_OF_BYTES, say } from '../contract/store.ts';
import { useStoreDatabase } from './store.ts';

const NOW = Date.UTC(2026, 5, 1, 12);
const DAY_MS = 86_400_000;

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const tokens = fc.constantFrom(0, 1, 1_000, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER);

const message: fc.Arbitrary<NewMessage> = fc.record({
  role: fc.constantFrom('USER' as const, 'ASSISTANT' as const),
  content: fc.constantFrom('', 'one two', 'a "quoted" \\ text, {with} signs', 'NULL', '数据 🙂'),
  createdAt: optional(fc.constantFrom(-2 * DAY_MS, -1, DAY_MS).map((ms) => new Date(NOW + ms))),
  model: optional(fc.constantFrom('a', 'b', '')),
  kind: optional(fc.constantFrom('note')),
  name: optional(fc.constantFrom('ann')),
  isCopy: optional(fc.boolean()),
  reasoning: optional(fc.constantFrom('because of three', 'NULL')),
  payload: optional(fc.json().map((text) => JSON.parse(text))),
  metadata: optional(fc.constantFrom<JsonObject>({ a: 'x' }, {})),
  usage: optional(
    fc.record({
      inputTokens: tokens,
      outputTokens: tokens,
      cacheReadTokens: optional(tokens),
      reasoningTokens: optional(tokens),
      costUsd: optional(fc.constantFrom(0, 0.1, 0.2, 1e-7, 12)),
    }),
  ),
});

const SESSIONS = ['root', 'child', 'future', 'fork'] as const;

const appends = fc.array(
  fc.record({
    sessionId: fc.constantFrom(...SESSIONS),
    messages: fc.array(message, { minLength: 1, maxLength: 4 }),
    isExpected: fc.boolean(),
  }),
  { minLength: 6, maxLength: 16 },
);

async function createSessions(repository: PostgresRepository): Promise<void> {
  await repository.create({ id: 'root', messages: [say('zero')] });
  await repository.create({ id: 'child', parentId: 'root', title: 'A child', metadata: { a: 1 } });
  await repository.create({ id: 'future', createdAt: new Date(NOW + 3 * DAY_MS) });
  await repository.fork({ id: 'fork', sessionId: 'root', asRoot: true });
}

/** What two stores that were written in the same way have in different rows. */
const OWN = ['home', 'sid', 'homes', 'root', 'root_home', 'parent', 'arrival', 'docid', 'id', 'answer'];

async function rowsOf(client: pg.Client): Promise<unknown> {
  const tables: Record<string, unknown> = {};
  for (const table of ['trees', 'sessions', 'messages', 'usage', 'operations', 'texts']) {
    const { rows } = await client.query(`SELECT to_jsonb(r) AS row FROM ${table} r`);
    tables[table] = rows
      .map(({ row }) => {
        const left = Object.entries(row).filter(([name]) => !OWN.includes(name) && !name.endsWith('clock'));
        return JSON.stringify(
          left.map(([name, value]) => [name, name === 'cost_usd' && value ? Number(value) : value]),
        );
      })
      .sort();
  }
  return tables;
}

const withoutNumbers = (value: unknown) =>
  JSON.parse(
    JSON.stringify(value, (key, each) => (['sequence', 'arrival'].includes(key) ? undefined : each)),
  );

describe('an append that is one statement', () => {
  const databases = [useStoreDatabase(), useStoreDatabase()] as const;
  const clients: pg.Client[] = [];
  let repositories: PostgresRepository[];

  beforeAll(async () => {
    for (const { url } of databases) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      clients.push(client);
    }
  });
  afterAll(() => Promise.all(clients.map((client) => client.end())));

  const open = async () => {
    for (const database of databases) await database.renew();
    repositories = await Promise.all(
      databases.map(({ url }) => openPostgresRepository({ url, partitions: 16 })),
    );
  };
  const close = () => Promise.all(repositories.map((repository) => repository.close()));

  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOW }));
  afterEach(() => void vi.useRealTimers());

  it('does what the general way does', async () => {
    await fc.assert(
      fc.asyncProperty(appends, async (series) => {
        await open();
        try {
          const [quick, general] = repositories as [PostgresRepository, PostgresRepository];
          for (const repository of repositories) await createSessions(repository);
          for (const { sessionId, messages, isExpected } of series) {
            const [session] = await general.findMany([sessionId]);
            const expectedVersion = isExpected ? session!.version : null;
            const one = await quick.append({ sessionId, messages, expectedVersion });
            // With the title that the session has, it is no append alone.
            const other = await general.writeHistory(
              { sessionId, messages, expectedVersion, title: session!.title },
              { messages: null, removed: null },
            );
            expect(withoutNumbers(one)).toEqual(
              withoutNumbers({ session: other.session, messages: other.messages }),
            );
          }
          const [ofQuick, ofGeneral] = await Promise.all(
            repositories.map((repository) => everything(repository)),
          );
          expect(withoutNumbers(ofQuick)).toEqual(withoutNumbers(ofGeneral));
          const [ofOne, ofOther] = await Promise.all(clients.map(rowsOf));
          expect(ofOne).toEqual(ofOther);
        } finally {
          await close();
        }
      }),
      { numRuns: 6 },
    );
  }, 120_000);
});

/** What must never be there. */
const FAULTS = {
  'a tree with another latest activity': `SELECT t.id FROM trees t
    WHERE t.last_active_at <> (SELECT max(last_active_at) FROM sessions s WHERE s.root = t.root)`,
  'a session with a number above that of its tree':
    'SELECT s.id FROM sessions s JOIN trees t ON t.root = s.root WHERE s.number > t.number',
  'a session with another length of its history': `SELECT s.id FROM sessions s
    WHERE s.history_length <> (SELECT count(*) FROM messages m WHERE m.sid = s.sid) OR s.next_ordinal <> s.history_length`,
  'two operations with one number in a session':
    'SELECT session_id AS id FROM operations GROUP BY session_id, sid, number HAVING count(*) > 1',
  'a sum that is not that of its days': `SELECT s.id FROM sessions s
    WHERE s.input_tokens <> (SELECT coalesce(sum(u.input_tokens), 0) FROM usage u WHERE u.sid = s.sid)`,
};

describe('appends in many trees at once', () => {
  const database = useStoreDatabase();

  it('are made once each, whatever else two instances do to their sessions', async () => {
    await database.renew();
    const options = { url: database.url, partitions: 16 };
    const instances = [await openPostgresRepository(options), await openPostgresRepository(options)];
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      const roots = Array.from({ length: 12 }, (_, n) => `r${n}`);
      await Promise.all(roots.map((id) => instances[0]!.create({ id })));
      await Promise.all(roots.map((parentId) => instances[0]!.create({ id: `${parentId}c`, parentId })));
      const made = new Map<string, string[]>(
        roots.flatMap((id) => [
          [id, []],
          [`${id}c`, []],
        ]),
      );
      const usage = { inputTokens: 3, outputTokens: 1 };
      const append = async (n: number, sessionId: string, expectedVersion: number | null) => {
        const content = `message ${n}`;
        const operation = { id: `append ${n}`, fingerprint: String(n).padStart(32, '0') };
        const input = {
          sessionId,
          expectedVersion,
          messages: [{ role: 'ASSISTANT' as const, content, usage }],
        };
        // Half of them are asked of both instances, as by a client who tries again elsewhere.
        const asked = instances.slice(0, 1 + (n % 2)).map((one) => one.append(input, operation));
        const answers = await Promise.allSettled(asked);
        const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
        for (const { name } of refusals) expect(name).toMatch(/^(ConflictError|SessionArchivedError)$/);
        if (refusals.length < answers.length) made.get(sessionId)!.push(content);
      };
      const others = async (n: number) => {
        const sessionId = `${roots[n % roots.length]}c`;
        const instance = instances[n % 2]!;
        const parentId = n % 5 === 0 ? null : roots[(n * 7) % roots.length]!;
        await instance.move({ sessionId, parentId });
        await instance.archive({ sessionId, archived: n % 3 === 0, subtree: false });
      };
      for (let round = 0; round < 6; round += 1) {
        const appends = [...made.keys()].flatMap((id, n) =>
          [0, 1, 2].map((turn) => append(round * 100 + n * 4 + turn, id, turn === 1 ? 3 + round : null)),
        );
        const changes = Array.from({ length: 6 }, (_, n) => others(round * 6 + n));
        await Promise.all([...appends, ...changes]);
      }
      for (const [sessionId, contents] of made) {
        const [page] = await instances[0]!.historyOf([{ sessionId, page: ALL }], PLENTY_OF_BYTES);
        expect(page!.items.map((one) => (one as { content: string }).content).sort()).toEqual(
          contents.sort(),
        );
      }
      for (const [what, sql] of Object.entries(FAULTS))
        expect((await client.query(sql)).rows.map(({ id }) => `${what}: ${id}`)).toEqual([]);
    } finally {
      await client.end();
      for (const instance of instances) await instance.close();
    }
  });

  it('are made once each, though their connections are cut', async () => {
    await database.renew();
    const repository = await openPostgresRepository({ url: database.url, partitions: 16 });
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      const ids = Array.from({ length: 8 }, (_, n) => `s${n}`);
      for (const id of ids) await repository.create({ id });
      let left = ids.length;
      let cut = 0;
      const counts = new Map<string, number>();
      const appending = ids.map(async (sessionId) => {
        // Goes on until a connection was cut: one that is at work must be seen first.
        let n = 0;
        for (; n < 20 || (cut === 0 && n < 2_000); n += 1)
          await repository.append({ sessionId, messages: [say(`message ${n}`)] });
        counts.set(sessionId, n);
        left -= 1;
      });
      while (left > 0 && cut < 40) {
        const { rowCount } = await client.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'sessiontree' AND state = 'active' AND query LIKE 'WITH e AS%'`,
        );
        cut += rowCount ?? 0;
      }
      await Promise.all(appending);
      expect(cut).toBeGreaterThan(0);
      const { rows } = await client.query(
        "SELECT s.id, string_agg(m.content, ',' ORDER BY m.ordinal) AS contents FROM messages m JOIN sessions s USING (home, sid) GROUP BY s.id ORDER BY s.id",
      );
      const expected = ids.map((id) => ({
        id,
        contents: Array.from({ length: counts.get(id)! }, (_, n) => `message ${n}`).join(','),
      }));
      expect(rows).toEqual(expected);
    } finally {
      await client.end();
      await repository.close();
    }
  });
});
