import { AIMessage, type BaseMessage, HumanMessage, RemoveMessage } from '@langchain/core/messages';
import { Annotation, MemorySaver, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph';
import { expect, test } from 'vitest';
import { startServer } from '../../support/server.ts';
import { asked, configOf, drawn, newThread, openRecording, ScriptedModel } from './support.ts';

const url = await startServer();

test('a replay of a thread adds nothing twice, whichever process it is in; a long thread is not sent again', async () => {
  const thread = newThread();
  const recording = openRecording(url);
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('answer', (state) => ({ messages: [new AIMessage(`answer ${state.messages.length}`)] }))
    .addEdge(START, 'answer')
    .compile({ checkpointer: new MemorySaver() });
  for (let n = 0; n < 8; n++) await graph.invoke(asked('yes'), configOf(recording, thread));
  await recording.recorder.flush();
  const before = await drawn(recording.client, `langgraph:${thread}`);
  expect(before).toHaveLength(17);
  const { config } = await graph.getState({ configurable: { thread_id: thread } });
  const other = openRecording(url, { delayMs: 60_000 });
  for (const { recorder } of [recording, other])
    await graph.invoke(null, { ...config, callbacks: [recorder] });
  await recording.recorder.flush();
  await other.recorder.flush();
  expect(await drawn(recording.client, `langgraph:${thread}`)).toEqual(before);
  // A turn of a process that does not know the thread: one question what is there, and one write of what is not.
  other.requests.length = 0;
  const fresh = openRecording(url, { delayMs: 60_000 });
  await graph.invoke(asked('no'), configOf(fresh, thread));
  await fresh.recorder.flush();
  expect(fresh.requests).toEqual(['session', 'writeHistory']);
  expect((await drawn(recording.client, `langgraph:${thread}`)).slice(17)).toEqual([
    '  USER: no',
    '  ASSISTANT: answer 17',
  ]);
  expect([...recording.errors, ...other.errors, ...fresh.errors]).toEqual([]);
});

test('a message that a node changes has its latest form, and one that it removes stays', async () => {
  const recording = openRecording(url, { delayMs: 0 });
  const thread = newThread();
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('draft', async () => {
      await recording.recorder.flush();
      return { messages: [new AIMessage({ id: 'a', content: 'Frist' })] };
    })
    .addNode('pause', () => recording.recorder.flush().then(() => ({})))
    .addNode('correct', ({ messages: [question] }) => ({
      messages: [new AIMessage({ id: 'a', content: 'First' }), new RemoveMessage({ id: question!.id! })],
    }))
    .addEdge(START, 'draft')
    .addEdge('draft', 'pause')
    .addEdge('pause', 'correct')
    .compile({ checkpointer: new MemorySaver() });
  await graph.invoke(asked('Write'), configOf(recording, thread));
  await recording.recorder.flush();
  expect(await drawn(recording.client, `langgraph:${thread}`)).toEqual([
    '- "Write" COMPLETED',
    '  USER: Write',
    '  ASSISTANT: First',
  ]);
  expect(recording.errors).toEqual([]);
});

test('a graph that keeps no messages has what its models were told and answered', async () => {
  const recording = openRecording(url);
  const thread = newThread();
  const model = new ScriptedModel({ content: 'four' }, { content: 'four again' });
  const graph = new StateGraph(Annotation.Root({ question: Annotation<string>, answer: Annotation<string> }))
    .addNode('solve', async ({ question }) => ({ answer: (await model.invoke(question)).text }))
    .addEdge(START, 'solve')
    .compile({ checkpointer: new MemorySaver() });
  for (let n = 0; n < 2; n++) await graph.invoke({ question: '2 + 2?' }, configOf(recording, thread));
  await recording.recorder.flush();
  expect(await drawn(recording.client, `langgraph:${thread}`)).toEqual([
    '- "2 + 2?" COMPLETED',
    '  USER: 2 + 2?',
    '  ASSISTANT: four',
    '  USER: 2 + 2?',
    '  ASSISTANT: four again',
  ]);
});

test('a chain without a graph is recorded, too; messages without ids are not repeated with the history', async () => {
  const recording = openRecording(url);
  const thread = newThread();
  const model = new ScriptedModel({ content: 'Hello.' }, { content: 'Fine.' });
  const history: BaseMessage[] = [new HumanMessage('hi')];
  const config = { callbacks: [recording.recorder], metadata: { thread_id: thread } };
  history.push(await model.invoke(history, config), new HumanMessage('hi'));
  await model.invoke(history, config);
  await recording.recorder.flush();
  expect(await drawn(recording.client, `langgraph:${thread}`)).toEqual([
    '- "hi" COMPLETED',
    '  USER: hi',
    '  ASSISTANT: Hello.',
    '  USER: hi',
    '  ASSISTANT: Fine.',
  ]);
  expect(recording.errors).toEqual([]);
});

test('a graph without a thread has a session for each run', async () => {
  const recording = openRecording(url, { keyPrefix: `${newThread()}/` });
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('answer', () => ({ messages: [new AIMessage('ok')] }))
    .addEdge(START, 'answer')
    .compile();
  for (let n = 0; n < 2; n++) await graph.invoke(asked('Go'), { callbacks: [recording.recorder] });
  await recording.recorder.flush();
  const keyPrefix = `thread-`;
  const sessions = await recording.client.sessions.list({ filter: { keyPrefix } }).toArray(10);
  expect(sessions.map(({ historyLength }) => historyLength)).toEqual([2, 2]);
});

test('messages of a state that gives them no ids come in once, in one process or another', async () => {
  const thread = newThread();
  const State = Annotation.Root({
    log: Annotation<BaseMessage[]>({ reducer: (old, added) => [...old, ...added], default: () => [] }),
  });
  const graph = new StateGraph(State)
    .addNode('answer', () => ({ log: [new AIMessage('same')] }))
    .addNode('again', () => ({ log: [new AIMessage('same')] }))
    .addEdge(START, 'answer')
    .addEdge('answer', 'again')
    .compile({ checkpointer: new MemorySaver() });
  const one = openRecording(url);
  const two = openRecording(url);
  for (const recording of [one, one, two]) {
    await graph.invoke({ log: [new HumanMessage('yes')] }, configOf(recording, thread));
    await recording.recorder.flush();
  }
  const turn = ['  USER: yes', '  ASSISTANT: same', '  ASSISTANT: same'];
  expect(await drawn(one.client, `langgraph:${thread}`)).toEqual([
    '- "yes" COMPLETED',
    ...turn,
    ...turn,
    ...turn,
  ]);
  expect([...one.errors, ...two.errors]).toEqual([]);
});

test('what a person changes in a state that waits is changed in the record', async () => {
  const thread = newThread();
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('plan', () => ({ messages: [new AIMessage({ id: `${thread}-plan`, content: 'Delete all.' })] }))
    .addNode('act', () => ({ messages: [new AIMessage('Done.')] }))
    .addEdge(START, 'plan')
    .addEdge('plan', 'act')
    .compile({ checkpointer: new MemorySaver(), interruptBefore: ['act'] });
  const recording = openRecording(url);
  const config = configOf(recording, thread);
  await graph.invoke(asked('Tidy up'), config);
  await recording.recorder.flush();
  const update = { messages: [new AIMessage({ id: `${thread}-plan`, content: 'Delete one.' })] };
  await graph.updateState({ configurable: { thread_id: thread } }, update);
  await graph.invoke(null, config);
  await recording.recorder.flush();
  expect(await drawn(recording.client, `langgraph:${thread}`)).toEqual([
    '- "Tidy up" COMPLETED',
    '  USER: Tidy up',
    '  ASSISTANT: Delete one.',
    '  ASSISTANT: Done.',
  ]);
  expect(recording.errors).toEqual([]);
});
