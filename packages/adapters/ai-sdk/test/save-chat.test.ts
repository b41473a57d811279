import { Sessiontree } from '@sessiontree/client';
import {
  convertToModelMessages,
  generateId,
  stepCountIs,
  streamText,
  tool,
  toUIMessageStream,
  type UIMessage,
  validateUIMessages,
} from 'ai';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { CountedClient } from '../../support/counted-client.ts';
import { startServer } from '../../support/server.ts';
import { type ChatStore, createChatStore, messageMetadata } from '../src/index.ts';
import { answers, asJson, idsOf, says } from './messages.ts';
import { finish, heldStream, type ModelPart, model, reasoning, text, toolCall } from './models.ts';

const url = await startServer();
const client = new Sessiontree(url);

const weather = tool({
  description: 'The weather in a city',
  inputSchema: z.object({ city: z.string() }),
  execute: ({ city }) => ({ city, celsius: 21 }),
});

/** A turn as the AI SDK's documentation has it: everything is saved once the answer is complete. */
async function turn(
  { saveChat }: ChatStore,
  chatId: string,
  messages: UIMessage[],
  steps: readonly (readonly ModelPart[] | ReadableStream<ModelPart>)[],
  abortSignal?: AbortSignal,
): Promise<UIMessage[]> {
  const result = streamText({
    model: model(...steps),
    messages: await convertToModelMessages(messages),
    tools: { weather },
    stopWhen: stepCountIs(3),
    ...(abortSignal && { abortSignal }),
  });
  let all: UIMessage[] = [];
  const stream = toUIMessageStream({
    stream: result.stream,
    originalMessages: messages,
    generateMessageId: generateId,
    messageMetadata,
    onEnd: async ({ messages }) => {
      all = messages;
      await saveChat({ chatId, messages });
    },
  });
  await stream.pipeTo(new WritableStream());
  return all;
}

test('a chat of the model with reasoning, tools and text loads as it was saved, one request each', async () => {
  const client = new CountedClient(url);
  const store = createChatStore(client);
  const chatId = await store.createChat({ title: 'Weather' });
  const saved = await turn(
    store,
    chatId,
    [says('u1', 'How warm is it in Lisbon?')],
    [
      [
        ...reasoning('I need ', 'the weather.'),
        ...toolCall('call_1', 'weather', { city: 'Lisbon' }),
        finish('tool-calls'),
      ],
      [...text('It is ', '21 °C.'), finish()],
    ],
  );
  expect(client.takeRequests()).toEqual(['createSession', 'writeHistory']);

  const loaded = await store.loadChat(chatId);
  expect(client.takeRequests()).toEqual(['session']);
  expect(loaded).toEqual(asJson(saved));
  expect(loaded[1]!.parts.map(({ type }) => type)).toEqual([
    'step-start',
    'reasoning',
    'tool-weather',
    'step-start',
    'text',
  ]);
  expect(await validateUIMessages({ messages: loaded, tools: { weather } })).toHaveLength(2);
});

test('what an answer says, thinks, calls and costs is found outside its parts', async () => {
  const store = createChatStore(client);
  const chatId = await store.createChat();
  await turn(
    store,
    chatId,
    [says('u1', 'And in Porto?')],
    [
      [
        ...reasoning('Porto is rainy.'),
        ...toolCall('call_1', 'weather', { city: 'Porto' }),
        finish('tool-calls'),
      ],
      [...text('Bring an umbrella.'), finish()],
    ],
  );
  const [question, answer] = await client.history.list(chatId).toArray();
  expect(question).toMatchObject({ key: 'u1', role: 'USER', content: 'And in Porto?' });
  expect(answer).toMatchObject({
    role: 'ASSISTANT',
    content: 'Bring an umbrella.',
    reasoning: 'Porto is rainy.',
    model: 'mock-1',
    toolCalls: [{ toolCallId: 'call_1', name: 'weather', arguments: { city: 'Porto' } }],
    usage: { inputTokens: 40, outputTokens: 18, cacheReadTokens: 16, reasoningTokens: 8 },
  });
  const [hit] = await client.search('umbrella', { within: chatId }).toArray();
  expect(hit?.message.id).toBe(answer!.id);
});

test('a regenerated answer takes the place of the old one and of what followed', async () => {
  const client = new CountedClient(url);
  const store = createChatStore(client);
  const first = await turn(
    store,
    'regenerate',
    [says('u1', 'A train to Porto?')],
    [[...text('At nine.'), finish()]],
  );
  await turn(store, 'regenerate', [...first, says('u2', 'Later?')], [[...text('At ten.'), finish()]]);
  client.takeRequests();
  const again = await turn(store, 'regenerate', [first[0]!], [[...text('At eleven.'), finish()]]);
  expect(client.takeRequests()).toEqual(['writeHistory']);
  expect(await store.loadChat('regenerate')).toEqual(asJson(again));
  expect(again).toHaveLength(2);
});

test('a question edited in place gets its new words and its new answer', async () => {
  const client = new CountedClient(url);
  const store = createChatStore(client);
  const first = await turn(
    store,
    'edit',
    [says('u1', 'A train to Porto?')],
    [[...text('At nine.'), finish()]],
  );
  await turn(store, 'edit', [...first, says('u2', 'Later?')], [[...text('At ten.'), finish()]]);
  client.takeRequests();
  const edited = await turn(
    store,
    'edit',
    [says('u1', 'A bus to Porto?')],
    [[...text('At noon.'), finish()]],
  );
  expect(client.takeRequests()).toEqual(['writeHistory']);
  expect(await store.loadChat('edit')).toEqual(asJson(edited));
});

test('an aborted answer is saved as far as it came, and its turn goes on under the same id', async () => {
  const store = createChatStore(client);
  const { stream, say } = heldStream();
  const abort = new AbortController();
  const said = turn(store, 'abort', [says('u1', 'Tell me a story.')], [stream], abort.signal);
  await say({ type: 'text-start', id: 't' }, { type: 'text-delta', id: 't', delta: 'Once upon' });
  abort.abort();
  const partial = await said;
  expect(await store.loadChat('abort')).toEqual(asJson(partial));

  const answer = { ...partial[1]!, parts: [{ type: 'text' as const, text: 'Once upon a time.' }] };
  await store.saveChat({ chatId: 'abort', messages: [partial[0]!, answer] });
  expect(await store.loadChat('abort')).toEqual([partial[0], answer].map(asJson));
});

test('files of several mebibytes, data parts, metadata and odd texts come back as they were', async () => {
  const client = new CountedClient(url);
  const store = createChatStore(client);
  const image = `data:image/png;base64,${'iVBORw0KGgo'.repeat(250_000)}`;
  const messages: UIMessage[] = [
    {
      id: 'u1',
      role: 'user',
      metadata: { createdAt: 1_764_410_400_000, nested: { empty: null, list: [] } },
      parts: [
        { type: 'file', mediaType: 'image/png', filename: 'map.png', url: image },
        { type: 'text', text: 'What is this? \u0000 \ud800 \u2028 "quoted" 🚆' },
      ],
    },
    {
      id: 'a1',
      role: 'assistant',
      parts: [
        { type: 'data-places', id: 'p', data: { places: [{ name: 'Lisbon', __proto__: null }] } },
        { type: 'source-url', sourceId: 's', url: 'https://example.com/', title: 'A map' },
        {
          type: 'dynamic-tool',
          toolName: 'zoom',
          toolCallId: 'z',
          state: 'output-error',
          input: 3,
          errorText: 'No.',
        },
        { type: 'text', text: 'x'.repeat(1_500_000), providerMetadata: { p: { cached: true } } },
      ],
    },
  ];
  await store.saveChat({ chatId: 'files', messages });
  expect(client.takeRequests()).toEqual(['session', 'writeHistory']);
  expect(await store.loadChat('files')).toEqual(asJson(messages));
  const [hit] = await client.search('map', { within: 'files' }).toArray();
  expect(hit?.message.content).toMatch(/^\[map\.png\]/);
});

test('a turn of a chat with many images sends only what is new', async () => {
  const sizes: number[] = [];
  const measured = new Sessiontree(url, {
    fetch: (input, init) => {
      sizes.push(String(init?.body).length);
      return fetch(input, init);
    },
  });
  const { saveChat, loadChat } = createChatStore(measured);
  const image = `data:image/png;base64,${'A'.repeat(1024 * 1024)}`;
  const messages = Array.from(
    { length: 12 },
    (_, at): UIMessage => ({
      id: `m${at}`,
      role: at % 2 ? 'assistant' : 'user',
      parts: [{ type: 'file', mediaType: 'image/png', url: image }],
    }),
  );
  await saveChat({ chatId: 'images', messages });
  // Its beginning is more than one request may have: it comes in parts.
  expect(sizes.filter((size) => size > 1_000_000).every((size) => size < 12 * 1024 * 1024)).toBe(true);
  const count = sizes.length;
  await saveChat({ chatId: 'images', messages: [...messages, says('last', 'Thanks.')] });
  expect(sizes.length).toBe(count + 1);
  expect(sizes.at(-1)).toBeLessThan(2_000);
  expect(idsOf(await loadChat('images'))).toEqual([...idsOf(messages), 'last']);
});

test('a chat that was deleted stays so, and one that never was is not found', async () => {
  const { createChat, loadChat, saveChat } = createChatStore(client);
  const chatId = await createChat();
  await client.sessions.delete(chatId);
  await expect(saveChat({ chatId, messages: [says('u1', 'Late')] })).rejects.toMatchObject({
    name: 'SessionExistsError',
  });
  await expect(loadChat('../etc/passwd')).rejects.toMatchObject({ name: 'SessionNotFoundError' });
});

test('messages of other programs are part of the chat', async () => {
  const { loadChat, saveChat } = createChatStore(client);
  const { session } = await client.sessions.create({
    messages: [
      { role: 'USER', content: 'Plan a trip', payload: { role: 'user', content: 'Plan a trip' } },
      { role: 'EVENT', kind: 'compaction' },
      { role: 'ASSISTANT', content: 'Lisbon?', key: 'other-1' },
    ],
  });
  const loaded = await loadChat(session.id);
  expect(loaded.map(({ role, parts }) => [role, parts])).toEqual([
    ['user', [{ type: 'text', text: 'Plan a trip' }]],
    ['assistant', [{ type: 'text', text: 'Lisbon?' }]],
  ]);
  await saveChat({ chatId: session.id, messages: [loaded[0]!, answers('a2', 'Porto?')] });
  const roles = (await client.history.list(session.id).toArray()).map(({ role, key }) => [role, key]);
  expect(roles).toEqual([
    ['USER', null],
    ['EVENT', null],
    ['ASSISTANT', 'a2'],
  ]);
});

test('answers without an id, which the stream was given none for, are saved as well', async () => {
  const { loadChat, saveChat } = createChatStore(client);
  const first = [says('u1', 'Hello'), answers('', 'Hello.')];
  await saveChat({ chatId: 'nameless', messages: first });
  await saveChat({ chatId: 'nameless', messages: [...first, says('u2', 'Tea?'), answers('', 'Yes.')] });
  expect((await loadChat('nameless')).map(({ id }) => id)).toEqual(['u1', '', 'u2', '']);
  // The window knows the answers by ids of its own.
  const shown = [says('u1', 'Hello'), answers('w1', 'Hello.'), says('u2', 'Tea?'), answers('w2', 'Yes.')];
  const next = [...shown, says('u3', 'Now?'), answers('', 'Yes.')];
  await saveChat({ chatId: 'nameless', messages: next });
  expect(await loadChat('nameless')).toEqual(next);
});

test('chats belong to the user and the project that the store was given', async () => {
  const { createChat, saveChat } = createChatStore(client, { create: { project: 'shop', userId: 'ada' } });
  const { session } = { session: await client.sessions.get(await createChat({ title: 'Shoes' })) };
  expect(session).toMatchObject({ project: 'shop', userId: 'ada', title: 'Shoes' });
  await saveChat({ chatId: 'of-ada', messages: [says('u1', 'Hello')] });
  expect(await client.sessions.get('of-ada')).toMatchObject({ project: 'shop', userId: 'ada' });
});
