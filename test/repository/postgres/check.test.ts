import { beforeEach, expect, test } from 'vitest';
import { openPostgresRepository } from '../../../src/repository/postgres/open.ts';
import { checkDatabase } from '../../../src/repository/postgres/tools/check.ts';
import { CHECKS } from '../../../src/repository/postgres/tools/checks.ts';
import { runSql } from '../../commands/store.ts';
import { createTestLogger } from '../../server/support.ts';
import { useStoreDatabase } from './store.ts';

const database = useStoreDatabase();
const { logger } = createTestLogger();
const check = () => checkDatabase(database.url, logger);

const usage = { inputTokens: 10, outputTokens: 5, costUsd: 0.25 };

/** A tree with a chain of three sessions, a fork, a session that came from another tree, and a deleted one. */
async function fill(): Promise<void> {
  const repository = await openPostgresRepository({ url: database.url });
  try {
    await repository.create({ id: 'root', userId: 'ada', key: 'k' });
    await repository.create({ id: 'child', parentId: 'root' });
    await repository.create({ id: 'grandchild', parentId: 'child' });
    await repository.append({ sessionId: 'child', messages: [{ role: 'USER', content: 'Hello' }] });
    await repository.append({
      sessionId: 'child',
      messages: [{ role: 'ASSISTANT', content: 'World', model: 'm', usage }],
    });
    await repository.append({ sessionId: 'child', messages: [{ role: 'USER', content: 'dropped' }] });
    await repository.truncate({ sessionId: 'child', keep: 2 }, null);
    await repository.fork({ sessionId: 'child', id: 'fork', asRoot: false });
    await repository.create({ id: 'other' });
    await repository.create({ id: 'moved', parentId: 'other' });
    await repository.move({ sessionId: 'moved', parentId: 'root' });
    await repository.create({ id: 'gone', parentId: 'root' });
    await repository.delete({ sessionId: 'gone', mode: 'RESTRICT' });
  } finally {
    await repository.close();
  }
}

beforeEach(async () => {
  await database.renew();
  await fill();
});

test('a store of which nothing was changed but by its own mutations has no problem', async () => {
  expect(await check()).toEqual({ sessionCount: 6, messageCount: 2, problems: [] });
});

/** What breaks the store, by the check that has to find it, and the session that it has to name. */
const BROKEN: readonly (readonly [check: string, id: string, sql: string])[] = [
  ['children', 'root', "UPDATE sessions SET child_count = child_count + 1 WHERE id = 'root'"],
  ['numbers of children', 'root', "UPDATE sessions SET next_child = 1 WHERE id = 'root'"],
  ['history', 'child', "UPDATE sessions SET history_length = 3 WHERE id = 'child'"],
  ['history', 'child', "UPDATE sessions SET message_count = 2 WHERE id = 'child'"],
  ['history', 'child', "UPDATE sessions SET next_ordinal = 1 WHERE id = 'child'"],
  ['history', 'child', 'UPDATE messages SET position = 5 WHERE ordinal = 0 AND NOT is_copy'],
  ['usage of sessions', 'child', "UPDATE sessions SET input_tokens = 11 WHERE id = 'child'"],
  ['usage of sessions', 'child', "UPDATE sessions SET cost_usd = 1 WHERE id = 'child'"],
  ['usage of days', 'child', 'UPDATE usage SET responses = 7'],
  ['usage of days', 'child', 'UPDATE usage SET day = day + 1'],
  ['places', 'child', "UPDATE sessions SET depth = 7 WHERE id = 'child'"],
  ['places', 'grandchild', "UPDATE sessions SET path = '\\x0102' WHERE id = 'grandchild'"],
  ['places', 'grandchild', "UPDATE sessions SET owner = '=bob' WHERE id = 'grandchild'"],
  ['places', 'child', "UPDATE sessions SET root_id = 'other' WHERE id = 'child'"],
  ['places', 'grandchild', "UPDATE sessions SET parent_id = 'root' WHERE id = 'grandchild'"],
  ['places', 'root', "UPDATE sessions SET root = 99 WHERE id = 'root'"],
  ['trees', 'other', "DELETE FROM trees WHERE id = 'other'"],
  ['trees', 'root', "UPDATE trees SET owner = '=bob' WHERE id = 'root'"],
  ['members of trees', 'root', "UPDATE trees SET homes = homes[1:1] WHERE id = 'root'"],
  ['members of trees', 'root', "UPDATE trees SET last_active_at = 1 WHERE id = 'root'"],
  ['members of trees', 'root', "UPDATE trees SET number = 1 WHERE id = 'root'"],
  ['keys', 'root', "UPDATE session_keys SET key = 'other'"],
  ['keys', 'root', 'DELETE FROM session_keys'],
  ['keys', 'child', "UPDATE sessions SET key = 'k2' WHERE id = 'child'"],
  ['ids', 'child', "DELETE FROM ids WHERE id = 'child'"],
  ['ids', 'gone', "DELETE FROM tombstones WHERE id = 'gone'"],
  ['ids', 'child', "UPDATE ids SET sid = 999 WHERE id = 'child'"],
  ['ids', 'child', "UPDATE tombstones SET id = 'child' WHERE id = 'gone'"],
  ['numbers of sessions', 'gone', "SELECT setval('session_numbers', 1)"],
  ['operations', 'child', "UPDATE operations SET sid = 999 WHERE session_id = 'child'"],
  ['search', 'child', 'DELETE FROM texts WHERE ordinal = 1 AND NOT is_copy'],
  ['search', 'child', 'UPDATE texts SET ordinal = 7 WHERE ordinal = 1 AND NOT is_copy'],
  ['messages without a session', '999', 'UPDATE messages SET sid = 999 WHERE is_copy'],
  ['removals', 'child', "INSERT INTO removals SELECT home, sid FROM sessions WHERE id = 'child'"],
];

test.each(BROKEN)('a fault is found: %s of "%s" (%s)', async (name, id, sql) => {
  await runSql(database.url, sql);
  try {
    const { problems } = await check();
    const found = problems.filter(({ path }) => path === id || id === 'gone');
    expect(found.map(({ reason }) => reason).join('\n')).toContain(`(${name})`);
  } finally {
    await runSql(database.url, "SELECT setval('session_numbers', 1000000)");
  }
});

test('every check is broken by one of these tests', () => {
  expect(new Set(BROKEN.map(([name]) => name))).toEqual(new Set(CHECKS.map(({ name }) => name)));
});

test('each check names a hundred sessions at most', async () => {
  const repository = await openPostgresRepository({ url: database.url });
  for (let n = 0; n < 101; n += 1) await repository.create({ id: `s${n}` });
  await repository.close();
  await runSql(database.url, 'UPDATE sessions SET child_count = 9');
  const { problems } = await check();
  expect(problems).toHaveLength(101);
  expect(problems.at(-1)).toEqual({
    path: 'children',
    reason: 'more than 100 sessions; these are some of them',
  });
});
