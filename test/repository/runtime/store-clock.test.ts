import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openFileRepository } from '../../../src/repository/files/open.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { StoreClock } from '../../../src/repository/runtime/store-clock.ts';
import { temporaryDirectory } from '../../support/repository.ts';

const NOON = Date.parse('2026-06-01T12:00:00.000Z');
const HOUR = 3_600_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOON }));
afterEach(() => void vi.useRealTimers());

const say = (content: string) => [{ role: 'USER' as const, content }];

async function open(directory: string): Promise<SessionRepository> {
  const repository = await openFileRepository({ directory });
  onTestFinished(() => repository.close());
  return repository;
}

async function sessionOf(repository: SessionRepository, id: string) {
  const [session] = await repository.findMany([id]);
  return session!;
}

async function listed(repository: SessionRepository): Promise<string[]> {
  const order = { field: 'LAST_ACTIVE_AT', direction: 'DESC' } as const;
  const { items } = await repository.list({}, order, { limit: 100, from: 'start' });
  return items.map(({ id }) => id);
}

describe('where the clock steps back an hour', () => {
  test('a session is active after it was created, and what is written last is listed first', async () => {
    const repository = await open(await temporaryDirectory());
    for (const id of ['a', 'b', 'c']) await repository.create({ id });
    for (const [n, id] of ['a', 'c', 'b', 'a'].entries()) {
      vi.setSystemTime(NOON - HOUR + n);
      await repository.append({ sessionId: id, messages: say('later') });
    }
    vi.setSystemTime(NOON - HOUR + 10);
    await repository.create({ id: 'd' });
    expect(await listed(repository)).toEqual(['d', 'a', 'b', 'c']);
    for (const id of ['a', 'b', 'c', 'd']) {
      const { createdAt, lastActiveAt } = await sessionOf(repository, id);
      expect(lastActiveAt.getTime()).toBeGreaterThanOrEqual(createdAt.getTime());
      expect(lastActiveAt.getTime()).toBeLessThan(NOON + 1_000);
    }
  });

  test('messages, forks, archivals and what else the store dates go on from the latest time', async () => {
    const directory = await temporaryDirectory();
    const repository = await open(directory);
    await repository.create({ id: 'a' });
    await repository.append({ sessionId: 'a', messages: say('first') });
    vi.setSystemTime(NOON - HOUR);
    const { messages } = await repository.append({ sessionId: 'a', messages: say('second') });
    const fork = await repository.fork({ sessionId: 'a', id: 'fork', asRoot: true });
    const { session } = await repository.archive({ sessionId: 'a', archived: true, subtree: false });
    await repository.update({ sessionId: 'fork', title: 'T' });
    await repository.move({ sessionId: 'fork', parentId: 'a' });
    await repository.delete({ sessionId: 'fork', mode: 'RESTRICT' });
    const times = [messages[0]!.createdAt, fork.createdAt, session.archivedAt!].map((at) => at.getTime());
    expect([NOON, ...times].toSorted()).toEqual([NOON, ...times]);
    const lines = readFileSync(join(directory, 'store.jsonl'), 'utf8').trim().split('\n');
    for (const line of lines) expect(Date.parse(JSON.parse(line).at)).toBeGreaterThanOrEqual(NOON);
  });

  test('once it has caught up, times are its own again', async () => {
    const repository = await open(await temporaryDirectory());
    await repository.create({ id: 'a' });
    vi.setSystemTime(NOON - HOUR);
    await repository.append({ sessionId: 'a', messages: say('behind') });
    vi.setSystemTime(NOON + HOUR);
    await repository.append({ sessionId: 'a', messages: say('again') });
    expect((await sessionOf(repository, 'a')).lastActiveAt).toEqual(new Date(NOON + HOUR));
  });
});

/** Ways to stop a store, and the caches that exist at the next start. */
const STOPS: [string, (directory: string) => void][] = [
  ['a clean stop', () => {}],
  ['a crash', (directory) => rmSync(join(directory, 'index.clean.json'))],
  [
    'a stop after which the index is gone',
    (directory) => {
      for (const name of ['index.clean.json', 'index.db']) rmSync(join(directory, name));
    },
  ],
];

/** The last write before the stop. */
const LAST: [string, (repository: SessionRepository) => Promise<unknown>][] = [
  ['a new session', (repository) => repository.create({ id: 'new' })],
  ['an append', (repository) => repository.append({ sessionId: 'a', messages: say('last') })],
  ['a change of title', (repository) => repository.update({ sessionId: 'a', title: 'T' })],
  ['an archival', (repository) => repository.archive({ sessionId: 'b', archived: true, subtree: true })],
  ['a deletion', (repository) => repository.delete({ sessionId: 'b', mode: 'RESTRICT' })],
];

describe.each(STOPS)('after %s', (_, stop) => {
  test.each(LAST)('times do not go back before %s', async (_, write) => {
    const directory = await temporaryDirectory();
    const repository = await open(directory);
    for (const id of ['a', 'b']) await repository.create({ id });
    vi.setSystemTime(NOON + HOUR);
    await write(repository);
    await repository.close();
    stop(directory);

    vi.setSystemTime(NOON);
    const reopened = await open(directory);
    const created = await reopened.create({});
    expect(created.createdAt.getTime()).toBeGreaterThanOrEqual(NOON + HOUR);
    expect((await listed(reopened))[0]).toBe(created.id);
    // A UUIDv7 begins with its time.
    const time = Number.parseInt(created.id.replace('-', '').slice(0, 12), 16);
    expect(time).toBeGreaterThanOrEqual(NOON + HOUR);
  });

  test('times of the future that were given move no others, and do not go back themselves', async () => {
    const future = new Date('2099-01-01T00:00:00.000Z');
    const directory = await temporaryDirectory();
    const repository = await open(directory);
    const messages = [{ ...say('given')[0]!, createdAt: future }];
    await repository.create({ id: 'active', createdAt: new Date(0), lastActiveAt: future, messages });
    await repository.create({ id: 'created', createdAt: future });
    await repository.create({ id: 'odd', createdAt: future, lastActiveAt: new Date(0) });
    await repository.close();
    stop(directory);

    vi.setSystemTime(NOON + HOUR);
    const reopened = await open(directory);
    const { createdAt } = await reopened.create({ id: 'now' });
    expect(createdAt).toEqual(new Date(NOON + HOUR));
    for (const sessionId of ['active', 'created', 'odd']) {
      const appended = await reopened.append({ sessionId, messages: say('now') });
      expect(appended.session.lastActiveAt).toEqual(future);
      expect(appended.messages[0]!.createdAt).toEqual(new Date(NOON + HOUR));
    }
  });
});

test('what cannot be read is not said to be so since before what was found earlier', async () => {
  const directory = await temporaryDirectory();
  const repository = await open(directory);
  await repository.create({ id: 'a' });
  await repository.close();
  rmSync(join(directory, 'index.clean.json'));
  writeFileSync(join(directory, 'sessions', 'stray'), '');
  vi.setSystemTime(NOON - HOUR);
  const reopened = await open(directory);
  const { quarantined } = await reopened.status();
  expect(quarantined).toMatchObject([{ path: 'sessions/stray' }]);
  expect(quarantined[0]!.since.getTime()).toBeGreaterThanOrEqual(NOON);
});

test('a start says that the clock of the system is behind', async () => {
  const directory = await temporaryDirectory();
  await (await open(directory)).close();
  const warnings: string[] = [];
  const logger = {
    debug() {},
    info() {},
    warn: (_: object, message?: string) => void warnings.push(message ?? ''),
    error() {},
  };
  vi.setSystemTime(NOON - HOUR);
  const repository = await openFileRepository({ directory, logger });
  await repository.close();
  expect(warnings).toEqual([expect.stringMatching(/clock is 3600 s behind the latest time in the store/)]);
});

test('a clock that is behind goes on no faster than the time goes', () => {
  const clock = new StoreClock();
  clock.follow(NOON + HOUR);
  const times = new Set<number>();
  for (let n = 0; n < 1_000; n += 1) {
    vi.setSystemTime(NOON + Math.floor(n / 100));
    times.add(clock.now().getTime());
  }
  expect([...times]).toEqual(Array.from({ length: 10 }, (_, n) => NOON + HOUR + n + 1));
});
