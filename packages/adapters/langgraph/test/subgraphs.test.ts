import { AIMessage, type BaseMessage, HumanMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import {
  Command,
  END,
  entrypoint,
  MemorySaver,
  MessagesAnnotation,
  Send,
  START,
  StateGraph,
  task,
} from '@langchain/langgraph';
import { createReactAgent } from '@langchain/langgraph/prebuilt';
import { expect, test } from 'vitest';
import { startServer } from '../../support/server.ts';
import {
  answering,
  asked,
  calling,
  configOf,
  drawn,
  lookup,
  newThread,
  openRecording,
  QUERY,
  ScriptedModel,
} from './support.ts';

const url = await startServer();

test('a subgraph is a child; what it adds is there, its usage counts once, and parallel branches are in one history', async () => {
  const recording = openRecording(url, { delayMs: 60_000 });
  const thread = newThread();
  const usage_metadata = { input_tokens: 3, output_tokens: 4, total_tokens: 7 };
  const inner = new StateGraph(MessagesAnnotation)
    .addNode('think', answering(new ScriptedModel({ content: 'inner', usage_metadata })))
    .addEdge(START, 'think')
    .compile({ name: 'thinker' });
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('sub', inner)
    .addNode('left', answering(new ScriptedModel({ content: 'left', usage_metadata })))
    .addNode('right', () => ({ messages: [new AIMessage('right')] }))
    .addNode('last', answering(new ScriptedModel({ content: 'last' })))
    .addEdge(START, 'sub')
    .addEdge(START, 'left')
    .addEdge(START, 'right')
    .addEdge(['sub', 'left', 'right'], 'last')
    .compile({ checkpointer: new MemorySaver() });
  await graph.invoke(asked('Go'), configOf(recording, thread));
  await recording.recorder.flush();
  const { client, errors, requests } = recording;
  expect(requests).toEqual(['writeHistory', 'writeHistory']);
  const lines = await drawn(client, `langgraph:${thread}`);
  expect(lines.slice(0, 2)).toEqual(['- "Go" COMPLETED', '  USER: Go']);
  expect(lines.slice(2, 5).toSorted()).toEqual([
    '  ASSISTANT (copy): inner',
    '  ASSISTANT: left',
    '  ASSISTANT: right',
  ]);
  expect(lines.slice(5)).toEqual([
    '  ASSISTANT: last',
    '    thinker "thinker" COMPLETED',
    '      ASSISTANT: inner',
  ]);
  const [report] = await client.usage(['MODEL'], {
    within: (await client.sessions.get({ key: `langgraph:${thread}` }))!.id,
  });
  expect(report).toMatchObject({ responseCount: 2, usage: { inputTokens: 6, outputTokens: 8 } });
  expect(errors).toEqual([]);
});

test('agents in tools are children of the calls that they answer, also when they run at once', async () => {
  const recording = openRecording(url);
  const thread = newThread();
  const research = tool(
    async ({ q }) => {
      const agent = createReactAgent({
        name: 'researcher',
        llm: new ScriptedModel(calling('lookup', { id: 'd1', args: { q } }), { content: `found ${q}` }),
        tools: [lookup],
      });
      const { messages } = await agent.invoke({ messages: [{ role: 'user', content: q }] });
      return messages.at(-1)!.text;
    },
    { name: 'research', description: '', schema: QUERY },
  );
  const boss = createReactAgent({
    name: 'boss',
    llm: new ScriptedModel(
      calling('research', { id: 'c1', args: { q: 'Faro' } }, { id: 'c2', args: { q: 'Evora' } }),
      { content: 'done' },
    ),
    tools: [research],
    checkpointer: new MemorySaver(),
  });
  await boss.invoke(asked('Research'), configOf(recording, thread));
  await recording.recorder.flush();
  const lines = await drawn(recording.client, `langgraph:${thread}`);
  const child = (q: string) => [
    '    researcher "researcher" COMPLETED',
    `      USER: ${q}`,
    '      ASSISTANT:  → d1',
    `      TOOL of d1: sunny in ${q}`,
    `      ASSISTANT: found ${q}`,
  ];
  expect(lines).toEqual([
    'boss "Research" COMPLETED',
    '  USER: Research',
    '  ASSISTANT:  → c1 → c2',
    '  TOOL of c1: found Faro',
    '  TOOL of c2: found Evora',
    '  ASSISTANT: done',
    ...(lines[7]?.endsWith('Faro')
      ? [...child('Faro'), ...child('Evora')]
      : [...child('Evora'), ...child('Faro')]),
  ]);
  const { session } = await recording.client.request<{
    session: {
      history: { nodes: { toolCalls: { toolCallId: string; session: { agentName: string } | null }[] }[] };
    };
  }>(
    `query ($key: String!) {
      session(key: $key) { history(roles: [ASSISTANT]) { nodes { toolCalls { toolCallId session { agentName } } } } }
    }`,
    { key: `langgraph:${thread}` },
  );
  expect(session.history.nodes[0]!.toolCalls).toEqual([
    { toolCallId: 'c1', session: { agentName: 'researcher' } },
    { toolCallId: 'c2', session: { agentName: 'researcher' } },
  ]);
  expect(recording.errors).toEqual([]);
});

test('branches that are sent at once are recorded, each message once', async () => {
  const recording = openRecording(url);
  const thread = newThread();
  const model = new ScriptedModel(...Array.from({ length: 20 }, (_, n) => ({ content: `branch ${n}` })));
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('branch', answering(model))
    .addConditionalEdges(START, (state) => Array.from({ length: 20 }, () => new Send('branch', state)))
    .addEdge('branch', END)
    .compile({ checkpointer: new MemorySaver() });
  await graph.invoke(asked('Go'), configOf(recording, thread));
  await recording.recorder.flush();
  const lines = await drawn(recording.client, `langgraph:${thread}`);
  expect(lines.slice(0, 2)).toEqual(['- "Go" COMPLETED', '  USER: Go']);
  expect(new Set(lines.slice(2))).toEqual(
    new Set(Array.from({ length: 20 }, (_, n) => `  ASSISTANT: branch ${n}`)),
  );
  expect(lines).toHaveLength(22);
});

test('an entrypoint with tasks is one session', async () => {
  const recording = openRecording(url);
  const thread = newThread();
  const model = new ScriptedModel({ content: 'one' }, { content: 'two' });
  const ask = task('ask', (question: string) => model.invoke(question));
  const flow = entrypoint(
    { name: 'flow', checkpointer: new MemorySaver() },
    async (messages: BaseMessage[]) => {
      const answers = [await ask('First?'), await ask('Second?')];
      return [...messages, ...answers];
    },
  );
  await flow.invoke([new HumanMessage('Go')], configOf(recording, thread));
  await recording.recorder.flush();
  const lines = await drawn(recording.client, `langgraph:${thread}`);
  expect(lines[0]).toBe('flow "Go" COMPLETED');
  expect(lines.filter((line) => line.includes('ASSISTANT'))).toEqual([
    '  ASSISTANT: one',
    '  ASSISTANT: two',
  ]);
  expect(lines.filter((line) => line.startsWith('    '))).toEqual([]);
  expect(recording.errors).toEqual([]);
});

test('an agent that hands over to another has COMPLETED, and both are children', async () => {
  const recording = openRecording(url);
  const thread = newThread();
  const agent = (name: string, answer: string, next: string | null) =>
    new StateGraph(MessagesAnnotation)
      .addNode(
        'act',
        () => {
          const update = { messages: [new AIMessage({ id: `${thread}-${name}`, content: answer })] };
          return next === null ? update : new Command({ goto: next, graph: Command.PARENT, update });
        },
        { ends: [END] },
      )
      .addEdge(START, 'act')
      .compile({ name });
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('triage', agent('triage', 'Over to billing.', 'billing'), { ends: ['billing'] })
    .addNode('billing', agent('billing', 'Paid.', null))
    .addEdge(START, 'triage')
    .compile({ checkpointer: new MemorySaver() });
  await graph.invoke(asked('My bill?'), configOf(recording, thread));
  await recording.recorder.flush();
  expect(await drawn(recording.client, `langgraph:${thread}`)).toEqual([
    '- "My bill?" COMPLETED',
    '  USER: My bill?',
    '  ASSISTANT: Over to billing.',
    '  ASSISTANT (copy): Paid.',
    '    triage "triage" COMPLETED',
    '    billing "billing" COMPLETED',
    '      ASSISTANT: Paid.',
  ]);
});
