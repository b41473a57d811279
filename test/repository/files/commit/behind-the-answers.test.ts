import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { SessionExistsError } from '../../../../src/model/errors.ts';
import { checkDataDirectory } from '../../../../src/repository/files/tools/check.ts';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { exchange, say, TestStore } from '../store.ts';

let store: TestStore;
let repository: SessionRepository;
beforeEach(async () => {
  store = await TestStore.make();
  repository = await store.open();
  await repository.create({ id: 'a' });
});

const send = (sessionId = 'a') => repository.append({ sessionId, messages: exchange(1) });
const lengths = async (reader = repository) =>
  (await reader.findMany(['a', 'b'])).map((session) => session?.historyLength);

/** Another program that reads the index. */
function openIndex(): DatabaseSync {
  const other = new DatabaseSync(store.path('index.db'), { timeout: 10_000 });
  onTestFinished(() => {
    if (other.isOpen) other.close();
  });
  return other;
}

/** Waits until the other program sees the expected state. */
async function committed(other: DatabaseSync, sql: string, row: object): Promise<void> {
  await vi.waitFor(() => expect(other.prepare(sql).get()).toEqual(row), 25_000);
}

const VERSION = "SELECT version FROM sessions WHERE id = 'a'";

/** The number of mutations that are answered before one is refused, and the reason. */
async function sendUntilRefused(): Promise<{ sent: number; error: unknown }> {
  for (let sent = 0; sent < 2_000; sent += 1) {
    try {
      await send();
    } catch (error) {
      return { sent, error };
    }
  }
  throw new Error('expected to be refused in the end');
}

it('rows of what was acknowledged are committed within moments, without a read', async () => {
  const { session } = await send();
  await committed(openIndex(), VERSION, { version: session.version });
});

describe('while another program holds the index', () => {
  const hold = () => {
    const other = openIndex();
    other.exec('BEGIN IMMEDIATE');
    return other;
  };

  it('what memory cannot keep is refused, what was answered stays, and all goes on afterwards', async () => {
    const other = hold();
    const { sent, error } = await sendUntilRefused();
    expect(error).toMatchObject({ isRetryable: true, message: expect.stringMatching(/another program/i) });
    expect(sent).toBeGreaterThan(100);
    await expect(send()).rejects.toMatchObject({ isRetryable: true });
    await expect(repository.create({ id: 'b' })).rejects.toMatchObject({ isRetryable: true });
    other.close();
    await send();
    const expected = [2 * (sent + 1), undefined];
    expect(await lengths()).toEqual(expected);
    await repository.close();
    await store.during(async (reopened) => expect(await lengths(reopened)).toEqual(expected));
  });

  it('sessions are made, found by their ids, and no other gets one of these', async () => {
    const other = hold();
    await repository.create({ id: 'b', parentId: 'a' });
    const { id } = await repository.create({ parentId: 'b' });
    await send('b');
    const found = [
      { childCount: 1 },
      { childCount: 1, depth: 1, historyLength: 2 },
      { parentId: 'b', depth: 2, rootId: 'a' },
    ];
    expect(await repository.findMany(['a', 'b', id])).toMatchObject(found);
    await expect(repository.create({ id: 'b' })).rejects.toThrow(SessionExistsError);
    other.close();
    await committed(openIndex(), 'SELECT count(*) AS sessions FROM sessions', { sessions: 3 });
    await repository.close();
    await store.during(async (reopened) => {
      expect(await reopened.findMany(['a', 'b', id])).toMatchObject(found);
    });
  });

  it('a check finds nothing wrong with a session whose rows are still pending', async () => {
    hold();
    for (let n = 0; n < 3; n += 1) await send();
    await repository.create({ parentId: 'a' });
    expect((await checkDataDirectory({ directory: store.directory })).problems).toEqual([]);
  });

  it('search says that it cannot be had, and finds all afterwards', async () => {
    const search = () => repository.search({ query: 'zebra', limit: 10 });
    expect((await search()).hits).toEqual([]);
    const other = hold();
    await repository.append({ sessionId: 'a', messages: [say('a zebra')] });
    await expect(search()).rejects.toMatchObject({ isRetryable: true });
    other.close();
    await vi.waitFor(async () => expect((await search()).hits).toHaveLength(1), 25_000);
  });
});

it('a check finds a wrong index of a session that is written all the time', async () => {
  const other = openIndex();
  const { session } = await send();
  await committed(other, VERSION, { version: session.version });
  other.exec("UPDATE sessions SET user_id = 'someone else' WHERE id = 'a'");
  let isChecking = true;
  const checked = checkDataDirectory({ directory: store.directory }).finally(() => {
    isChecking = false;
  });
  while (isChecking) await send();
  expect((await checked).problems).toEqual([
    { path: 'index.db', reason: expect.stringMatching(/^session "a": the index differs/) },
  ]);
});

it('where the index cannot take in what waits, nothing more is taken, and the next start has all that was', async () => {
  await repository.create({ id: 'b' });
  const other = openIndex();
  await committed(other, "SELECT version FROM sessions WHERE id = 'b'", { version: 1 });
  // Blocks the place of the session's next message.
  other.exec("INSERT INTO messages SELECT seq, 0, 0, 0, 0, 0, 0, 0 FROM sessions WHERE id = 'b'");
  await send('b');
  // So fast that usually a later mutation finds the limit exceeded within a tenth of a second.
  let sent = 0;
  for (let burst = 0; burst < 2; burst += 1) {
    const outcomes = await Promise.allSettled(Array.from({ length: 200 }, () => send()));
    sent += outcomes.filter(({ status }) => status === 'fulfilled').length;
  }
  const refused = { isRetryable: false, message: expect.stringMatching(/restarted/) };
  await expect(send()).rejects.toMatchObject(refused);
  expect(
    await repository.list({}, { field: 'CREATED_AT', direction: 'ASC' }, { limit: 9, from: 'start' }),
  ).toMatchObject({
    items: [{ id: 'a' }, { id: 'b' }],
  });
  await repository.close();
  await store.during(async (reopened) => {
    expect(await lengths(reopened)).toEqual([2 * sent, 2]);
    const page = { limit: 2_000, from: 'start' } as const;
    const histories = await reopened.historyOf(
      ['a', 'b'].map((sessionId) => ({ sessionId, page })),
      Number.MAX_SAFE_INTEGER,
    );
    expect(histories.map(({ items }) => items.length)).toEqual([2 * sent, 2]);
  });
});
