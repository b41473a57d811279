import { Agent, type AgentOutputItem, RunState, run, tool } from '@openai/agents';
import { assistantMessage, functionCall, ScriptedModel } from '@openai/agents/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { CountedClient } from '../../support/counted-client.ts';
import { startServer } from '../../support/server.ts';
import { agentTool, SessiontreeSession } from '../src/index.ts';
import { messagesOf, response, textsOf } from './support.ts';

const url = await startServer();
const client = new CountedClient(url);
const newSession = (key: string, ownerId?: string) => new SessiontreeSession(client, { key, ownerId });

interface Context {
  readonly session?: SessiontreeSession;
}

function ask(input: string, callId: string): AgentOutputItem {
  return functionCall('researcher', { input }, { callId });
}

/** A planner whose tool is a researcher, with the answers that their models give. */
function agents(planned: AgentOutputItem[][], found: AgentOutputItem[][]) {
  const researcherModel = new ScriptedModel(found);
  const researcher = new Agent<Context>({ name: 'researcher', model: researcherModel });
  const research = agentTool(
    researcher,
    ({ context }) => context.session,
    (runOptions) => researcher.asTool({ toolDescription: 'Looks things up.', runOptions }),
  );
  const planner = new Agent<Context>({
    name: 'planner',
    model: new ScriptedModel(planned),
    tools: [research],
  });
  return { planner, research, researcherModel };
}

async function childrenOf(key: string) {
  const session = await client.sessions.get({ key });
  return (await client.sessions.tree(session!.id))!.children;
}

test('an agent in a tool has a child session, with its name, spawned by the call', async () => {
  const { planner } = agents(
    [[ask('flights', 'call_1')], [assistantMessage('Fly.')]],
    [[assistantMessage('Two a day.')]],
  );
  const session = newSession('trip');
  const { finalOutput } = await run(planner, 'Plan', { session, context: { session } });
  expect(finalOutput).toBe('Fly.');
  expect(textsOf(await session.getItems())).toEqual([
    'Plan',
    'function_call',
    'function_call_result',
    'Fly.',
  ]);
  const children = await childrenOf('trip');
  expect(children).toMatchObject([{ agentName: 'researcher', spawnedBy: { toolCallId: 'call_1' } }]);
  expect((await messagesOf(client, children[0]!.key!)).map(({ content }) => content)).toEqual([
    'flights',
    'Two a day.',
  ]);
});

test('the call in the transcript leads to the child', async () => {
  const data = await client.request<{
    session: { history: { nodes: { toolCalls: { result: object; session: object }[] }[] } };
  }>(
    '{ session(key: "trip") { history { nodes { toolCalls { result { content } session { agentName historyLength } } } } } }',
  );
  expect(data.session.history.nodes[1]).toEqual({
    toolCalls: [
      { result: { content: 'Two a day.' }, session: { agentName: 'researcher', historyLength: 2 } },
    ],
  });
});

test('calls at once have a child each, of the user of the tree', async () => {
  const { planner } = agents(
    [[ask('a', 'call_1'), ask('b', 'call_2'), ask('c', 'call_3')], [assistantMessage('ok')]],
    [[assistantMessage('1')], [assistantMessage('2')], [assistantMessage('3')]],
  );
  const session = newSession('parallel', 'ann');
  await run(planner, 'Plan', { session, context: { session } });
  const root = await client.sessions.get({ key: 'parallel', ownerId: 'ann' });
  const { children } = (await client.sessions.tree(root!.id))!;
  expect(children.map((child) => child.spawnedBy?.toolCallId).sort()).toEqual(['call_1', 'call_2', 'call_3']);
  expect(children.map((child) => child.userId)).toEqual(['ann', 'ann', 'ann']);
  expect(children.map((child) => child.historyLength)).toEqual([2, 2, 2]);
});

test('the child is there while the agent runs', async () => {
  const seen: unknown[] = [];
  const look = tool({
    name: 'look',
    description: 'Looks.',
    parameters: z.object({}),
    execute: async () => {
      seen.push(...(await childrenOf('watched')).map(({ agentName }) => agentName));
      return 'ok';
    },
  });
  const researcher = new Agent<Context>({
    name: 'researcher',
    model: new ScriptedModel([[functionCall('look', {}, { callId: 'l' })], [assistantMessage('seen')]]),
    tools: [look],
  });
  const session = newSession('watched');
  const research = agentTool(researcher, session, (runOptions) => researcher.asTool({ runOptions }));
  const planner = new Agent<Context>({
    name: 'planner',
    model: new ScriptedModel([[ask('x', 'call_1')], [assistantMessage('ok')]]),
    tools: [research],
  });
  await run(planner, 'Go', { session });
  expect(seen).toEqual(['researcher']);
});

test('a call id that a model uses again has a child of its own, without the memory of the first', async () => {
  const { planner, researcherModel } = agents(
    [[ask('a', 'call_0')], [assistantMessage('1')], [ask('b', 'call_0')], [assistantMessage('2')]],
    [[assistantMessage('A')], [assistantMessage('B')]],
  );
  const session = newSession('again');
  for (const input of ['1', '2']) await run(planner, input, { session, context: { session } });
  expect(textsOf(researcherModel.lastCall!.request.input as never)).toEqual(['b']);
  const children = await childrenOf('again');
  expect(children.map(({ historyLength }) => historyLength)).toEqual([2, 2]);
});

test('each session has the tokens of its own agent', async () => {
  const researcher = new Agent<Context>({
    name: 'researcher',
    model: new ScriptedModel([response(100, assistantMessage('found'))]),
  });
  const session = newSession('tokens');
  const planner = new Agent<Context>({
    name: 'planner',
    model: new ScriptedModel([response(1, ask('x', 'call_1')), response(10, assistantMessage('ok'))]),
    tools: [agentTool(researcher, session, (runOptions) => researcher.asTool({ runOptions }))],
  });
  await run(planner, 'Go', { session });
  const inputTokens = (await messagesOf(client, 'tokens')).map(({ usage }) => usage?.inputTokens);
  expect(inputTokens).toEqual([undefined, 1, undefined, 10]);
  const [child] = await childrenOf('tokens');
  expect(child!.usage?.inputTokens).toBe(100);
});

test('the tokens of agents that run at once are each counted once in the tree', async () => {
  const answers = [10, 100, 1_000].map((tokens) => response(tokens, assistantMessage('found')));
  const researcher = new Agent<Context>({ name: 'researcher', model: new ScriptedModel(answers) });
  const session = newSession('sum');
  const planner = new Agent<Context>({
    name: 'planner',
    model: new ScriptedModel([
      response(1, ask('a', 'call_1'), ask('b', 'call_2'), ask('c', 'call_3')),
      response(2, assistantMessage('ok')),
    ]),
    tools: [agentTool(researcher, session, (runOptions) => researcher.asTool({ runOptions }))],
  });
  await run(planner, 'Go', { session });
  const groups = await client.usage(['AGENT'], { within: (await client.sessions.get({ key: 'sum' }))!.id });
  expect(groups.map(({ agentName, usage }) => [agentName, usage.inputTokens])).toEqual(
    expect.arrayContaining([
      [null, 3],
      ['researcher', 1_110],
    ]),
  );
});

test('without a session in the context, the agent runs unkept', async () => {
  const { planner } = agents([[ask('x', 'call_1')], [assistantMessage('ok')]], [[assistantMessage('found')]]);
  const session = newSession('unkept');
  await run(planner, 'Go', { session, context: {} });
  expect(await childrenOf('unkept')).toEqual([]);
});

test('a child of a session that was not written yet makes it, too', async () => {
  const session = newSession('new parent');
  await session.child({ key: 'new child' }).addItems([{ role: 'user', content: 'Hi' }]);
  expect((await childrenOf('new parent')).map(({ key }) => key)).toEqual(['new child']);
});

test('handlers of the tool get the events of every run', async () => {
  const { planner, research } = agents(
    [[ask('a', 'call_1')], [ask('b', 'call_2')], [assistantMessage('ok')]],
    [[assistantMessage('A')], [assistantMessage('B')]],
  );
  const calls: unknown[] = [];
  research.on('run_item_stream_event', ({ toolCall }) => void calls.push(toolCall?.callId));
  const session = newSession('events');
  await run(planner, 'Go', { session, context: { session } });
  expect(calls).toEqual(['call_1', 'call_2']);
  expect((await childrenOf('events')).map(({ historyLength }) => historyLength)).toEqual([2, 2]);
});

test('an agent that waited for an approval goes on in its child, in another process', async () => {
  const pay = tool({
    name: 'pay',
    description: 'Pays.',
    parameters: z.object({}),
    needsApproval: true,
    execute: () => 'done',
  });
  const turn = [[functionCall('pay', {}, { callId: 'pay_1' })], [assistantMessage('Paid.')]];
  const payer = new Agent<Context>({
    name: 'payer',
    model: new ScriptedModel([...turn, ...turn]),
    tools: [pay],
  });
  // The second turn uses the id of the call again.
  const planned = [
    [functionCall('payer', { input: 'Pay' }, { callId: 'call_1' })],
    [assistantMessage('Done.')],
  ];
  const planner = new Agent<Context>({
    name: 'planner',
    model: new ScriptedModel([...planned, ...planned]),
    tools: [agentTool(payer, newSession('approved'), (runOptions) => payer.asTool({ runOptions }))],
  });
  for (let turns = 1; turns <= 2; turns++) {
    const waiting = await run(planner, 'Go', { session: newSession('approved') });
    const state = await RunState.fromString(planner, waiting.state.toString());
    state.approve(state.getInterruptions()[0]!);
    const { finalOutput } = await run(planner, state, { session: newSession('approved') });
    expect(finalOutput).toBe('Done.');
    const children = await childrenOf('approved');
    expect(children).toHaveLength(turns);
    for (const { key } of children)
      expect((await messagesOf(client, key!)).map(({ role }) => role)).toEqual([
        'USER',
        'ASSISTANT',
        'TOOL',
        'ASSISTANT',
      ]);
  }
});
