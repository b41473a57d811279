import { type AgentInputItem, isRunContextAwareSession } from '@openai/agents';
import { assistantMessage, functionCall } from '@openai/agents/testing';
import { InvalidInputError, SessionArchivedError } from '@sessiontree/client';
import { expect, test } from 'vitest';
import { CountedClient } from '../../support/counted-client.ts';
import { startServer } from '../../support/server.ts';
import { SessiontreeSession } from '../src/index.ts';
import { messagesOf, rejection, user, users } from './support.ts';

const url = await startServer();
const client = new CountedClient(url);
const newSession = (key?: string) => new SessiontreeSession(client, { key });

test('a session is a Session of the SDK that wants the context of the run', () => {
  expect(isRunContextAwareSession(newSession())).toBe(true);
});

test('the id of a session is its key: the given one, or another one for each session', async () => {
  expect(await newSession('chat/1').getSessionId()).toBe('chat/1');
  expect(await newSession().getSessionId()).not.toBe(await newSession().getSessionId());
});

test('items come back as they were added, in their order, to any process', async () => {
  const items: AgentInputItem[] = [
    user('Hi'),
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 'a' },
        { type: 'input_image', image: 'data:,' },
      ],
    },
    {
      type: 'reasoning',
      id: 'rs_1',
      content: [{ type: 'input_text', text: 'Hm.' }],
      providerData: { a: null },
    },
    functionCall('weather', { city: 'Porto', deep: [{ x: 1.5 }] }, { callId: 'call_1' }),
    {
      type: 'function_call_result',
      name: 'weather',
      callId: 'call_1',
      status: 'completed',
      output: { type: 'text', text: 'Sun' },
    },
    assistantMessage('Sun.', { id: 'msg_1', providerData: { model: 'm' } }),
    { type: 'compaction', encrypted_content: 'x' },
    { type: 'unknown', providerData: { what: 'ever' } },
  ];
  await newSession('all').addItems(items.slice(0, 2));
  await newSession('all').addItems(items.slice(2));
  expect(await newSession('all').getItems()).toEqual(items);
});

test('text comes back exactly: emoji, NUL, halves of surrogate pairs, line separators', async () => {
  const items = users('Grüße 👩‍👩‍👧 日本', 'a\u0000b', '\ud800 and \udc00', '\u2028"\\\r\n', '');
  const session = newSession('unicode');
  await session.addItems(items);
  expect(await session.getItems()).toEqual(items);
  const contents = (await messagesOf(client, 'unicode')).map(({ content }) => content);
  expect(contents.slice(1, 3)).toEqual(['a\ufffdb', '\ufffd and \ufffd']);
});

test('an item of several MiB is kept whole, and the beginning of its text is searched', async () => {
  const session = newSession('large');
  const text = `lighthouse ${'é'.repeat(3 * 1024 * 1024)}`;
  await session.addItems(users(text));
  expect(await session.getItems()).toEqual(users(text));
  const [hit] = await client.search('lighthouse').toArray(1);
  expect(hit?.message.session.key).toBe('large');
});

test('bytes become a data URL, as the runner makes them', async () => {
  const image = {
    type: 'image',
    image: { data: new Uint8Array([1, 2, 3]), mediaType: 'image/png' },
  } as const;
  const item: AgentInputItem = {
    type: 'function_call_result',
    name: 'draw',
    callId: 'c',
    status: 'completed',
    output: image,
  };
  const session = newSession('bytes');
  await session.addItems([item]);
  expect(await session.getItems()).toMatchObject([
    { output: { image: { data: 'data:image/png;base64,AQID' } } },
  ]);
});

test('a change of an item after it was added, or of one that was read, changes nothing', async () => {
  const session = newSession('own');
  const items = users('a') as { content: string }[];
  const adding = session.addItems(items as AgentInputItem[]);
  items[0]!.content = 'b';
  await adding;
  ((await session.getItems())[0] as { content: string }).content = 'c';
  expect(await session.getItems()).toEqual(users('a'));
});

test('a limit gives the latest items, the oldest of them first', async () => {
  const session = newSession('limit');
  await session.addItems(users('1', '2', '3', '4', '5'));
  expect(await session.getItems(2)).toEqual(users('4', '5'));
  expect(await session.getItems(9)).toHaveLength(5);
  expect(await session.getItems(0)).toEqual([]);
  expect(await session.getItems(-1)).toEqual([]);
});

test('a history of more than 1,000 items is read whole and in order, and to any limit', async () => {
  const session = newSession('long');
  const texts = Array.from({ length: 2_300 }, (_, n) => `${n}`);
  for (let start = 0; start < texts.length; start += 1_000)
    await session.addItems(users(...texts.slice(start, start + 1_000)));
  expect(await session.getItems()).toEqual(users(...texts));
  expect(await session.getItems(1_500)).toEqual(users(...texts.slice(-1_500)));
  expect(await client.requestsOf(() => session.getItems())).toBe(3);
  expect(await client.requestsOf(() => session.getItems(1_000))).toBe(1);
});

test('a session that was never written is empty, and reading or clearing does not make it', async () => {
  const session = newSession('never');
  expect(await session.getItems()).toEqual([]);
  expect(await session.popItem()).toBeUndefined();
  await session.clearSession();
  await session.addItems([]);
  expect(await client.sessions.get({ key: 'never' })).toBeNull();
});

test('popping takes the latest items one by one, and undefined from an empty session', async () => {
  const session = newSession('pop');
  await session.addItems(users('1', '2'));
  expect(await session.popItem()).toEqual(user('2'));
  expect(await session.getItems()).toEqual(users('1'));
  expect(await session.popItem()).toEqual(user('1'));
  expect(await session.popItem()).toBeUndefined();
});

test('20 pops at once are 20 requests, and each has an item of its own', async () => {
  const session = newSession('pops');
  const texts = Array.from({ length: 20 }, (_, n) => `${n}`);
  await session.addItems(users(...texts, 'extra').slice(0, 20));
  let popped: (AgentInputItem | undefined)[] = [];
  const requests = await client.requestsOf(async () => {
    popped = await Promise.all(texts.map(() => session.popItem()));
  });
  expect(requests).toBe(20);
  expect(popped.map((item) => (item as { content: string }).content).sort()).toEqual([...texts].sort());
  expect(await session.getItems()).toEqual([]);
});

test('adds at once all stay, each with its items together', async () => {
  const session = newSession('adds');
  await Promise.all(Array.from({ length: 20 }, (_, n) => session.addItems(users(`${n}a`, `${n}b`))));
  const texts = (await session.getItems()).map((item) => (item as { content: string }).content);
  expect(texts).toHaveLength(40);
  for (const [index, text] of texts.entries())
    if (text.endsWith('a')) expect(texts[index + 1]).toBe(text.replace('a', 'b'));
});

test('clearing drops all items, and the session can be used again', async () => {
  const session = newSession('clear');
  await session.addItems(users('1', '2'));
  await session.clearSession();
  expect(await session.getItems()).toEqual([]);
  await session.addItems(users('3'));
  expect(await session.getItems()).toEqual(users('3'));
});

test('sessions do not see each other, nor do sessions of two users with one key', async () => {
  const ann = new SessiontreeSession(client, { key: 'mine', ownerId: 'ann' });
  const bob = new SessiontreeSession(client, { key: 'mine', ownerId: 'bob' });
  await ann.addItems(users('ann'));
  expect(await bob.getItems()).toEqual([]);
  await bob.addItems(users('bob'));
  await bob.popItem();
  await bob.clearSession();
  expect(await ann.getItems()).toEqual(users('ann'));
  expect((await client.sessions.get({ key: 'mine', ownerId: 'ann' }))?.userId).toBe('ann');
});

test('an add that is refused for one item adds none, and loses none', async () => {
  const session = newSession('refused');
  await session.addItems(users('1'));
  const deep = JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`);
  const bad = { type: 'unknown', providerData: { deep } } as AgentInputItem;
  expect(await rejection(session.addItems([user('2'), bad]))).toBeInstanceOf(InvalidInputError);
  expect(await session.getItems()).toEqual(users('1'));
});

test('a pop that is refused says why in a class of the client', async () => {
  const session = newSession('archived');
  await session.addItems(users('1'));
  await client.sessions.archive((await client.sessions.get({ key: 'archived' }))!.id);
  expect(await rejection(session.popItem())).toBeInstanceOf(SessionArchivedError);
  expect(await session.getItems()).toEqual(users('1'));
});

test('each call is one request, the first one too', async () => {
  const session = newSession('requests');
  const counts = [
    await client.requestsOf(() => session.getSessionId()),
    await client.requestsOf(() => session.getItems()),
    await client.requestsOf(() => session.addItems(users('1', '2', '3'))),
    await client.requestsOf(() => session.getItems(2)),
    await client.requestsOf(() => session.popItem()),
    await client.requestsOf(() => session.replaceHistoryWithCompaction(users('c'))),
    await client.requestsOf(() => session.clearSession()),
  ];
  expect(counts).toEqual([0, 1, 1, 1, 1, 1, 1]);
});

test('an answer that is lost is asked for again, and nothing is done twice', async () => {
  let isLost = false;
  const unlucky = new CountedClient(url, {
    fetch: async (...request) => {
      const answer = await fetch(...request);
      if (!isLost) return answer;
      isLost = false;
      throw new TypeError('The connection broke.');
    },
  });
  const session = new SessiontreeSession(unlucky, { key: 'lost' });
  isLost = true;
  await session.addItems(users('1', '2', '3'));
  isLost = true;
  expect(await session.popItem()).toEqual(user('3'));
  expect(await session.getItems()).toEqual(users('1', '2'));
});

test('a session has what it is made of from its first write', async () => {
  const session = new SessiontreeSession(client, {
    key: 'described',
    ownerId: 'ada',
    title: 'Trip',
    agentName: 'planner',
    project: 'travel',
    metadata: { a: 1 },
  });
  await session.addItems(users('1'));
  expect(await client.sessions.get({ key: 'described', ownerId: 'ada' })).toMatchObject({
    title: 'Trip',
    agentName: 'planner',
    project: 'travel',
    metadata: { a: 1 },
    userId: 'ada',
  });
});

test('a message that another program wrote without an item is an error that says where', async () => {
  const { session } = await client.sessions.create({ key: 'foreign' });
  await client.history.append(session.id, { role: 'USER', content: 'Hi' });
  expect(String(await rejection(newSession('foreign').getItems()))).toMatch(
    /Expected an item of the OpenAI Agents SDK .* position 0 has none/,
  );
});
