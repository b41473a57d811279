import { AIMessage, HumanMessage } from '@langchain/core/messages';
import {
  Command,
  interrupt,
  MemorySaver,
  MessagesAnnotation,
  START,
  StateGraph,
  task,
} from '@langchain/langgraph';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startServer } from '../../support/server.ts';
import { answering, asked, configOf, drawn, newThread, openRecording, ScriptedModel } from './support.ts';

const url = await startServer();

test('a graph that waits for a person is WAITING with the question, in a subgraph too, and goes on in the same sessions', async () => {
  const thread = newThread();
  const inner = new StateGraph(MessagesAnnotation)
    .addNode('propose', () => ({ messages: [new AIMessage('Lisbon?')] }))
    .addNode('ask', () => ({ messages: [new HumanMessage(`You said ${interrupt('Shall I book?')}`)] }))
    .addEdge(START, 'propose')
    .addEdge('propose', 'ask')
    .compile({ name: 'booker' });
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('sub', inner)
    .addNode('end', () => ({ messages: [new AIMessage('Booked.')] }))
    .addEdge(START, 'sub')
    .addEdge('sub', 'end')
    .compile({ checkpointer: new MemorySaver() });
  const before = openRecording(url);
  await graph.invoke(asked('Book'), configOf(before, thread));
  await before.recorder.flush();
  expect(await drawn(before.client, `langgraph:${thread}`)).toEqual([
    '- "Book" WAITING (Shall I book?)',
    '  USER: Book',
    '    booker "booker" WAITING (Shall I book?)',
    '      ASSISTANT: Lisbon?',
  ]);
  // Another process, which knows nothing of the first.
  const after = openRecording(url);
  await graph.invoke(new Command({ resume: 'yes' }), configOf(after, thread));
  await after.recorder.flush();
  expect(await drawn(after.client, `langgraph:${thread}`)).toEqual([
    '- "Book" COMPLETED',
    '  USER: Book',
    '  ASSISTANT (copy): Lisbon?',
    '  USER (copy): You said yes',
    '  ASSISTANT: Booked.',
    '    booker "booker" COMPLETED',
    '      ASSISTANT: Lisbon?',
    '      USER: You said yes',
  ]);
  expect([...before.errors, ...after.errors]).toEqual([]);
});

test('a graph that stops before a node is WAITING', async () => {
  const recording = openRecording(url);
  const thread = newThread();
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('act', () => ({ messages: [new AIMessage('Done.')] }))
    .addNode('check', () => ({}))
    .addEdge(START, 'check')
    .addEdge('check', 'act')
    .compile({ checkpointer: new MemorySaver(), interruptBefore: ['act'] });
  await graph.invoke(asked('Act'), configOf(recording, thread));
  await recording.recorder.flush();
  expect(await drawn(recording.client, `langgraph:${thread}`)).toEqual(['- "Act" WAITING', '  USER: Act']);
  await graph.invoke(null, configOf(recording, thread));
  await recording.recorder.flush();
  expect(await drawn(recording.client, `langgraph:${thread}`)).toEqual([
    '- "Act" COMPLETED',
    '  USER: Act',
    '  ASSISTANT: Done.',
  ]);
});

test('a node that fails leaves what was said before, and the session FAILED with the reason', async () => {
  const recording = openRecording(url);
  const thread = newThread();
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('first', answering(new ScriptedModel({ content: 'so far' })))
    .addNode('second', answering(new ScriptedModel(new Error('rate limit'))))
    .addEdge(START, 'first')
    .addEdge('first', 'second')
    .compile({ checkpointer: new MemorySaver() });
  await expect(graph.invoke(asked('Go'), configOf(recording, thread))).rejects.toThrow('rate limit');
  await recording.recorder.flush();
  expect(await drawn(recording.client, `langgraph:${thread}`)).toEqual([
    '- "Go" FAILED (rate limit)',
    '  USER: Go',
    '  ASSISTANT: so far',
  ]);
});

test('a run that is aborted is CANCELLED', async () => {
  const recording = openRecording(url);
  const thread = newThread();
  const abort = new AbortController();
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('wait', async () => {
      setImmediate(() => abort.abort());
      await new Promise(() => {});
      return {};
    })
    .addEdge(START, 'wait')
    .compile({ checkpointer: new MemorySaver() });
  const config = { ...configOf(recording, thread), signal: abort.signal };
  await expect(graph.invoke(asked('Wait'), config)).rejects.toThrow();
  // LangGraph tells of the end after it has rejected.
  const seen = async () => {
    await recording.recorder.flush();
    return await drawn(recording.client, `langgraph:${thread}`);
  };
  await expect.poll(seen).toEqual(['- "Wait" CANCELLED', '  USER: Wait']);
});

test('a graph whose node calls a task is RUNNING until its own end', async () => {
  const recording = openRecording(url);
  const thread = newThread();
  const work = task('work', async () => 'worked');
  let seen: string | undefined;
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('a', async () => ({ messages: [new AIMessage(await work())] }))
    .addNode('b', async () => {
      await recording.recorder.flush();
      seen = (await recording.client.sessions.get({ key: `langgraph:${thread}` }))?.status;
      return {};
    })
    .addEdge(START, 'a')
    .addEdge('a', 'b')
    .compile({ checkpointer: new MemorySaver() });
  await graph.invoke(asked('Go'), configOf(recording, thread));
  await recording.recorder.flush();
  expect(seen).toBe('RUNNING');
  expect(await drawn(recording.client, `langgraph:${thread}`)).toEqual([
    '- "Go" COMPLETED',
    '  USER: Go',
    '  ASSISTANT: worked',
  ]);
});

test.for([
  ['messages', 'aborted'],
  ['messages', 'left'],
  ['values', 'aborted'],
  ['values', 'left'],
] as const)('a graph whose stream of %s is %s is CANCELLED', async ([streamMode, end]) => {
  const recording = openRecording(url);
  const thread = newThread();
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('answer', answering(new ScriptedModel({ content: 'one two three' })))
    .addNode('wait', () => new Promise<object>(() => {}))
    .addEdge(START, 'answer')
    .addEdge('answer', 'wait')
    .compile({ checkpointer: new MemorySaver() });
  const abort = new AbortController();
  const config = { ...configOf(recording, thread), streamMode, signal: abort.signal };
  const read = async () => {
    for await (const _ of await graph.stream(asked('Go'), config)) {
      if (end === 'left') break;
      abort.abort();
    }
  };
  await read().catch((error) => expect(error).toMatchObject({ name: 'AbortError' }));
  const seen = async () => {
    await recording.recorder.flush();
    return (await drawn(recording.client, `langgraph:${thread}`)).slice(0, 2);
  };
  await expect.poll(seen).toEqual(['- "Go" CANCELLED', '  USER: Go']);
});

test('a model whose stream is given up is CANCELLED once other threads need the room, or other runs', {
  timeout: 60_000,
}, async () => {
  const recording = openRecording(url, { delayMs: 0 });
  const { client, recorder } = recording;
  const giveUp = async (): Promise<string> => {
    const thread = newThread();
    const config = { callbacks: [recorder], metadata: { thread_id: thread } };
    for await (const _ of await new ScriptedModel({ content: 'one two' }).stream('Go', config)) break;
    return thread;
  };
  const statusOf = async (thread: string) => {
    await recorder.flush();
    return (await client.sessions.get({ key: `langgraph:${thread}` }))?.status;
  };
  const first = await giveUp();
  expect(await statusOf(first)).toBe('RUNNING');
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11 * 60_000 });
  onTestFinished(() => void vi.useRealTimers());
  const second = await giveUp();
  for (let n = 0; n < 200; n++)
    await new ScriptedModel({ content: 'here' }).invoke('Go', { callbacks: [recorder] });
  expect([await statusOf(first), await statusOf(second)]).toEqual(['CANCELLED', 'RUNNING']);
  // As LangChain's managers call the recorder when runs begin.
  for (let n = 0; n < 10_000; n++) recorder.handleChainStart({}, {}, `run-${n}`);
  expect(await statusOf(second)).toBe('CANCELLED');
  expect(recording.errors).toEqual([]);
});
