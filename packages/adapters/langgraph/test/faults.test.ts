import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { AIMessage } from '@langchain/core/messages';
import { MemorySaver, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph';
import { expect, onTestFinished, test } from 'vitest';
import { CutProxy } from '../../../../test/support/cut-proxy.ts';
import { startServer } from '../../support/server.ts';
import { asked, configOf, drawn, newThread, openRecording, ScriptedModel } from './support.ts';

const url = await startServer(['--limit', 'contentBytes=400000']);

/** A graph that answers each question with these messages. */
const graphOf = (answer: () => AIMessage[]) =>
  new StateGraph(MessagesAnnotation)
    .addNode('answer', () => ({ messages: answer() }))
    .addEdge(START, 'answer')
    .compile({ checkpointer: new MemorySaver() });

test('while the server is away, the graph goes on and onError gets the reason; later writes bring what was missed, once', async () => {
  const proxy = await CutProxy.open(null);
  try {
    const { recorder, errors } = openRecording(proxy.url, {}, { maxRetries: 0 });
    const thread = newThread();
    const graph = graphOf(() => [new AIMessage('here')]);
    for (const question of ['one', 'two']) {
      await graph.invoke(asked(question), configOf({ recorder }, thread));
      await recorder.flush();
    }
    expect(errors).toMatchObject([{ code: 'CONNECTION_FAILED' }, { code: 'CONNECTION_FAILED' }]);
    proxy.lead(Number(new URL(url).port));
    await graph.invoke(asked('three'), configOf({ recorder }, thread));
    await recorder.flush();
    expect(errors).toHaveLength(2);
    const { client } = openRecording(url);
    expect(await drawn(client, `langgraph:${thread}`)).toEqual([
      '- "one" COMPLETED',
      ...['one', 'two', 'three'].flatMap((question) => [`  USER: ${question}`, '  ASSISTANT: here']),
    ]);
  } finally {
    proxy.close();
  }
});

test('what could not be written is written without another turn once the server is back', async () => {
  const proxy = await CutProxy.open(null);
  try {
    const { recorder, errors } = openRecording(proxy.url, { delayMs: 60_000 }, { maxRetries: 0 });
    const thread = newThread();
    await graphOf(() => [new AIMessage('here')]).invoke(asked('one'), configOf({ recorder }, thread));
    await recorder.flush();
    expect(errors).toMatchObject([{ code: 'CONNECTION_FAILED' }]);
    proxy.lead(Number(new URL(url).port));
    const { client } = openRecording(url);
    await expect
      .poll(() => drawn(client, `langgraph:${thread}`))
      .toEqual(['- "one" COMPLETED', '  USER: one', '  ASSISTANT: here']);
  } finally {
    proxy.close();
  }
});

test('a subgraph whose parent could not be written comes in after it', async () => {
  const proxy = await CutProxy.open(null);
  try {
    const { recorder, errors } = openRecording(proxy.url, { delayMs: 60_000 }, { maxRetries: 0 });
    const thread = newThread();
    const inner = new StateGraph(MessagesAnnotation)
      .addNode('say', () => ({ messages: [new AIMessage('inner')] }))
      .addEdge(START, 'say')
      .compile({ name: 'inner' });
    const graph = new StateGraph(MessagesAnnotation)
      .addNode('sub', inner)
      .addEdge(START, 'sub')
      .compile({ checkpointer: new MemorySaver() });
    await graph.invoke(asked('Go'), configOf({ recorder }, thread));
    await recorder.flush();
    proxy.lead(Number(new URL(url).port));
    await recorder.flush();
    expect(errors).toMatchObject([{ code: 'CONNECTION_FAILED' }]);
    const { client } = openRecording(url);
    expect(await drawn(client, `langgraph:${thread}`)).toEqual([
      '- "Go" COMPLETED',
      '  USER: Go',
      '  ASSISTANT (copy): inner',
      '    inner "inner" COMPLETED',
      '      ASSISTANT: inner',
    ]);
  } finally {
    proxy.close();
  }
});

test('of the messages that wait, the oldest are given up, and reported, beyond ten thousand', async () => {
  const proxy = await CutProxy.open(null);
  try {
    const { recorder, errors } = openRecording(proxy.url, { delayMs: 60_000 }, { maxRetries: 0 });
    const thread = newThread();
    const many = Array.from(
      { length: 10_002 },
      (_, n) => new AIMessage({ id: `${thread}-${n}`, content: `${n}` }),
    );
    const graph = new StateGraph(MessagesAnnotation)
      .addNode('none', () => ({}))
      .addEdge(START, 'none')
      .compile();
    await graph.invoke({ messages: many }, configOf({ recorder }, thread));
    await recorder.flush();
    proxy.lead(Number(new URL(url).port));
    await recorder.flush();
    const { client } = openRecording(url);
    const { historyLength } = (await client.sessions.get({ key: `langgraph:${thread}` }))!;
    const reported = errors.filter((error) => /the oldest 2 of/.test(String(error)));
    expect([historyLength, reported.length]).toEqual([10_000, 1]);
  } finally {
    proxy.close();
  }
});

test('a graph does not wait for a server that does not answer', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => void silent.close());
  const { port } = silent.address() as AddressInfo;
  const clientOptions = { timeoutMs: 1_000, maxRetries: 0 };
  const { recorder, errors } = openRecording(
    `http://127.0.0.1:${port}/graphql`,
    { delayMs: 0 },
    clientOptions,
  );
  const asking = once(silent, 'connection');
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('wait', () => asking.then(() => ({})))
    .addNode('answer', () => ({ messages: [new AIMessage('here')] }))
    .addEdge(START, 'wait')
    .addEdge('wait', 'answer')
    .compile({ checkpointer: new MemorySaver() });
  // The recorder is waiting for its answer from the first node on.
  await graph.invoke(asked('one'), configOf({ recorder }, newThread()));
  expect(errors).toEqual([]);
  await recorder.flush();
  expect(errors).toMatchObject([{ code: 'TIMEOUT' }]);
});

test('a message that the server refuses, or that is no JSON, is reported, and the others of its write come in', async () => {
  const { recorder, errors, client } = openRecording(url, { delayMs: 60_000 });
  const thread = newThread();
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('answer', () => ({
      messages: [
        new AIMessage('before'),
        // Three bytes a character: more than the limit of this server.
        new AIMessage('漢'.repeat(200_000)),
        new AIMessage({ content: 'a BigInt', additional_kwargs: { n: 1n } }),
        new AIMessage('NUL \0 and half a pair \ud800'),
        new AIMessage('after'),
      ],
    }))
    .addEdge(START, 'answer')
    .compile();
  await graph.invoke(asked('Go'), configOf({ recorder }, thread));
  await recorder.flush();
  const lines = await drawn(client, `langgraph:${thread}`);
  expect(lines.slice(1)).toEqual([
    '  USER: Go',
    '  ASSISTANT: before',
    '  ASSISTANT: NUL \ufffd and half a pair \ufffd',
    '  ASSISTANT: after',
  ]);
  expect(errors).toMatchObject([{ code: 'INVALID_INPUT' }, { name: 'TypeError' }]);
});

test('a message that is refused alone keeps back neither the status, nor what was changed, nor a child', async () => {
  const { recorder, errors, client } = openRecording(url, { delayMs: 60_000 });
  const thread = newThread();
  const inner = new StateGraph(MessagesAnnotation)
    .addNode('say', () => ({ messages: [new AIMessage('inner')] }))
    .addEdge(START, 'say')
    .compile({ name: 'inner' });
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('draft', () => ({ messages: [new AIMessage({ id: 'a', content: 'Frist' })] }))
    .addNode('pause', () => recorder.flush().then(() => ({})))
    .addNode('correct', async () => {
      await inner.invoke({ messages: [] });
      // Three bytes a character: more than the limit of this server.
      return {
        messages: [new AIMessage({ id: 'a', content: 'First' }), new AIMessage('漢'.repeat(200_000))],
      };
    })
    .addEdge(START, 'draft')
    .addEdge('draft', 'pause')
    .addEdge('pause', 'correct')
    .compile({ checkpointer: new MemorySaver() });
  await graph.invoke(asked('Write'), configOf({ recorder }, thread));
  await recorder.flush();
  expect(await drawn(client, `langgraph:${thread}`)).toEqual([
    '- "Write" COMPLETED',
    '  USER: Write',
    '  ASSISTANT: First',
    '    inner "inner" COMPLETED',
    '      ASSISTANT: inner',
  ]);
  expect(errors).toMatchObject([{ code: 'INVALID_INPUT' }]);
});

test('where the server refuses to say which messages it has, all are written', async () => {
  const refusing: typeof fetch = async (input, init) => {
    if (!String(init?.body).includes('messagesByKey')) return await fetch(input, init);
    const refusal = { errors: [{ message: 'No', extensions: { code: 'BUDGET_EXCEEDED' } }] };
    return Response.json(refusal, { status: 400 });
  };
  const { recorder, errors, client } = openRecording(url, { delayMs: 60_000 }, { fetch: refusing });
  const thread = newThread();
  const answers = Array.from({ length: 12 }, (_, n) => new AIMessage(`${n}`));
  await graphOf(() => answers).invoke(asked('Count'), configOf({ recorder }, thread));
  await recorder.flush();
  expect(await drawn(client, `langgraph:${thread}`)).toHaveLength(14);
  expect(errors).toMatchObject([{ code: 'BUDGET_EXCEEDED' }]);
});

test('a text that is longer than a content is cut, and whole in the payload', async () => {
  const { recorder, client } = openRecording(url);
  const thread = newThread();
  const graph = graphOf(() => [new AIMessage('x'.repeat(2_000_000))]);
  await graph.invoke(asked('Go'), configOf({ recorder }, thread));
  await recorder.flush();
  const { id } = (await client.sessions.get({ key: `langgraph:${thread}` }))!;
  const [, answer] = await client.history.list(id, { withPayloads: true }).toArray(10);
  expect(answer!.content).toBe('x'.repeat(340_000));
  expect(answer!.payload).toMatchObject({ type: 'ai', data: { content: 'x'.repeat(2_000_000) } });
});

test('a recorder records more threads at once than it remembers', { timeout: 60_000 }, async () => {
  const keyPrefix = `${newThread()}:`;
  const { recorder, client, errors } = openRecording(url, { keyPrefix, delayMs: 60_000 });
  const threads = Array.from({ length: 230 }, newThread);
  let begun = 0;
  let goOn = () => {};
  const allBegun = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('wait', async () => {
      begun += 1;
      await allBegun;
      return {};
    })
    .addNode('answer', () => ({ messages: [new AIMessage('here')] }))
    .addEdge(START, 'wait')
    .addEdge('wait', 'answer')
    .compile({ checkpointer: new MemorySaver() });
  const run = (thread: string) => graph.invoke(asked(`to ${thread}`), configOf({ recorder }, thread));
  const runs: Promise<unknown>[] = [];
  // What the first threads have said is written when the others begin.
  for (const some of [threads.slice(0, 100), threads.slice(100)]) {
    runs.push(...some.map(run));
    await expect.poll(() => begun).toBe(runs.length);
    await recorder.flush();
  }
  goOn();
  await Promise.all(runs);
  await recorder.flush();
  const sessions = await client.sessions.list({ filter: { keyPrefix } }).toArray(1_000);
  const expected = threads.map((thread) => [keyPrefix + thread, `to ${thread}`, 'COMPLETED', 2]);
  expect(
    sessions.map(({ key, title, status, historyLength }) => [key, title, status, historyLength]).toSorted(),
  ).toEqual(expected.toSorted());
  expect(errors).toEqual([]);
});

test('what a model streams is a draft of its message, if asked for', async () => {
  const { recorder, client, errors } = openRecording(url, { drafts: true });
  const thread = newThread();
  const model = new ScriptedModel({ content: 'Lisbon is warm in May.' });
  let goOn = () => {};
  model.afterFirstWord = new Promise((resolve) => {
    goOn = resolve;
  });
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('answer', async ({ messages }) => ({ messages: [await model.invoke(messages)] }))
    .addEdge(START, 'answer')
    .compile({ checkpointer: new MemorySaver() });
  const stream = await graph.stream(asked('Where?'), {
    ...configOf({ recorder }, thread),
    streamMode: 'messages',
  });
  const streaming = (async () => {
    for await (const _ of stream);
  })();
  const found = async () => (await client.sessions.get({ key: `langgraph:${thread}` }))?.id;
  await expect.poll(found).toBeDefined();
  const seen: string[] = [];
  for await (const { content, message } of client.history.watchMessages((await found())!)) {
    seen.push(content);
    goOn();
    if (message) {
      expect(message).toMatchObject({ role: 'ASSISTANT', content: 'Lisbon is warm in May.' });
      break;
    }
  }
  expect(seen[0]).toBe('Lisbon ');
  await streaming;
  await recorder.flush();
  expect(errors).toEqual([]);
});
