import { expect, test } from 'vitest';
import { SessionNotFoundError } from '../src/index.ts';
import { openClient, rejection } from './support.ts';

test('one message or several are appended; the answer has their ids and positions', async () => {
  const client = await openClient();
  await client.sessions.create({ id: 's' });
  const one = await client.history.append('s', { role: 'USER', content: 'Hi', key: 'k' });
  expect(one).toEqual({
    session: {
      id: 's',
      key: null,
      version: 2,
      status: 'IDLE',
      messageCount: 1,
      historyLength: 1,
      lastActiveAt: expect.any(String),
    },
    messages: [{ id: 's:0', key: 'k', position: 0, createdAt: expect.any(String) }],
  });
  const two = await client.history.append('s', [
    { role: 'ASSISTANT', content: 'Hello' },
    { role: 'EVENT', kind: 'abort' },
  ]);
  expect(two.messages.map(({ id }) => id)).toEqual(['s:1', 's:2']);
  await client.history.append('s', { role: 'USER', content: 'Hi!', key: 'k' }, { onKey: 'REPLACE' });
  expect((await client.history.list('s').toArray()).map(({ content }) => content)).toEqual([
    'Hi!',
    'Hello',
    '',
  ]);
});

test('a turn is written in one step, to a session that is made for it', async () => {
  const client = await openClient();
  const turn = {
    key: 'chat/42',
    create: { agentName: 'planner' },
    onKey: 'REPLACE',
    status: 'RUNNING',
  } as const;
  const first = await client.history.write({
    ...turn,
    messages: [{ key: 'm1', role: 'USER', content: 'a' }],
  });
  expect(first).toMatchObject({
    isNew: true,
    removedCount: 0,
    session: { key: 'chat/42', status: 'RUNNING' },
  });
  const second = await client.history.write({
    ...turn,
    dropLast: 1,
    messages: [{ key: 'm2', role: 'USER', content: 'b' }],
  });
  expect(second).toMatchObject({ isNew: false, removedCount: 1, messages: [{ key: 'm2', position: 0 }] });
});

test('a history is listed from both ends, from a place, cut, and by roles', async () => {
  const client = await openClient();
  const messages = Array.from({ length: 7 }, (_, n) => ({
    role: n % 2 === 0 ? ('USER' as const) : ('ASSISTANT' as const),
    content: `message ${n}`,
  }));
  await client.sessions.create({ id: 's', messages });
  const numbers = async (list: object) =>
    (await client.history.list('s', list).toArray()).map(({ position }) => position);
  expect(await numbers({ pageSize: 3 })).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(await numbers({ pageSize: 3, reverse: true })).toEqual([6, 5, 4, 3, 2, 1, 0]);
  expect(await numbers({ pageSize: 2, fromPosition: 3 })).toEqual([3, 4, 5, 6]);
  expect(await numbers({ pageSize: 2, fromMessageId: 's:5' })).toEqual([5, 6]);
  expect(await numbers({ roles: ['ASSISTANT'] })).toEqual([1, 3, 5]);
  const [first] = await client.history.list('s', { maxContentLength: 4 }).toArray(1);
  expect(first).toMatchObject({ content: 'mess', contentLength: 9 });
});

test('payloads come only where they are asked for', async () => {
  const client = await openClient();
  const payload = [{ type: 'text', text: 'Hi' }];
  await client.sessions.create({ id: 's', messages: [{ role: 'USER', content: 'Hi', payload }] });
  expect((await client.history.list('s').page()).items[0]).not.toHaveProperty('payload');
  expect((await client.history.list('s', { withPayloads: true }).page()).items[0]).toHaveProperty(
    'payload',
    payload,
  );
});

test('the history of a session that is not there is no empty one', async () => {
  const client = await openClient();
  expect(await rejection(client.history.list('none').toArray())).toBeInstanceOf(SessionNotFoundError);
});

test('a rollback keeps the first messages', async () => {
  const client = await openClient();
  const messages = ['a', 'b', 'c'].map((content) => ({ role: 'USER' as const, content }));
  await client.sessions.create({ id: 's', messages });
  expect(await client.history.truncate('s', 1, { dryRun: true })).toMatchObject({
    isDryRun: true,
    removedCount: 2,
  });
  expect(await client.history.truncate('s', 1)).toMatchObject({
    removedCount: 2,
    session: { historyLength: 1 },
  });
});

test('a search finds messages, page by page', async () => {
  const client = await openClient();
  const texts = ['Lisbon in May', 'Porto', 'Lisbon in June', 'to << Lisbon'];
  await client.sessions.create({
    id: 'trip',
    title: 'Plan a trip',
    messages: texts.map((content) => ({ role: 'USER', content })),
  });
  const search = client.search('lisbon', { within: 'trip', pageSize: 2 });
  const page = await search.page();
  expect(page).toMatchObject({ isComplete: true, totalCount: 3 });
  const hits = await search.toArray();
  expect(hits.map(({ message }) => message.content).toSorted()).toEqual([texts[2], texts[0], texts[3]]);
  expect(hits[0]!.message.session).toMatchObject({ id: 'trip', title: 'Plan a trip' });
  expect(hits[0]!.snippetParts).toContainEqual({ text: 'Lisbon', isMatch: true });
  expect(await client.search('lisbon', { roles: ['ASSISTANT'] }).toArray()).toEqual([]);
});
