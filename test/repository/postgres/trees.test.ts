import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPostgresRepository } from '../../../src/repository/postgres/open.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { conversation } from '../contract/store.ts';
import { useStoreDatabase } from './store.ts';

/** Each selects what must never be there. */
const FAULTS = {
  'a session whose place does not follow from its parent': `SELECT s.id FROM sessions s LEFT JOIN sessions p ON p.sid = s.parent
    WHERE CASE WHEN s.parent IS NULL THEN s.root <> s.sid OR s.root_home <> s.home OR s.root_id <> s.id OR s.depth <> 0 OR s.path <> ''
      ELSE p.sid IS NULL OR s.root <> p.root OR s.root_home <> p.root_home OR s.root_id <> p.root_id OR s.depth <> p.depth + 1
        OR s.parent_id <> p.id OR s.owner <> p.owner OR substring(s.path for length(p.path)) <> p.path OR s.arrival >= p.next_child END`,
  'a session with a path or an arrival that its siblings do not have in this order': `SELECT s.id FROM sessions s JOIN sessions o
    ON o.parent = s.parent AND o.arrival >= s.arrival AND o.sid <> s.sid WHERE o.arrival = s.arrival OR o.path <= s.path`,
  'a session with another number of children': `SELECT s.id FROM sessions s
    WHERE s.child_count <> (SELECT count(*) FROM sessions c WHERE c.parent = s.sid)`,
  'a root without a tree, or a tree without a root': `SELECT coalesce(s.id, t.id) FROM trees t
    FULL JOIN (SELECT * FROM sessions WHERE parent IS NULL) s ON s.sid = t.root AND s.home = t.home
    WHERE s.id IS NULL OR t.id IS NULL OR s.id <> t.id OR t.owner <> s.owner
      OR t.last_active_at <> (SELECT max(last_active_at) FROM sessions m WHERE m.root = t.root)`,
  'a session at a home that its tree does not list': `SELECT s.id FROM sessions s JOIN trees t ON t.root = s.root WHERE s.home <> ALL (t.homes)`,
  'a tombstone in a tree that does not list its home, and is there': `SELECT s.id FROM tombstones s JOIN trees t ON t.root = s.root
    WHERE s.home <> ALL (t.homes)`,
  'a number above that of the tree': `SELECT s.id FROM sessions s JOIN trees t ON t.root = s.root WHERE s.number > t.number`,
  'a key of nobody, or of another owner': `SELECT coalesce(s.id, k.id) FROM session_keys k
    FULL JOIN (SELECT * FROM sessions WHERE key IS NOT NULL) s ON s.sid = k.sid AND s.owner = k.owner AND s.key = k.key
    WHERE s.id IS NULL OR k.id IS NULL`,
  'a message or a sum of a session that is gone': `SELECT m.sid FROM (SELECT home, sid FROM messages UNION ALL SELECT home, sid FROM usage
      UNION ALL SELECT home, sid FROM removals) m LEFT JOIN sessions s ON s.home = m.home AND s.sid = m.sid WHERE s.sid IS NULL`,
};

describe('the tables of trees', () => {
  const database = useStoreDatabase();
  let repository: SessionRepository;
  let client: pg.Client;

  beforeAll(async () => {
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });
  afterAll(() => client?.end());

  beforeEach(async () => {
    await database.renew();
    repository = await openPostgresRepository({ url: database.url, partitions: 16 });
  });
  afterEach(() => repository.close());

  const rows = async (sql: string) => (await client.query({ text: sql, rowMode: 'array' })).rows;
  const faults = async () => {
    const found: string[] = [];
    for (const [what, sql] of Object.entries(FAULTS))
      for (const [id] of await rows(sql)) found.push(`${what}: ${id}`);
    return found;
  };

  /** Numbers that look like chance, the same in each run. */
  function dice(seed: number): (sides: number) => number {
    let state = seed;
    return (sides) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      return (state >> 8) % sides;
    };
  }

  it('agree with one another after any moves, archivals and deletions', async () => {
    const roll = dice(7);
    const there = new Set<string>();
    const any = () => [...there][roll(there.size)]!;
    const refused = { name: expect.stringMatching(/InvalidInputError|ConflictError/) };
    for (let n = 0; n < 250; n += 1) {
      const kind = there.size < 5 ? 0 : roll(10);
      if (kind < 5) {
        const parentId = there.size > 0 && roll(4) > 0 ? any() : null;
        const userId = parentId === null ? ['ann', 'bob', null][roll(3)]! : undefined;
        const key = roll(4) === 0 ? `k${n}` : null;
        const createdAt = new Date(roll(1_000));
        const messages = conversation(roll(3));
        const { id } = await repository.create({ parentId, userId, key, createdAt, messages });
        there.add(id);
      } else if (kind < 8) {
        const parentId = roll(4) > 0 ? any() : null;
        await repository
          .move({ sessionId: any(), parentId })
          .catch((error) => expect(error).toMatchObject(refused));
      } else {
        const mode = roll(3) > 0 ? 'REPARENT' : 'CASCADE';
        const { deletedIds } = await repository.delete({ sessionId: any(), mode, purge: true });
        for (const id of deletedIds) there.delete(id);
      }
      if (n % 20 === 0) expect(await faults()).toEqual([]);
    }
    expect(await faults()).toEqual([]);
    expect((await rows('SELECT count(*)::int FROM sessions'))[0]).toEqual([there.size]);
  });

  it('keep the messages of a deleted session no longer than it takes to remove them', async () => {
    await repository.create({ id: 'a', messages: conversation(12_000) });
    await repository.delete({ sessionId: 'a', mode: 'RESTRICT' });
    await repository.close();
    repository = await openPostgresRepository({ url: database.url, partitions: 16 });
    await repository.create({ id: 'b', messages: conversation(3) });
    await repository.delete({ sessionId: 'b', mode: 'RESTRICT', purge: true });
    const timeout = 60_000;
    await expect.poll(() => rows('SELECT count(*)::int FROM messages'), { timeout }).toEqual([[0]]);
    await expect.poll(() => rows('SELECT count(*)::int FROM removals'), { timeout }).toEqual([[0]]);
  }, 120_000);
});
