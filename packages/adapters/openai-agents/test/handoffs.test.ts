import {
  Agent,
  type AgentInputItem,
  type AgentOutputItem,
  handoff,
  MemorySession,
  run,
} from '@openai/agents';
import { assistantMessage, functionCall, ScriptedModel } from '@openai/agents/testing';
import { ConflictError } from '@sessiontree/client';
import { expect, test } from 'vitest';
import { CountedClient } from '../../support/counted-client.ts';
import { startServer } from '../../support/server.ts';
import { HandoffSession, type SessiontreeSession } from '../src/index.ts';
import { messagesOf, rejection, response, textsOf, user } from './support.ts';

const url = await startServer();
const frugal = await startServer(['--limit', 'textBytes=131072']);
const client = new CountedClient(url);
const newSession = (key: string, ownerId?: string) =>
  new HandoffSession(client, { key, ownerId, agentName: 'triage' });

function transfer(to: string, callId: string): AgentOutputItem {
  return functionCall(`transfer_to_${to}`, {}, { callId });
}

/** What the SDK answers to a call that hands over. */
const result: AgentInputItem = {
  type: 'function_call_result',
  name: 'transfer_to_billing',
  callId: 'call_1',
  status: 'completed',
  output: '{"assistant":"billing"}',
};

const say = (text: string) => [assistantMessage(text)];

/** An agent that hands over to billing, which hands over to refunds. */
function agents(
  triaged: AgentOutputItem[][],
  billed: AgentOutputItem[][] = [],
  refunded: AgentOutputItem[][] = [],
) {
  const model = new ScriptedModel(triaged);
  const refunds = new Agent({ name: 'refunds', model: new ScriptedModel(refunded) });
  const billing = new Agent({ name: 'billing', model: new ScriptedModel(billed), handoffs: [refunds] });
  return { model, triage: new Agent({ name: 'triage', model, handoffs: [billing] }), billing };
}

async function treeOf(key: string, ownerId?: string) {
  return (await client.sessions.tree((await client.sessions.get({ key, ownerId }))!.id))!;
}

async function contentsOf(key: string, ownerId?: string) {
  return (await messagesOf(client, key, ownerId)).map(({ role, content }) => content || role);
}

test.each([false, true])(
  'what an agent says after a handoff is in a child with its name (streamed: %s)',
  async (stream) => {
    const key = `handoff/${stream}`;
    const { triage } = agents([[transfer('billing', 'call_1')]], [say('Which invoice?')]);
    const session = newSession(key);
    if (stream) await (await run(triage, 'My invoice', { session, stream })).completed;
    else await run(triage, 'My invoice', { session });
    expect(await contentsOf(key)).toEqual(['My invoice', 'ASSISTANT', '{"assistant":"billing"}']);
    const { agentName, children } = await treeOf(key);
    expect(agentName).toBe('triage');
    expect(children).toMatchObject([{ agentName: 'billing', spawnedBy: { toolCallId: 'call_1' } }]);
    expect(await contentsOf(children[0]!.key!)).toEqual(['Which invoice?']);
  },
);

/** Three turns, with a handoff in the first and two in the last. */
async function converse(session: SessiontreeSession | MemorySession) {
  const { triage, model } = agents(
    [[transfer('billing', 'call_1')], say('You are welcome.'), [transfer('billing', 'call_2')], say('Bye.')],
    [say('Which invoice?'), [transfer('refunds', 'call_3')]],
    [say('Refunded.')],
  );
  for (const input of ['My invoice', 'Thanks', 'Refund it', 'Done?']) await run(triage, input, { session });
  return { items: await session.getItems(), seen: model.lastCall!.request.input };
}

test('the conversation is one, over turns and handoffs, as with the SDK’s own session', async () => {
  const ours = await converse(newSession('turns'));
  expect(ours).toEqual(await converse(new MemorySession()));
  expect(textsOf(ours.seen as AgentInputItem[]).at(-1)).toBe('Done?');
  // Another process reads the same.
  expect(await newSession('turns').getItems()).toEqual(ours.items);
  for (let limit = 1; limit <= ours.items.length + 1; limit++)
    expect(await newSession('turns').getItems(limit)).toEqual(ours.items.slice(-limit));
});

test('a handoff after a handoff is a child of the child, and each new input is in the root again', async () => {
  const tree = await treeOf('turns');
  expect(await contentsOf('turns')).toEqual([
    'My invoice',
    'ASSISTANT',
    '{"assistant":"billing"}',
    'Thanks',
    'You are welcome.',
    'Refund it',
    'ASSISTANT',
    '{"assistant":"billing"}',
    'Done?',
    'Bye.',
  ]);
  expect(
    tree.children.map(({ agentName, children }) => [agentName, children.map((c) => c.agentName)]),
  ).toEqual([
    ['billing', []],
    ['billing', ['refunds']],
  ]);
  expect(await contentsOf(tree.children[1]!.children[0]!.key!)).toEqual(['Refunded.']);
});

test('each new input is in the root again also if one context goes through several runs', async () => {
  const { triage } = agents([[transfer('billing', 'call_1')], say('Bye.')], [say('ok')]);
  const session = newSession('context');
  const { runContext } = await run(triage, 'Hi', { session });
  await run(triage, 'Thanks', { session, context: runContext });
  expect((await contentsOf('context')).slice(-2)).toEqual(['Thanks', 'Bye.']);
});

test('tokens are those of the agent that used them', async () => {
  const billing = new Agent({ name: 'billing', model: new ScriptedModel([response(100, ...say('ok'))]) });
  const triage = new Agent({
    name: 'triage',
    model: new ScriptedModel([response(1, transfer('billing', 'call_1'))]),
    handoffs: [billing],
  });
  await run(triage, 'Hi', { session: newSession('tokens') });
  const tree = await treeOf('tokens');
  const groups = await client.usage(['AGENT'], { within: tree.id });
  expect(groups.map(({ agentName, usage }) => [agentName, usage.inputTokens]).sort()).toEqual([
    ['billing', 100],
    ['triage', 1],
  ]);
});

test('a handoff tool with another name still gets a child, of the tree’s user', async () => {
  const billing = new Agent({ name: 'billing', model: new ScriptedModel([say('ok')]) });
  const triage = new Agent({
    name: 'triage',
    model: new ScriptedModel([[functionCall('escalate', {}, { callId: 'call_1' })]]),
    handoffs: [handoff(billing, { toolNameOverride: 'escalate' })],
  });
  const session = newSession('named', 'ann');
  await run(triage, 'Hi', { session });
  expect(await treeOf('named', 'ann')).toMatchObject({ userId: 'ann', children: [{ agentName: 'billing' }] });
  expect(textsOf(await session.getItems()).at(-1)).toBe('ok');
});

test('pops take the latest item wherever it is, each another one', async () => {
  const session = newSession('pops');
  await converse(session);
  const items = await session.getItems();
  expect(await session.popItem()).toEqual(items.at(-1));
  const rest = items.slice(0, -1);
  const popped = await Promise.all(rest.map(() => session.popItem()));
  const inOrder = (all: unknown[]) => all.map((item) => JSON.stringify(item)).sort();
  expect(inOrder(popped)).toEqual(inOrder(rest));
  expect(await session.getItems()).toEqual([]);
  expect(await session.popItem()).toBeUndefined();
});

test('pops of two processes at once each have an item of their own', async () => {
  const sessions = [newSession('two'), newSession('two')];
  await converse(sessions[0]!);
  const items = await sessions[0]!.getItems();
  const popped = await Promise.all(items.map((_, n) => sessions[n % 2]!.popItem()));
  const inOrder = (all: unknown[]) => all.map((item) => JSON.stringify(item)).sort();
  expect(inOrder(popped)).toEqual(inOrder(items));
});

test('clearing leaves no item anywhere, and the session can be used again', async () => {
  const session = newSession('cleared');
  await converse(session);
  await session.clearSession();
  expect(await session.getItems()).toEqual([]);
  expect((await treeOf('cleared')).children).toEqual([]);
  await session.addItems([user('again')]);
  expect(await session.getItems()).toEqual([user('again')]);
});

test('a turn without a handoff is one request to read and one to add; a handoff is one more', async () => {
  const { triage } = agents([say('Hi.'), [transfer('billing', 'call_1')], say('ok')], [say('ok')]);
  const session = newSession('requests');
  const turn = (input: string) => client.requestsOf(() => run(triage, input, { session }));
  expect([await turn('1'), await turn('2')]).toEqual([2, 3]);
  // What was handed over is read by one request more.
  expect(await turn('3')).toBe(3);
});

test('items with a handoff of which one is refused are not seen at all', async () => {
  const session = newSession('refused');
  await session.addItems([user('1')]);
  const deep = JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`);
  const bad = { type: 'unknown', providerData: { deep } } as AgentInputItem;
  for (const items of [
    [user('2'), result, bad],
    [user('2'), bad, result, ...say('3')],
  ])
    await rejection(session.addItems(items));
  expect(await session.getItems()).toEqual([user('1')]);
  await session.addItems([user('2'), result, ...say('3')]);
  expect(textsOf(await session.getItems())).toEqual(['1', '2', 'function_call_result', '3']);
});

test('a child of more items than the server answers at once is read as a whole', async () => {
  const answers = (start: number) => Array.from({ length: 600 }, (_, n) => assistantMessage(`${start + n}`));
  const session = newSession('long');
  await session.addItems([user('1'), result, ...answers(0)]);
  await session.addItems(answers(600));
  expect((await treeOf('long')).children).toMatchObject([{ historyLength: 1_200 }]);
  expect(await newSession('long').getItems()).toEqual([user('1'), result, ...answers(0), ...answers(600)]);
});

test('children that together hold more than the server answers at once are read as a whole', async () => {
  const frugalClient = new CountedClient(frugal);
  const open = () => new HandoffSession(frugalClient, { key: 'large' });
  const items = Array.from({ length: 7 }, (_, n) => [user(`${n}`), result, ...say('long '.repeat(4_000))]);
  for (const turn of items) await open().addItems(turn);
  const read = await frugalClient.requestsOf(async () =>
    expect(await open().getItems()).toEqual(items.flat()),
  );
  // One of this session, and the children in halves.
  expect(read).toBeGreaterThan(2);
});

test('a function call behind a handoff is replaced where it is, and further ones with its id go', async () => {
  const session = newSession('mutations');
  const memory = new MemorySession();
  const call = (n: number, callId = 'c1') => functionCall('f', { n }, { callId });
  const items = [
    [user('1'), call(0, 'c0'), result, call(1), call(2, 'c2'), call(3), ...say('a')],
    [user('2'), call(4), result, ...say('b'), call(5), ...say('c')],
  ];
  for (const one of items) for (const target of [session, memory]) await target.addItems(one);
  const mutations = [{ type: 'replace_function_call' as const, callId: 'c1', replacement: call(9) }];
  for (const target of [session, memory]) await target.applyHistoryMutations({ mutations });
  expect(await session.getItems()).toEqual(await memory.getItems());
  // The end of a child is not taken for that of the session.
  const transaction = { type: 'replace_suffix' as const, expectedSuffix: say('c'), replacement: [user('3')] };
  const refused = rejection(session.applyHistoryTransaction({ operationId: 'after', transaction }));
  expect(await refused).toBeInstanceOf(ConflictError);
  expect(await session.getItems()).toEqual(await memory.getItems());
});

test('a transaction and a compaction after a handoff stand where they were written, and so does what follows', async () => {
  const session = newSession('compacted');
  await session.addItems([user('1'), result, ...say('2')]);
  await session.applyHistoryTransaction({
    operationId: 'a',
    transaction: { type: 'append_items', items: [user('3')] },
  });
  await session.addItems(say('4'));
  expect(textsOf(await session.getItems())).toEqual(['1', 'function_call_result', '2', '3', '4']);
  await session.applyHistoryTransaction({
    operationId: 'b',
    transaction: { type: 'replace_suffix', expectedSuffix: say('4'), replacement: [result] },
  });
  await session.addItems([user('5'), result, ...say('6')]);
  await session.replaceHistoryWithCompaction([{ type: 'compaction', encrypted_content: 'x' }]);
  await session.addItems(say('7'));
  expect(textsOf(await session.getItems())).toEqual(['compaction', '7']);
});
