import { describe, expect, test } from 'vitest';
import { ConflictError, SessionNotFoundError } from '../src/index.ts';
import { openClient, rejection } from './support.ts';

test('a session is created, and read by its id and by its key', async () => {
  const client = await openClient();
  const { session, isNew } = await client.sessions.create({
    id: 'trip',
    key: 'chat/1',
    userId: 'ada',
    metadata: { topic: 'travel' },
    messages: [{ role: 'USER', content: 'Hi', usage: { inputTokens: 3, outputTokens: 0 } }],
  });
  expect(isNew).toBe(true);
  expect(session).toMatchObject({
    id: 'trip',
    parentId: null,
    depth: 0,
    status: 'IDLE',
    metadata: { topic: 'travel' },
    messageCount: 1,
    usage: { inputTokens: 3, costUsd: null },
    forkedFrom: null,
  });
  expect(await client.sessions.get('trip')).toEqual(session);
  expect(await client.sessions.get({ key: 'chat/1', ownerId: 'ada' })).toEqual(session);
  expect(await client.sessions.get({ key: 'chat/1' })).toBeNull();
  expect(await client.sessions.get('none')).toBeNull();
});

test('a session that is there already is returned where the caller says so', async () => {
  const client = await openClient();
  const first = await client.sessions.create({ key: 'k', ifExists: 'RETURN' });
  const second = await client.sessions.create({ key: 'k', ifExists: 'RETURN', title: 'ignored' });
  expect([first.isNew, second.isNew]).toEqual([true, false]);
  expect(second.session).toEqual(first.session);
});

test('without an input a session is created, too', async () => {
  const client = await openClient();
  const { session } = await client.sessions.create();
  expect(session.id).toMatch(/^[0-9a-f-]{36}$/);
});

test('times may be given as dates', async () => {
  const client = await openClient();
  const createdAt = new Date('2026-01-31T09:30:00.000Z');
  const { session } = await client.sessions.create({ createdAt });
  expect(session.createdAt).toBe('2026-01-31T09:30:00.000Z');
  const later = client.sessions.list({ filter: { createdAfter: new Date('2026-02-01T00:00:00Z') } });
  expect(await later.toArray()).toEqual([]);
});

test('a tree comes as a whole, nested in order, over several pages', async () => {
  const client = await openClient();
  await client.sessions.create({ id: 'r' });
  for (const [parentId, id] of [
    ['r', 'a'],
    ['r', 'b'],
    ['a', 'a1'],
    ['a', 'a2'],
    ['a1', 'a11'],
  ] as const)
    await client.sessions.spawn(parentId, { id });
  const shape = (tree: { id: string; children: readonly unknown[] }): unknown => [
    tree.id,
    ...tree.children.map((child) => shape(child as typeof tree)),
  ];
  const expected = ['r', ['a', ['a1', ['a11']], ['a2']], ['b']];
  for (const pageSize of [undefined, 2, 1])
    expect(shape((await client.sessions.tree('r', { pageSize }))!)).toEqual(expected);
  expect(shape((await client.sessions.tree('a'))!)).toEqual(['a', ['a1', ['a11']], ['a2']]);
  expect(shape((await client.sessions.tree('r', { maxDepth: 1 }))!)).toEqual(['r', ['a'], ['b']]);
  expect((await client.sessions.tree('r'))!.children[0]).toMatchObject({
    depth: 1,
    parentId: 'r',
    version: 1,
  });
  expect(await client.sessions.tree('none')).toBeNull();
});

test('sessions are listed with a filter and an order, page by page, from both ends', async () => {
  const client = await openClient();
  for (const id of ['a', 'b', 'c', 'd', 'e'])
    await client.sessions.create({ id, userId: id === 'c' ? 'grace' : 'ada' });
  const list = {
    filter: { userId: 'ada' },
    orderBy: { field: 'CREATED_AT', direction: 'ASC' },
    pageSize: 2,
  } as const;
  const ids = async (options: object) =>
    (await client.sessions.list({ ...list, ...options }).toArray()).map(({ id }) => id);
  expect(await ids({})).toEqual(['a', 'b', 'd', 'e']);
  expect(await ids({ reverse: true })).toEqual(['e', 'd', 'b', 'a']);
  expect(await ids({ reverse: true, pageSize: undefined })).toEqual(['e', 'd', 'b', 'a']);
  const { items, nextCursor } = await client.sessions.list(list).page();
  expect(items.map(({ id }) => id)).toEqual(['a', 'b']);
  expect(await ids({ after: nextCursor })).toEqual(['d', 'e']);
});

describe('update', () => {
  test('changes what the patch names', async () => {
    const client = await openClient();
    await client.sessions.create({ id: 's', title: 'old', metadata: { a: 1 } });
    const { session } = await client.sessions.update('s', { status: 'RUNNING', metadata: { b: 2 } });
    expect(session).toMatchObject({ title: 'old', status: 'RUNNING', metadata: { a: 1, b: 2 }, version: 2 });
  });

  test('with a function loses no change of writers at the same time', async () => {
    const client = await openClient();
    await client.sessions.create({ id: 's', metadata: { n: 0 } });
    let calls = 0;
    await Promise.all(
      Array.from({ length: 10 }, () =>
        client.sessions.update('s', ({ metadata }) => {
          calls += 1;
          return { metadata: { n: Number(metadata.n) + 1 } };
        }),
      ),
    );
    expect(await client.sessions.get('s')).toMatchObject({ metadata: { n: 10 }, version: 11 });
    expect(calls).toBeGreaterThan(10);
  });

  test('with a function that returns null changes nothing', async () => {
    const client = await openClient();
    const { session } = await client.sessions.create({ id: 's' });
    expect(await client.sessions.update('s', async () => null)).toEqual({ session });
    expect(await client.sessions.get('s')).toEqual(session);
  });

  test('of a session that is not there is refused, with and without a function', async () => {
    const client = await openClient();
    for (const patch of [{ title: 't' }, () => ({ title: 't' })]) {
      const error = await rejection(client.sessions.update('none', patch));
      expect(error).toBeInstanceOf(SessionNotFoundError);
      expect(error).toMatchObject({ sessionId: 'none', code: 'SESSION_NOT_FOUND' });
    }
  });

  test('of an expected version is not tried again on a conflict', async () => {
    const client = await openClient();
    await client.sessions.create({ id: 's' });
    const error = await rejection(client.sessions.update('s', { title: 't' }, { expectedVersion: 7 }));
    expect(error).toBeInstanceOf(ConflictError);
    expect(error).toMatchObject({ reason: 'VERSION', expectedVersion: 7, actualVersion: 1 });
  });

  test('ends with its signal while others are faster', async () => {
    const client = await openClient();
    await client.sessions.create({ id: 's' });
    const controller = new AbortController();
    const reason = new Error('enough');
    const always = client.sessions.update(
      's',
      async () => {
        await client.sessions.update('s', { title: 'the other' });
        controller.abort(reason);
        return { title: 'mine' };
      },
      {},
      { signal: controller.signal },
    );
    expect(await rejection(always)).toBe(reason);
    expect(await client.sessions.get('s')).toMatchObject({ title: 'the other' });
  });
});

test('a session is forked, moved, archived, unarchived and deleted', async () => {
  const client = await openClient();
  await client.sessions.create({ id: 'r', messages: [{ role: 'USER', content: 'Hi' }] });
  await client.sessions.spawn('r', { id: 'c', spawnedBy: { messageId: 'r:0' } });
  const { session: fork } = await client.sessions.fork('r', { id: 'f' });
  expect(fork).toMatchObject({
    parentId: 'r',
    historyLength: 1,
    forkedFrom: { sessionId: 'r', historyLength: 1 },
  });
  expect((await client.sessions.move('c', { parentId: 'f' })).session).toMatchObject({
    parentId: 'f',
    depth: 2,
  });
  expect((await client.sessions.move('f', { asRoot: true })).session).toMatchObject({ parentId: null });
  expect(await client.sessions.archive('f')).toMatchObject({ archivedIds: ['f', 'c'], session: { id: 'f' } });
  expect((await client.sessions.get('c'))!.archivedAt).not.toBeNull();
  expect(await client.sessions.unarchive('f', { subtree: false })).toMatchObject({ unarchivedIds: ['f'] });
  const dry = await client.sessions.delete('f', { mode: 'CASCADE', dryRun: true });
  expect(dry).toEqual({ isDryRun: true, deletedIds: ['f', 'c'], reparentedIds: [] });
  expect(await client.sessions.delete('f', { mode: 'CASCADE' })).toEqual({ ...dry, isDryRun: false });
  expect(await client.sessions.get('f')).toBeNull();
});
