import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { DEFAULT_LIMITS, type Limits } from '../../../src/model/limits.ts';
import { NO_TEXTS } from '../../../src/model/message.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { changesCursor } from '../../../src/schema/cursor.ts';
import { graphql } from '../../generated/index.ts';
import { createApi } from '../../support/api.ts';
import { countingListeners } from '../../support/counting-listeners.ts';
import { openTestRepository } from '../../support/repository.ts';
import { growTree } from '../../support/tree.ts';
import { watched } from '../../support/watched-repository.ts';
import { answerTo, openSubscription } from './subscription.ts';

const WATCH = graphql(`
  subscription SessionChanges($within: ID, $after: String) {
    sessionChanges(within: $within, after: $after) {
      cursor isUpToDate isReset
      changes { kind sessionId formerParentId fromPosition session { id version } messages { id content } }
    }
  }
`);

const CURSOR = graphql(`query StoreCursor { store { cursor } }`);

type Variables = { within?: string | null; after?: string | null };

async function openStore() {
  const repository = await openTestRepository();
  const cursor = async () => (await createApi(repository).query(CURSOR)).store.cursor;
  const watch = (
    variables: Variables = {},
    limits: Partial<Limits> = {},
    on: SessionRepository = repository,
  ) => openSubscription(on, WATCH, variables, limits);
  return { repository, cursor, watch };
}

type Watcher = Awaited<ReturnType<Awaited<ReturnType<typeof openStore>>['watch']>>;

async function nextOf(watcher: Watcher) {
  return (await watcher.next())!.sessionChanges;
}

/** The kinds and sessions of the next event. */
async function happened(watcher: Watcher): Promise<string[]> {
  const { changes } = await nextOf(watcher);
  return changes.map(({ kind, sessionId }) => `${kind} ${sessionId}`);
}

const say = (content: string) => ({ role: 'USER' as const, content });

test('a watcher without a cursor is told where the store is, then what happens', async () => {
  const { repository, watch } = await openStore();
  await repository.create({ id: 'before' });
  const watcher = await watch();
  expect(await nextOf(watcher)).toMatchObject({ isUpToDate: true, isReset: false, changes: [] });
  const next = nextOf(watcher);
  await repository.create({ id: 'a', messages: [say('hello')] });
  const session = { id: 'a', version: 1 };
  const others = { sessionId: 'a', session, formerParentId: null };
  expect(await next).toMatchObject({
    isUpToDate: true,
    changes: [
      { ...others, kind: 'CREATED', fromPosition: null, messages: [] },
      { ...others, kind: 'APPENDED', fromPosition: 0, messages: [{ id: 'a:0', content: 'hello' }] },
    ],
  });
});

test('a watcher that comes back goes on where it was, with the cursor of the store or of an event', async () => {
  const { repository, cursor, watch } = await openStore();
  await repository.create({ id: 'a' });
  const after = await cursor();
  await repository.create({ id: 'b', parentId: 'a' });
  const first = await watch({ after });
  const event = await nextOf(first);
  expect(event).toMatchObject({ isUpToDate: true, changes: [{ kind: 'CREATED', sessionId: 'b' }] });
  await first.close();

  await repository.append({ sessionId: 'b', messages: [say('one'), say('two')] });
  await repository.append({ sessionId: 'b', messages: [say('three')] });
  const again = await watch({ after: event.cursor });
  const { changes } = await nextOf(again);
  expect(changes).toMatchObject([
    { kind: 'APPENDED', fromPosition: 0, session: { version: 3 }, messages: [{}, {}, { content: 'three' }] },
  ]);
});

test('a watcher that comes back and has missed nothing is told so at once', async () => {
  const { repository, cursor, watch } = await openStore();
  await repository.create({ id: 'a' });
  const after = await cursor();
  expect(await nextOf(await watch({ after, within: 'a' }))).toEqual({
    ...{ cursor: after, isUpToDate: true, isReset: false, changes: [] },
  });
});

test('each kind of change says what a client needs', async () => {
  const { repository, cursor, watch } = await openStore();
  await growTree(repository, { breadth: 2, depth: 2 });
  await repository.append({ sessionId: 'root-0', messages: [{ ...say('a'), key: 'k' }, say('b'), say('c')] });
  await repository.create({ id: 'outside' });
  const after = await cursor();
  await repository.truncate({ sessionId: 'root-0', keep: 2 }, null);
  const other = { ...say('A'), key: 'k' };
  await repository.append({ sessionId: 'root-0', messages: [other, say('d')], onKey: 'REPLACE' });
  await repository.move({ sessionId: 'root-0-0', parentId: null });
  await repository.move({ sessionId: 'root-0-1', parentId: 'root-1' });
  await repository.move({ sessionId: 'outside', parentId: 'root' });
  await repository.delete({ sessionId: 'root-1-0', mode: 'RESTRICT' });
  await repository.update({ sessionId: 'root-1-1', title: 'new' });

  const { changes } = await nextOf(await watch({ within: 'root', after }));
  const shown = changes.map(({ session, messages, ...change }) => ({
    ...change,
    texts: messages.map(({ content }) => content),
    isThere: session !== null,
  }));
  const change = (kind: string, sessionId: string, more = {}) => ({
    ...{ kind, sessionId, formerParentId: null, fromPosition: null, texts: [], isThere: true },
    ...more,
  });
  expect(shown).toEqual([
    change('TRUNCATED', 'root-0', { fromPosition: 2 }),
    change('REPLACED', 'root-0', { fromPosition: 0, texts: ['A'] }),
    change('APPENDED', 'root-0', { fromPosition: 2, texts: ['d'] }),
    change('LEFT', 'root-0-0', { formerParentId: 'root-0' }),
    change('MOVED', 'root-0-1', { formerParentId: 'root-0' }),
    change('ENTERED', 'outside'),
    change('DELETED', 'root-1-0', { formerParentId: 'root-1', isThere: false }),
    change('UPDATED', 'root-1-1'),
  ]);
});

test('what leaves the tree is said once, with the session where it is now', async () => {
  const { repository, watch } = await openStore();
  await growTree(repository, { breadth: 1, depth: 2 });
  const watcher = await watch({ within: 'root' });
  await nextOf(watcher);
  const next = nextOf(watcher);
  await repository.move({ sessionId: 'root-0', parentId: null });
  expect((await next).changes).toMatchObject([
    { kind: 'LEFT', sessionId: 'root-0', formerParentId: 'root', session: { version: 2 } },
  ]);
});

test('the stream ends once the session is deleted that it is about', async () => {
  const { repository, cursor, watch } = await openStore();
  await growTree(repository, { breadth: 1, depth: 1 });
  const after = await cursor();
  const watcher = await watch({ within: 'root' });
  await nextOf(watcher);
  const next = happened(watcher);
  await repository.delete({ sessionId: 'root', mode: 'CASCADE' });
  expect((await next).at(-1)).toBe('DELETED root');
  expect(await watcher.next()).toBeUndefined();

  const late = await watch({ within: 'root', after });
  expect((await happened(late)).at(-1)).toBe('DELETED root');
  expect(await late.next()).toBeUndefined();
  const now = await watch({ within: 'root' });
  expect((await happened(now)).at(-1)).toBe('DELETED root');
  expect(await now.next()).toBeUndefined();
});

describe('a cursor that cannot be honoured is told by a reset, after which the changes go on:', () => {
  test.each([
    ['one of another store', (_own: { storeId: string }) => changesCursor({ storeId: 'other' }).encode('1')],
    ['one of the future', (own: { storeId: string }) => changesCursor(own).encode('999999')],
    ['a forged one', (own: { storeId: string }) => changesCursor(own).encode('no mark')],
  ])('%s', async (_which, cursorFor) => {
    const { repository, cursor, watch } = await openStore();
    await repository.create({ id: 'a' });
    const watcher = await watch({ within: 'a', after: cursorFor(repository) });
    expect(await nextOf(watcher)).toMatchObject({ isReset: true, changes: [], cursor: await cursor() });
    const next = happened(watcher);
    await repository.create({ id: 'b', parentId: 'a' });
    expect(await next).toEqual(['CREATED b']);
  });
});

describe('is refused before the stream begins:', () => {
  const cases: [string, (repository: SessionRepository) => Variables, string][] = [
    ['what is no id', () => ({ within: 'a:0' }), 'within: expected the id of a session, got something else.'],
    [
      'what is no cursor',
      () => ({ after: 'abc' }),
      'after: expected a cursor as this server gave it, got a damaged one. Pass it on unchanged, or start without it.',
    ],
  ];

  test.each(cases)('%s', async (_which, variables, message) => {
    const { repository } = await openStore();
    expect(await answerTo(repository, WATCH as never, variables(repository))).toMatchObject({
      errors: [{ message, extensions: { code: 'BAD_USER_INPUT' } }],
    });
  });

  test('a cursor of another list', async () => {
    const { repository } = await openStore();
    await repository.create({ id: 'a' });
    const query = '{ sessions { edges { cursor } } }';
    const { data } = (await createApi(repository).send(query)) as {
      data: { sessions: { edges: { cursor: string }[] } };
    };
    const after = data.sessions.edges[0]!.cursor;
    expect(await answerTo(repository, WATCH as never, { after })).toMatchObject({
      errors: [
        { message: expect.stringMatching(/^after: expected a cursor of changes, got one of sessions/) },
      ],
    });
  });

  test('more messages than a page has', async () => {
    const { repository } = await openStore();
    const document = graphql(
      `subscription Many { sessionChanges { changes { messages(first: 1001) { id } } } }`,
    );
    expect(await answerTo(repository, document as never, {})).toMatchObject({
      errors: [{ message: expect.stringContaining('first: expected at most 1000 (the limit pageSize)') }],
    });
  });
});

test('a stream about a session that never was ends with an error', async () => {
  const { watch } = await openStore();
  const watcher = await watch({ within: 'none' });
  expect(await watcher.nextResult()).toMatchObject({
    errors: [{ message: 'within: expected the id of a session, got one that no session has or had.' }],
  });
  expect(await watcher.nextResult()).toBeUndefined();
});

const CONTENT = { ...NO_TEXTS, content: 1 };

test('the sessions of an event are one batch, and so are the messages', async () => {
  const { repository: store, cursor, watch } = await openStore();
  await growTree(store, { breadth: 3, depth: 1 });
  await store.append({ sessionId: 'root', messages: [{ ...say('a'), key: 'k' }] });
  const after = await cursor();
  const { repository, calls } = watched(store);
  const ids = ['root-0', 'root-1', 'root-2'];
  for (const sessionId of ids) await store.append({ sessionId, messages: [say('hello')] });
  await store.append({ sessionId: 'root', messages: [{ ...say('A'), key: 'k' }], onKey: 'REPLACE' });
  await store.create({ id: 'new', messages: [say('hello')] });
  expect(await happened(await watch({ after }, {}, repository))).toHaveLength(6);

  const page = { limit: 50, from: 'start', after: undefined, before: undefined };
  expect(calls.filter(([method]) => method !== 'changesSince')).toEqual([
    ['findMany', [...ids, 'root', 'new']],
    [
      'historyOf',
      [...ids, 'new'].map((sessionId) => ({ sessionId, page, place: { position: 0 }, shown: CONTENT })),
      67_108_864,
    ],
    ['findMessages', [{ sessionId: 'root', ordinal: 0, shown: CONTENT }], 67_108_864],
  ]);
  expect(calls.filter(([method]) => method === 'changesSince')).toHaveLength(1);
});

test('the cursor of the store is read before anything else of its operation, wherever it stands', async () => {
  const { repository: store } = await openStore();
  await growTree(store, { breadth: 1, depth: 1 });
  const { repository, calls } = watched(store);
  const api = createApi(repository);
  const document = graphql(`
    query TreeAndCursor { session(id: "root") { children { nodes { id } } } store { ...Where } }
    fragment Where on StoreStatus { here: cursor }
  `);
  await api.query(document);
  expect(calls.map(([method]) => method)).toEqual(['mark', 'status', 'findMany', 'childrenOf']);
  calls.length = 0;
  await api.send(
    'query ($no: Boolean = false) { session(id: "root") { id } store { cursor @include(if: $no) version } }',
  );
  await api.send('{ session(id: "root") { id } store { version } }');
  expect(calls.filter(([method]) => method === 'mark')).toHaveLength(1);
});

describe('the budget of an event', () => {
  test('that does not suffice for all changes is spent on a part of them, and the rest follows', async () => {
    const { repository, cursor, watch } = await openStore();
    const after = await cursor();
    const ids = Array.from({ length: 20 }, (_, n) => `s${n}`);
    for (const id of ids) await repository.create({ id, messages: [say('hello')] });
    // Twenty sessions with two changes each show 60 objects.
    const watcher = await watch({ after }, { objects: 20 });
    const seen: string[] = [];
    while (seen.length < 40) {
      const { changes, isUpToDate } = await nextOf(watcher);
      expect(changes.length).toBeLessThanOrEqual(12);
      seen.push(...changes.map(({ kind, sessionId }) => `${kind} ${sessionId}`));
      expect(isUpToDate).toBe(seen.length === 40);
    }
    expect(seen).toEqual(ids.flatMap((id) => [`CREATED ${id}`, `APPENDED ${id}`]));
  });

  test('that does not suffice for one session ends the stream with an error', async () => {
    const { repository, cursor, watch } = await openStore();
    const after = await cursor();
    await repository.create({ id: 'a', messages: [say('hello')] });
    const watcher = await watch({ after }, { objects: 2 });
    expect(await watcher.nextResult()).toMatchObject({
      data: null,
      errors: [{ extensions: { code: 'BUDGET_EXCEEDED' } }],
    });
    expect(await watcher.nextResult()).toBeUndefined();
  });

  test('is a new one for each event, as is its time', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { repository, watch } = await openStore();
    const watcher = await watch({}, { objects: 3 });
    await nextOf(watcher);
    for (const id of ['a', 'b', 'c', 'd']) {
      vi.advanceTimersByTime(DEFAULT_LIMITS.requestMs + 1);
      const next = happened(watcher);
      await repository.create({ id, messages: [say('hello')] });
      expect(await next).toEqual([`CREATED ${id}`, `APPENDED ${id}`]);
    }
  });

  test('shows fewer messages where their texts fill it', async () => {
    const { repository, cursor, watch } = await openStore();
    const after = await cursor();
    const messages = Array.from({ length: 5 }, () => say('x'.repeat(100)));
    await repository.create({ id: 'a', messages });
    const { changes } = await nextOf(await watch({ after }, { textBytes: 250 }));
    expect(changes[1]).toMatchObject({ kind: 'APPENDED', fromPosition: 0, messages: [{}, {}] });
  });
});

test('an operation with a directive, which graphql-js executes, is answered in the same way', async () => {
  const { repository, cursor } = await openStore();
  const after = await cursor();
  await repository.create({ id: 'a' });
  const document = graphql(`
    subscription WithDirective($after: String, $more: Boolean!) {
      sessionChanges(after: $after) { changes { kind session @include(if: $more) { id } } }
    }
  `);
  const watcher = await openSubscription(repository, document, { after, more: true });
  expect(await watcher.next()).toEqual({
    sessionChanges: { changes: [{ kind: 'CREATED', session: { id: 'a' } }] },
  });
});

test('a watcher that leaves is released at once, even while it waits', async () => {
  const { repository: store, watch } = await openStore();
  const { repository, count } = countingListeners(store);
  const watcher = await watch({}, {}, repository);
  expect(count.listeners).toBe(0);
  await nextOf(watcher);
  expect(count.listeners).toBe(1);
  const waiting = watcher.nextResult();
  const closed = watcher.close();
  expect(count.listeners).toBe(0);
  await closed;
  expect(await waiting).toBeUndefined();
});

test('a watcher whose stream has ended is released', async () => {
  const { repository: store, watch } = await openStore();
  await store.create({ id: 'a' });
  const { repository, count } = countingListeners(store);
  const watcher = await watch({ within: 'a' }, {}, repository);
  await nextOf(watcher);
  await store.delete({ sessionId: 'a', mode: 'RESTRICT' });
  await nextOf(watcher);
  expect(await watcher.next()).toBeUndefined();
  expect(count.listeners).toBe(0);
});

describe('bookmarks', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
  });

  /** Resolves once what happened before has reached all watchers, without a fake timer. */
  const settled = () =>
    new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))));

  test('come every 25 seconds while something happens elsewhere', async () => {
    const { repository, cursor, watch } = await openStore();
    await repository.create({ id: 'a' });
    const watcher = await watch({ within: 'a' });
    const { cursor: first } = await nextOf(watcher);
    let got: Awaited<ReturnType<typeof nextOf>> | undefined;
    const next = nextOf(watcher).then((event) => {
      got = event;
      return event;
    });
    await repository.create({ id: 'elsewhere' });
    await settled();
    vi.advanceTimersByTime(24_999);
    await settled();
    expect(got).toBeUndefined();
    vi.advanceTimersByTime(1);
    const bookmark = await next;
    expect(bookmark).toEqual({ isUpToDate: true, isReset: false, changes: [], cursor: await cursor() });
    expect(bookmark.cursor).not.toBe(first);
  });

  test('do not come while nothing happens', async () => {
    const { repository, watch } = await openStore();
    await repository.create({ id: 'a' });
    const watcher = await watch({ within: 'a' });
    await nextOf(watcher);
    const next = happened(watcher);
    vi.advanceTimersByTime(1_000_000);
    await settled();
    await repository.update({ sessionId: 'a', title: 'new' });
    expect(await next).toEqual(['UPDATED a']);
  });
});

test('a watcher reads nothing while something happens in other trees, and hears what happens in its own', async () => {
  const { repository: store, watch } = await openStore();
  const { repository, calls } = watched(store);
  for (const id of ['a', 'other']) await store.create({ id });
  await store.create({ id: 'b', parentId: 'a' });
  const watcher = await watch({ within: 'b' }, {}, repository);
  await nextOf(watcher);
  calls.splice(0);
  const next = nextOf(watcher);
  const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
  for (let n = 0; n < 20; n += 1) {
    await store.update({ sessionId: 'other', title: `${n}` });
    await nextTurn();
  }
  await store.update({ sessionId: 'b', title: 'heard' });
  expect((await next).changes).toMatchObject([{ kind: 'UPDATED', sessionId: 'b' }]);
  expect(calls.filter(([method]) => method === 'changesSince')).toHaveLength(1);
  await store.move({ sessionId: 'a', parentId: 'other' });
  await store.update({ sessionId: 'b', title: 'heard elsewhere' });
  expect((await nextOf(watcher)).changes).toMatchObject([{ kind: 'UPDATED', sessionId: 'b' }]);
});
