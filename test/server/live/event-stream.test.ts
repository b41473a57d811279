import { EventSource } from 'eventsource';
import { createClient } from 'graphql-sse';
import { expect, onTestFinished, test } from 'vitest';
import { JSON_TYPE, outcome } from '../support.ts';
import { type ChangesData, EVENT_STREAM, openLive, stream, until, WATCH } from './support.ts';

const addressOf = (url: string, variables: object) =>
  `${url}?query=${encodeURIComponent(WATCH)}&variables=${encodeURIComponent(JSON.stringify(variables))}`;

test('a subscription is answered with events whose ids are cursors', async () => {
  const { url, repository } = await openLive();
  const events = await stream(url, { query: WATCH });
  expect(events.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(events.response.headers.get('cache-control')).toBe('no-store, no-transform');
  expect(events.response.headers.get('x-request-id')).toMatch(/^[\w-]+$/);
  const bookmark = await events.next();
  expect(events.text).toMatch(/^retry: 1000\n:\n\nevent: next\nid: /);
  expect(JSON.parse(bookmark!.data)).toMatchObject({
    data: { sessionChanges: { isUpToDate: true, changes: [] } },
  });
  await repository.create({ id: 'a' });
  const { id, event, data } = (await events.next())!;
  expect(event).toBe('next');
  const { sessionChanges } = JSON.parse(data).data;
  expect(sessionChanges).toMatchObject({
    changes: [{ kind: 'CREATED', sessionId: 'a', session: { version: 1 } }],
  });
  expect(id).toBe(sessionChanges.cursor);
});

test('a stream begins before anything has happened', async () => {
  const { url } = await openLive();
  const events = await stream(url, { query: WATCH, variables: { within: null } });
  expect(await events.changes()).toMatchObject({ changes: [] });
});

test('what is committed once the head of the answer is there is told', async () => {
  const { url, repository } = await openLive();
  // Rounds of events follow each other at a distance: the first of a new subscription waits for its round.
  const other = await stream(url, { query: WATCH });
  await other.changes();
  for (let n = 0; n < 5; n += 1) {
    await repository.create({ id: `before-${n}` });
    await other.changes();
    const events = await stream(url, { query: WATCH });
    await repository.create({ id: `after-${n}` });
    const seen: string[] = [];
    while (seen.length === 0) {
      const { changes, isUpToDate } = await events.changes();
      seen.push(...changes.map(({ sessionId }) => sessionId));
      if (changes.length === 0) expect(isUpToDate).toBe(true);
    }
    expect(seen).toEqual([`after-${n}`]);
    await other.changes();
    await events.close();
  }
});

test('Last-Event-ID takes the place of the cursor in the variables', async () => {
  const { url, repository } = await openLive();
  const events = await stream(url, { query: WATCH });
  const { cursor } = await events.changes();
  await repository.create({ id: 'a' });
  const { id } = (await events.next())!;
  await events.close();
  await repository.create({ id: 'b' });
  const resumed = await stream(url, { query: WATCH, variables: { after: cursor } }, { 'last-event-id': id! });
  expect((await resumed.changes()).changes.map(({ sessionId }) => sessionId)).toEqual(['b']);
});

test('a Last-Event-ID that is no cursor is refused', async () => {
  const { url } = await openLive();
  const headers = { ...JSON_TYPE, ...EVENT_STREAM, 'last-event-id': 'nonsense' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query: WATCH }) });
  expect(await outcome(response)).toEqual({ status: 400, codes: ['BAD_USER_INPUT'] });
});

test("an EventSource goes on where it was, without its page's doing", async () => {
  const { url, repository, cut, subscriptions } = await openLive();
  const source = new EventSource(addressOf(url, {}));
  onTestFinished(() => source.close());
  const seen: string[] = [];
  source.addEventListener('next', ({ data }) => {
    const { changes } = JSON.parse(data).data.sessionChanges as ChangesData;
    seen.push(...changes.map(({ kind, sessionId }) => `${kind} ${sessionId}`));
  });
  await until(() => subscriptions() === 1);
  await repository.create({ id: 'a' });
  await until(() => seen.length === 1);
  cut();
  await until(() => subscriptions() === 0);
  await repository.create({ id: 'b' });
  await until(() => seen.length === 2);
  expect(seen).toEqual(['CREATED a', 'CREATED b']);
});

test('graphql-sse gets subscriptions, queries and the errors of either', async () => {
  const { url, repository } = await openLive();
  const client = createClient({ url, retryAttempts: 0 });
  onTestFinished(() => client.dispose());
  const events = client.iterate<{ sessionChanges: ChangesData }>({ query: WATCH });
  expect((await events.next()).value).toMatchObject({ data: { sessionChanges: { changes: [] } } });
  await repository.create({ id: 'a' });
  expect((await events.next()).value).toMatchObject({
    data: { sessionChanges: { changes: [{ sessionId: 'a' }] } },
  });
  await events.return?.();
  const single = client.iterate({ query: '{ __typename }' });
  expect(await single.next()).toEqual({ done: false, value: { data: { __typename: 'Query' } } });
  expect((await single.next()).done).toBe(true);
});

test('the stream ends with the session that it is about', async () => {
  const { url, repository } = await openLive();
  await repository.create({ id: 'a' });
  const events = await stream(url, { query: WATCH, variables: { within: 'a' } });
  await events.changes();
  await repository.delete({ sessionId: 'a', mode: 'RESTRICT' });
  expect((await events.changes()).changes).toMatchObject([{ kind: 'DELETED', sessionId: 'a' }]);
  expect(await events.next()).toEqual({ event: 'complete', data: '' });
  expect(await events.next()).toBe(null);
});

test.each<[name: string, params: object, codes: string[]]>([
  ['a document that is none', { query: 'subscription {' }, ['GRAPHQL_PARSE_FAILED']],
  ['a field that is not there', { query: 'subscription { nope }' }, ['GRAPHQL_VALIDATION_FAILED']],
  ['a variable of the wrong type', { query: WATCH, variables: { within: {} } }, ['BAD_USER_INPUT']],
  ['a cursor that is none', { query: WATCH, variables: { after: 'nonsense' } }, ['BAD_USER_INPUT']],
  ['an id that is none', { query: WATCH, variables: { within: 'no id!' } }, ['BAD_USER_INPUT']],
  ['a session that never was', { query: WATCH, variables: { within: 'none' } }, ['BAD_USER_INPUT']],
  [
    'the stream of a session that never was',
    { query: 'subscription { messageStream(sessionId: "none") { key } }' },
    ['BAD_USER_INPUT'],
  ],
])('%s is refused before the stream begins', async (_name, params, codes) => {
  const { url, subscriptions, lines } = await openLive();
  const body = JSON.stringify(params);
  const response = await fetch(url, { method: 'POST', headers: { ...JSON_TYPE, ...EVENT_STREAM }, body });
  expect(await outcome(response)).toEqual({ status: 400, codes });
  expect(subscriptions()).toBe(0);
  expect(lines).toMatchObject([{ msg: 'request', status: 400, errors: codes }]);
});

test('a client that leaves leaves nothing behind, and one line in the log', async () => {
  const { url, subscriptions, lines, repository } = await openLive();
  const events = await stream(url, { query: WATCH.replace('subscription', 'subscription Watch') });
  await events.changes();
  await repository.create({ id: 'a' });
  await events.changes();
  expect(subscriptions()).toBe(1);
  expect(lines).toEqual([]);
  await events.close();
  await until(() => subscriptions() === 0);
  await until(() => lines.length === 1);
  expect(lines).toMatchObject([
    {
      msg: 'request',
      method: 'POST',
      path: '/graphql',
      operation: 'subscription',
      operationName: 'Watch',
      status: 200,
      events: 2,
    },
  ]);
});

test('HEAD is answered with the head, and subscribes to nothing', async () => {
  const { url, subscriptions } = await openLive();
  const response = await fetch(addressOf(url, {}), { method: 'HEAD', headers: EVENT_STREAM });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(await response.text()).toBe('');
  expect(subscriptions()).toBe(0);
});

test('a page of an allowed origin may read the stream', async () => {
  const { url } = await openLive({ allowedOrigins: ['https://app.example'] });
  const { response } = await stream(url, { query: WATCH }, { origin: 'https://app.example' });
  expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example');
  expect(response.headers.get('vary')).toBe('Origin');
});
