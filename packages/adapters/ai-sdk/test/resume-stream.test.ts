import { type Draft, Sessiontree } from '@sessiontree/client';
import { tool, type UIMessage } from 'ai';
import { convertReadableStreamToArray } from 'ai/test';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { startServer } from '../../support/server.ts';
import { createChatStore } from '../src/index.ts';
import { chatApp } from './chat-app.ts';
import { asJson } from './messages.ts';
import { finish, heldStream, model, reasoning, text, toolCall } from './models.ts';

const url = await startServer();
const client = new Sessiontree(url);
/** As of another process: nothing is shared with the one that speaks. */
const elsewhere = () => createChatStore(new Sessiontree(url));

const textOf = (messages: readonly UIMessage[]) =>
  messages
    .at(-1)!
    .parts.flatMap((part) => (part.type === 'text' ? part.text : []))
    .join('|');

const weather = tool({
  inputSchema: z.object({ city: z.string() }),
  execute: ({ city }) => ({ city, celsius: 21 }),
});

test('a window that comes back sees an answer from its beginning, and then live', async () => {
  const { stream, say, end } = heldStream();
  const first = chatApp(createChatStore(client), model(stream));
  const window = first.window('back');
  const sent = window.sendMessage({ text: 'Tell me a story.' });
  await say(
    { type: 'text-start', id: 't' },
    { type: 'text-delta', id: 't', delta: 'Once ' },
    { type: 'text-delta', id: 't', delta: 'upon ' },
  );
  await expect.poll(() => textOf(window.messages)).toBe('Once upon ');

  const other = elsewhere();
  const resumed = chatApp(other, model()).window('back', await other.loadChat('back'));
  const seen = resumed.resumeStream();
  await expect.poll(() => textOf(resumed.messages)).toBe('Once upon ');
  expect(resumed.status).toBe('streaming');
  await say({ type: 'text-delta', id: 't', delta: 'a time.' }, { type: 'text-end', id: 't' }, finish());
  await end();
  await Promise.all([seen, sent, first.ended()]);
  expect(asJson(resumed.messages)).toEqual(asJson(window.messages));
  expect(await other.loadChat('back')).toEqual(asJson(window.messages));
  expect(resumed.status).toBe('ready');
});

test('an answer goes on when its window is closed', async () => {
  const { stream, say, end } = heldStream();
  const app = chatApp(createChatStore(client), model(stream));
  const window = app.window('closed');
  const sent = window.sendMessage({ text: 'Tell me a story.' });
  await say({ type: 'text-start', id: 't' }, { type: 'text-delta', id: 't', delta: 'Once' });
  await expect.poll(() => textOf(window.messages)).toBe('Once');
  await window.stop();
  await sent;
  await say({ type: 'text-delta', id: 't', delta: ' upon a time.' }, { type: 'text-end', id: 't' }, finish());
  await end();
  await app.ended();
  expect(textOf(await elsewhere().loadChat('closed'))).toBe('Once upon a time.');
});

test('reasoning, tools, several texts and steps come back as they were', async () => {
  const { stream, say, end } = heldStream();
  const steps = [
    [
      ...reasoning('Two ', 'cities.'),
      ...text('First ', 'Lisbon.'),
      ...toolCall('c1', 'weather', { city: 'Lisbon' }),
    ],
    [...reasoning('Now Porto.'), ...toolCall('c2', 'weather', { city: 'Porto' })],
  ];
  const app = chatApp(
    createChatStore(client),
    model([...steps[0]!, finish('tool-calls')], [...steps[1]!, finish('tool-calls')], stream),
    { weather },
  );
  const window = app.window('tools');
  const sent = window.sendMessage({ text: 'How warm is it?' });
  await say(...text('Both ', '21 °C. 🚆'));
  await expect.poll(() => textOf(window.messages)).toBe('First Lisbon.|Both 21 °C. 🚆');

  const other = elsewhere();
  const resumed = chatApp(other, model()).window('tools', await other.loadChat('tools'));
  const seen = resumed.resumeStream();
  await expect.poll(() => textOf(resumed.messages)).toBe('First Lisbon.|Both 21 °C. 🚆');
  await say(finish());
  await end();
  await Promise.all([seen, sent, app.ended()]);
  expect(asJson(resumed.messages)).toEqual(asJson(window.messages));
});

test('who watches the session reads what is said, and that it runs', async () => {
  const { stream, say, end } = heldStream();
  const app = chatApp(
    createChatStore(client),
    model(
      [
        ...reasoning('Think ', 'first.'),
        ...text('One.'),
        ...toolCall('c', 'weather', { city: 'Faro' }),
        finish('tool-calls'),
      ],
      stream,
    ),
    { weather },
  );
  const window = app.window('watched');
  const sent = window.sendMessage({ text: 'Count.' });
  await say(...text('Two.'));
  await expect.poll(() => textOf(window.messages)).toBe('One.|Two.');
  expect(await client.sessions.get('watched')).toMatchObject({ status: 'RUNNING' });
  const drafts: Draft[] = [];
  const stop = new AbortController();
  const watched = (async () => {
    for await (const draft of client.history.watchMessages('watched', stop)) drafts.push(draft);
  })();
  await expect.poll(() => drafts.at(-1)?.content).toBe('One.\n\nTwo.');
  expect(drafts.at(-1)).toMatchObject({ role: 'ASSISTANT', reasoning: 'Think first.' });
  await say(finish());
  await end();
  await Promise.all([sent, app.ended()]);
  expect(await client.sessions.get('watched')).toMatchObject({ status: 'IDLE', historyLength: 2 });
  await expect.poll(() => drafts.at(-1)?.isDone).toBe(true);
  stop.abort();
  await watched;
});

test('a chat in which nothing is said answers with 204, at once', async () => {
  const { saveChat, resumeStream } = elsewhere();
  await saveChat({ chatId: 'silent', messages: [{ id: 'u1', role: 'user', parts: [] }] });
  const app = chatApp(elsewhere(), model());
  const responses = [await app.GET('silent'), await app.GET('nowhere')];
  expect(responses.map(({ status }) => status)).toEqual([204, 204]);
  // Longer than the test may take: whoever waits for a first chunk fails it.
  expect(await resumeStream('silent', { waitMs: 60_000 })).toBeNull();
  const window = app.window('silent');
  await window.resumeStream();
  expect(window.status).toBe('ready');
});

test('a chat whose process is gone answers with 204 after a while', async () => {
  await client.sessions.create({ id: 'gone', status: 'RUNNING' });
  expect(await elsewhere().resumeStream('gone', { waitMs: 50 })).toBeNull();
});

test('a stream that breaks off is told, and its session has failed', async () => {
  const { stream, say, fail } = heldStream();
  const app = chatApp(createChatStore(client), model(stream));
  const window = app.window('broken');
  const sent = window.sendMessage({ text: 'Tell me a story.' });
  await say({ type: 'text-start', id: 't' }, { type: 'text-delta', id: 't', delta: 'Once' });
  await expect.poll(() => textOf(window.messages)).toBe('Once');
  const resumed = await elsewhere().resumeStream('broken');
  const chunks = convertReadableStreamToArray(resumed!);
  await fail(new Error('The model is gone.'));
  await Promise.all([sent, app.ended()]);
  expect((await chunks).at(-1)).toMatchObject({ type: 'error' });
  expect(await client.sessions.get('broken')).toMatchObject({
    status: 'FAILED',
    statusMessage: expect.stringContaining('The model is gone.'),
  });
});

test('a watch that fails while nobody reads is told to whoever reads next, and ends no process', async () => {
  const connection = new AbortController();
  let refused = 0;
  const expiring = new Sessiontree(url, {
    fetch: async (input, init) => {
      if (new Headers(init?.headers).get('accept') !== 'text/event-stream') return fetch(input, init);
      if (connection.signal.aborted) {
        refused += 1;
        return new Response('Expected a token, got none.', { status: 401 });
      }
      return fetch(input, { ...init, signal: AbortSignal.any([init!.signal!, connection.signal]) });
    },
  });
  const { stream, say, end } = heldStream();
  const app = chatApp(createChatStore(client), model(stream));
  const window = app.window('expired');
  const sent = window.sendMessage({ text: 'Tell me a story.' });
  await say({ type: 'text-start', id: 't' }, { type: 'text-delta', id: 't', delta: 'Once' });
  await expect.poll(() => textOf(window.messages)).toBe('Once');
  const resumed = (await createChatStore(expiring).resumeStream('expired'))!;
  const unhandled: unknown[] = [];
  const listener = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', listener);
  onTestFinished(() => void process.off('unhandledRejection', listener));
  connection.abort();
  await expect.poll(() => refused).toBe(1);
  // Rejections without a handler are reported after the microtasks.
  await new Promise((resolve) => setTimeout(resolve, 50));
  await expect(convertReadableStreamToArray(resumed)).rejects.toMatchObject({ status: 401 });
  expect(unhandled).toEqual([]);
  await say(finish());
  await end();
  await Promise.all([sent, app.ended()]);
});

test('a stream that is resumed goes on after a lost connection, without a repeat', async () => {
  const connection = new AbortController();
  let watches = 0;
  const flaky = new Sessiontree(url, {
    fetch: async (input, init) => {
      if (new Headers(init?.headers).get('accept') !== 'text/event-stream') return fetch(input, init);
      const signals = connection.signal.aborted ? [] : [connection.signal];
      const response = await fetch(input, { ...init, signal: AbortSignal.any([init!.signal!, ...signals]) });
      watches += 1;
      return response;
    },
  });
  const { stream, say, end } = heldStream();
  const app = chatApp(createChatStore(client), model(stream));
  const window = app.window('cut');
  const sent = window.sendMessage({ text: 'Tell me a story.' });
  await say({ type: 'text-start', id: 't' }, { type: 'text-delta', id: 't', delta: 'Once ' });
  await expect.poll(() => textOf(window.messages)).toBe('Once ');
  const store = createChatStore(flaky);
  const resumed = chatApp(store, model()).window('cut', await store.loadChat('cut'));
  const seen = resumed.resumeStream();
  await expect.poll(() => textOf(resumed.messages)).toBe('Once ');
  connection.abort();
  await expect.poll(() => watches).toBe(2);
  await say({ type: 'text-delta', id: 't', delta: 'upon a time.' }, { type: 'text-end', id: 't' }, finish());
  await end();
  await Promise.all([sent, seen, app.ended()]);
  expect(asJson(resumed.messages)).toEqual(asJson(window.messages));
});
