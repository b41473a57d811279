import {
  Agent,
  type AgentInputItem,
  MemorySession,
  OpenAIResponsesCompactionSession,
  OutputGuardrailTripwireTriggered,
  Runner,
  RunState,
  run,
  tool,
} from '@openai/agents';
import { assistantMessage, functionCall, modelError, ScriptedModel } from '@openai/agents/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { CountedClient } from '../../support/counted-client.ts';
import { startServer } from '../../support/server.ts';
import { SessiontreeSession } from '../src/index.ts';
import { messagesOf, rejection, response, textsOf, user, users } from './support.ts';

const url = await startServer();
const client = new CountedClient(url);
const newSession = (key: string, model?: string) => new SessiontreeSession(client, { key, model });

const weather = tool({
  name: 'weather',
  description: 'The weather in a city.',
  parameters: z.object({ city: z.string() }),
  execute: ({ city }) => `Sun in ${city}`,
});

/** Parts of a conversation that two sessions, this one and the SDK's own, are to keep alike. */
async function converse(session: SessiontreeSession | MemorySession, stream: boolean) {
  const model = new ScriptedModel([
    [assistantMessage('Hello, Ann.')],
    [
      { type: 'reasoning', id: 'rs_1', content: [{ type: 'input_text', text: 'I look it up.' }] },
      functionCall('weather', { city: 'Porto' }, { callId: 'call_1' }),
    ],
    [assistantMessage('Sun in Porto.')],
    [assistantMessage('Ann.')],
  ]);
  const agent = new Agent({ name: 'helper', model, tools: [weather] });
  for (const input of ['I am Ann.', 'Weather in Porto?', 'Who am I?'])
    if (stream) await (await run(agent, input, { session, stream })).completed;
    else await run(agent, input, { session });
  model.assertComplete();
  return { items: await session.getItems(), inputs: model.calls.map(({ request }) => request.input) };
}

test.each([false, true])(
  'an agent remembers its earlier turns and tools as with the SDK’s own session (streamed: %s)',
  async (stream) => {
    const ours = await converse(newSession(`turns/${stream}`), stream);
    expect(ours).toEqual(await converse(new MemorySession(), stream));
    expect(textsOf(ours.inputs.at(-1) as AgentInputItem[])).toEqual([
      'I am Ann.',
      'Hello, Ann.',
      'Weather in Porto?',
      'I look it up.',
      'function_call',
      'function_call_result',
      'Sun in Porto.',
      'Who am I?',
    ]);
  },
);

test('a turn is two requests: one reads, one adds', async () => {
  const model = new ScriptedModel([
    [functionCall('weather', { city: 'Rome' }, { callId: 'c' })],
    [assistantMessage('Sun.')],
  ]);
  const agent = new Agent({ name: 'helper', model, tools: [weather] });
  const session = newSession('two');
  expect(await client.requestsOf(() => run(agent, 'Rome?', { session }))).toBe(2);
});

test('the tree has roles, texts, tool calls with their results, reasoning, model and usage', async () => {
  const model = new ScriptedModel([
    response(
      10,
      { type: 'reasoning', content: [{ type: 'input_text', text: 'Look it up.' }] },
      functionCall('weather', { city: 'Porto' }, { callId: 'call_1' }),
    ),
    response(20, assistantMessage('Sun in Porto.', { providerData: { model: 'big-1' } })),
  ]);
  const session = newSession('mapped', 'small-1');
  await run(new Agent({ name: 'helper', model, tools: [weather] }), 'Porto?', { session });
  expect(await messagesOf(client, 'mapped')).toMatchObject([
    { role: 'USER', content: 'Porto?', model: null, usage: null },
    { role: 'ASSISTANT', content: '', reasoning: 'Look it up.', model: 'small-1', usage: null },
    {
      role: 'ASSISTANT',
      toolCalls: [{ toolCallId: 'call_1', name: 'weather', arguments: { city: 'Porto' } }],
      usage: { inputTokens: 10, outputTokens: 1, cacheReadTokens: 1 },
    },
    { role: 'TOOL', name: 'weather', toolCallId: 'call_1', content: 'Sun in Porto', usage: null },
    {
      role: 'ASSISTANT',
      content: 'Sun in Porto.',
      model: 'big-1',
      usage: { inputTokens: 20, outputTokens: 1 },
    },
  ]);
  const [usage] = await client.usage(['MODEL'], {
    within: (await client.sessions.get({ key: 'mapped' }))!.id,
  });
  expect(usage).toMatchObject({ model: expect.any(String) });
});

test('each turn counts its own tokens, also when a context goes through several runs', async () => {
  const model = new ScriptedModel([1, 2, 4].map((tokens) => response(tokens, assistantMessage('ok'))));
  const agent = new Agent({ name: 'helper', model });
  const session = newSession('usage');
  const { runContext } = await run(agent, '1', { session });
  await run(agent, '2', { session, context: runContext });
  await (await run(agent, '3', { session, stream: true })).completed;
  const usages = (await messagesOf(client, 'usage')).flatMap(({ usage }) => usage?.inputTokens ?? []);
  expect(usages).toEqual([1, 2, 4]);
});

test('an add that fails leaves its tokens to the next one', async () => {
  let isDown = false;
  const session = new SessiontreeSession(
    new CountedClient(url, {
      maxRetries: 0,
      fetch: (...request) => (isDown ? Promise.reject(new TypeError('down')) : fetch(...request)),
    }),
    { key: 'down' },
  );
  const model = new ScriptedModel([response(5, assistantMessage('ok'))]);
  const result = await run(new Agent({ name: 'helper', model }), 'Hi');
  const context = result.runContext;
  isDown = true;
  await rejection(session.addItems(result.history, context));
  isDown = false;
  await session.addItems(result.history, context);
  expect((await messagesOf(client, 'down')).map(({ usage }) => usage?.inputTokens)).toEqual([undefined, 5]);
});

test('a run that fails keeps what was said before it', async () => {
  const model = new ScriptedModel([[assistantMessage('ok')], modelError(new Error('The model is down.'))]);
  const agent = new Agent({ name: 'helper', model });
  const session = newSession('fails');
  await run(agent, '1', { session });
  await rejection(run(agent, '2', { session }));
  expect(textsOf(await session.getItems()).slice(0, 2)).toEqual(['1', 'ok']);
});

test('a sessionInputCallback chooses what the model sees, and only new items are added', async () => {
  const model = new ScriptedModel([[assistantMessage('ok')]]);
  const session = newSession('callback');
  await session.addItems(users('old', 'older'));
  await run(new Agent({ name: 'helper', model }), 'new', {
    session,
    sessionInputCallback: (history, added) => [...history.slice(-1), user('injected'), ...added],
  });
  expect(textsOf(model.firstCall!.request.input as AgentInputItem[])).toEqual(['older', 'injected', 'new']);
  expect(textsOf(await session.getItems())).toEqual(['old', 'older', 'injected', 'new', 'ok']);
});

test('a run that waits for an approval goes on in another process with the same session', async () => {
  const model = new ScriptedModel([
    [functionCall('pay', {}, { callId: 'call_1' })],
    [assistantMessage('Paid.')],
    [assistantMessage('Yes.')],
  ]);
  const pay = tool({
    name: 'pay',
    description: 'Pays.',
    parameters: z.object({}),
    needsApproval: true,
    execute: () => 'done',
  });
  const agent = new Agent({ name: 'helper', model, tools: [pay] });
  const waiting = await run(agent, 'Pay', { session: newSession('approval') });
  const state = await RunState.fromString(agent, waiting.state.toString());
  state.approve(state.getInterruptions()[0]!);
  const session = newSession('approval');
  expect((await run(agent, state, { session })).finalOutput).toBe('Paid.');
  await run(agent, 'Sure?', { session });
  expect(textsOf(await session.getItems())).toEqual([
    'Pay',
    'function_call',
    'function_call_result',
    'Paid.',
    'Sure?',
    'Yes.',
  ]);
});

test.each([false, true])(
  'an output that a guardrail blocks is kept as with the SDK’s own session (streamed: %s)',
  async (stream) => {
    async function blocked(session: SessiontreeSession | MemorySession) {
      const model = new ScriptedModel([
        [functionCall('weather', { city: 'Porto' }, { callId: 'call_1' })],
        [assistantMessage('A secret.')],
      ]);
      const agent = new Agent({
        name: 'helper',
        model,
        tools: [weather],
        outputGuardrails: [
          { name: 'no secrets', execute: async () => ({ tripwireTriggered: true, outputInfo: null }) },
        ],
      });
      const running = stream
        ? run(agent, 'Tell', { session, stream }).then(({ completed }) => completed)
        : run(agent, 'Tell', { session });
      expect(await rejection(running)).toBeInstanceOf(OutputGuardrailTripwireTriggered);
      return session.getItems();
    }
    expect(await blocked(newSession(`guardrail/${stream}`))).toEqual(await blocked(new MemorySession()));
  },
);

test('a compaction that a model sends replaces what came before it', async () => {
  const converseWith = async (session: SessiontreeSession | MemorySession) => {
    const model = new ScriptedModel([
      [assistantMessage('one')],
      [{ type: 'compaction', encrypted_content: 'all so far' }, assistantMessage('two')],
      [assistantMessage('three')],
    ]);
    const runner = new Runner();
    const agent = new Agent({ name: 'helper', model });
    for (const input of ['1', '2', '3']) await runner.run(agent, input, { session });
    return { items: await session.getItems(), input: model.lastCall!.request.input };
  };
  const ours = await converseWith(newSession('compaction'));
  expect(ours).toEqual(await converseWith(new MemorySession()));
  expect(textsOf(ours.input as AgentInputItem[])).toEqual(['compaction', 'two', '3']);
});

test('the SDK’s compaction session compacts what is kept here', async () => {
  const compact = async ({ input }: { input: unknown[] }) => ({
    id: 'resp_1',
    output: [{ type: 'compaction', id: 'cmp_1', encrypted_content: `of ${input.length}` }],
    usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 },
  });
  const kept = newSession('compaction session');
  const session = new OpenAIResponsesCompactionSession({
    client: { responses: { compact } } as unknown as NonNullable<
      ConstructorParameters<typeof OpenAIResponsesCompactionSession>[0]['client']
    >,
    underlyingSession: kept,
    compactionMode: 'input',
  });
  const model = new ScriptedModel([[assistantMessage('one')], [assistantMessage('two')]]);
  const agent = new Agent({ name: 'helper', model });
  await run(agent, '1', { session });
  await session.runCompaction({ force: true, compactionMode: 'input' });
  expect(await kept.getItems()).toMatchObject([{ type: 'compaction', encrypted_content: 'of 2' }]);
  await run(agent, '2', { session });
  expect(textsOf(await kept.getItems())).toEqual(['compaction', '2', 'two']);
});
