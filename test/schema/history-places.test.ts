import { expect, test } from 'vitest';
import { NO_TEXTS } from '../../src/model/message.ts';
import { graphql } from '../generated/index.ts';
import { createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';
import { watched } from '../support/watched-repository.ts';

const hour = (n: number) => new Date(Date.UTC(2026, 0, 1, n));
const time = (n: number) => hour(n).toISOString();

/** A session "a" with the messages "0" to "9", one an hour, and a session "b" with "needle" in the middle. */
async function openStore() {
  const store = await openTestRepository();
  const message = (n: number) => ({ role: 'USER', content: `${n}`, createdAt: hour(n) }) as const;
  await store.create({ id: 'a', messages: Array.from({ length: 10 }, (_, n) => message(n)) });
  await store.create({
    id: 'b',
    messages: ['x', 'needle', 'y'].map((content) => ({ role: 'USER', content })),
  });
  return store;
}

const PLACE = graphql(`
  query Place(
    $first: Int
    $last: Int
    $before: String
    $fromPosition: Int
    $fromMessageId: ID
    $createdAfter: DateTime
    $createdBefore: DateTime
  ) {
    session(id: "a") {
      history(
        first: $first
        last: $last
        before: $before
        fromPosition: $fromPosition
        fromMessageId: $fromMessageId
        createdAfter: $createdAfter
        createdBefore: $createdBefore
      ) {
        totalCount
        nodes { content }
        pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
      }
    }
  }
`);

test.each([
  [{ first: 2, fromPosition: 4 }, '45', [true, true]],
  [{ last: 2, fromPosition: 4 }, '23', [true, true]],
  [{ first: 2, fromMessageId: 'a:4' }, '45', [true, true]],
  [{ last: 9, fromMessageId: 'a:4' }, '0123', [false, true]],
  [{ fromPosition: 8 }, '89', [true, false]],
  [{ first: 1, fromPosition: 0 }, '0', [false, true]],
  [{ first: 1, fromMessageId: 'a:0' }, '0', [false, true]],
  [{ last: 1, fromPosition: 0 }, '', [false, true]],
  [{ last: 2, fromPosition: 10 }, '89', [true, false]],
  [{ first: 2, fromPosition: 99 }, '', [true, false]],
])('a history opens at %o', async (variables, contents, [hasPreviousPage, hasNextPage]) => {
  const { session } = await createApi(await openStore()).query(PLACE, variables);
  const { nodes, pageInfo, totalCount } = session!.history;
  expect(nodes.map(({ content }) => content).join('')).toBe(contents);
  expect(pageInfo).toMatchObject({ hasPreviousPage, hasNextPage });
  expect(totalCount).toBe(10);
});

test('a message that was rolled back opens the history where it was', async () => {
  const store = await openStore();
  await store.truncate({ sessionId: 'a', keep: 3 }, null);
  const append = (content: string) => ({ role: 'USER', content }) as const;
  await store.append({ sessionId: 'a', messages: ['v', 'w', 'x'].map(append) });
  const { session } = await createApi(store).query(PLACE, { fromMessageId: 'a:4' });
  expect(session!.history.nodes).toEqual([{ content: 'w' }, { content: 'x' }]);
});

test('the cursors of a page in place lead on to both sides', async () => {
  const api = createApi(await openStore());
  const opened = await api.query(PLACE, { first: 2, fromPosition: 4 });
  const { startCursor } = opened.session!.history.pageInfo;
  const { session } = await api.query(PLACE, { last: 2, before: startCursor });
  expect(session!.history.nodes).toEqual([{ content: '2' }, { content: '3' }]);
});

test('a history is bounded by times, with the first included, and counts what they let through', async () => {
  const api = createApi(await openStore());
  const bounded = await api.query(PLACE, { first: 2, createdAfter: time(3), createdBefore: time(8) });
  expect(bounded.session!.history).toMatchObject({
    totalCount: 5,
    nodes: [{ content: '3' }, { content: '4' }],
    pageInfo: { hasNextPage: true, hasPreviousPage: false },
  });
  const from = await api.query(PLACE, { createdAfter: time(3), fromPosition: 8 });
  expect(from.session!.history).toMatchObject({ totalCount: 7, nodes: [{ content: '8' }, { content: '9' }] });
});

test.each([
  [{ fromPosition: -1 }, 'fromPosition: expected 0 or more, got -1.'],
  [{ fromMessageId: 'a' }, 'fromMessageId: expected the id of a message'],
  [{ fromPosition: 1, fromMessageId: 'a:1' }, 'got "fromPosition" and "fromMessageId"'],
  [{ fromPosition: 1, before: 'x' }, 'got "fromPosition" and "before"'],
  [{ fromMessageId: 'b:1' }, 'fromMessageId: expected a message of the session "a", got one of "b"'],
  [{ fromMessageId: 'a:10' }, 'got one that never was there'],
])('a place of %o is refused', async (variables, message) => {
  const { errors } = await createApi(await openStore()).run(PLACE, variables);
  expect(errors![0]).toMatchObject({
    message: expect.stringContaining(message),
    extensions: { code: 'BAD_USER_INPUT' },
  });
});

test('what a place breaks of the rules is refused before anything is read', async () => {
  const { repository, calls } = watched(await openStore());
  await createApi(repository).run(PLACE, { fromPosition: 1, fromMessageId: 'a:1' });
  await createApi(repository).run(PLACE, { fromMessageId: 'no message' });
  expect(calls).toEqual([]);
});

const SEVERAL = graphql(`
  query Several($at: DateTime!) {
    one: session(id: "a") { history(first: 1, fromPosition: 4) { nodes { content } } }
    same: session(id: "a") { history(first: 1, fromPosition: 4) { nodes { content } } }
    other: session(id: "a") { history(first: 1, fromMessageId: "a:5") { nodes { content } } }
    late: session(id: "a") { history(first: 1, createdAfter: $at) { totalCount nodes { content } } }
    early: session(id: "a") { history(first: 1, createdBefore: $at) { totalCount nodes { content } } }
  }
`);

test('histories at several places are one batch, each place once', async () => {
  const { repository, calls } = watched(await openStore());
  const answer = await createApi(repository).query(SEVERAL, { at: time(7) });
  expect(answer).toMatchObject({
    one: { history: { nodes: [{ content: '4' }] } },
    same: { history: { nodes: [{ content: '4' }] } },
    other: { history: { nodes: [{ content: '5' }] } },
    late: { history: { totalCount: 3, nodes: [{ content: '7' }] } },
    early: { history: { totalCount: 7, nodes: [{ content: '0' }] } },
  });
  const page = { limit: 1, from: 'start' };
  const shown = { ...NO_TEXTS, content: 1 };
  const histories = calls.filter(([method]) => method === 'historyOf' || method === 'countHistory');
  expect(histories).toEqual([
    [
      'historyOf',
      [
        { sessionId: 'a', page, place: { position: 4 }, shown },
        { sessionId: 'a', page, place: { ordinal: 5 }, shown },
        { sessionId: 'a', createdAfter: hour(7), page, shown },
        { sessionId: 'a', createdBefore: hour(7), page, shown },
      ],
      67_108_864,
    ],
    [
      'countHistory',
      [
        { sessionId: 'a', createdAfter: hour(7) },
        { sessionId: 'a', createdBefore: hour(7) },
      ],
    ],
  ]);
});

test('ids and times of messages are answered without reading the file', async () => {
  const store = await openStore();
  const query = '{ session(id: "a") { history(last: 1) { nodes { id createdAt } } } }';
  const { data } = await createApi(store, { readBytes: 1 }).send(query);
  const nodes = [{ id: 'a:9', createdAt: time(9) }];
  expect(data).toMatchObject({ session: { history: { nodes } } });
});
