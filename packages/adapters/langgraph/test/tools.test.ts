import { type BaseMessage, mapStoredMessagesToChatMessages } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { MemorySaver } from '@langchain/langgraph';
import { createReactAgent } from '@langchain/langgraph/prebuilt';
import { expect, test } from 'vitest';
import { startServer } from '../../support/server.ts';
import {
  asked,
  calling,
  configOf,
  lookup,
  newThread,
  openRecording,
  QUERY,
  ScriptedModel,
} from './support.ts';

const url = await startServer();

test('a tool loop is recorded with calls, results and usage, one request a turn', async () => {
  const recording = openRecording(url, { delayMs: 60_000, userId: 'ada' });
  const thread = newThread();
  const usage_metadata = {
    input_tokens: 50,
    output_tokens: 20,
    total_tokens: 70,
    input_token_details: { cache_read: 30, cache_creation: 5 },
    output_token_details: { reasoning: 8 },
  };
  const agent = createReactAgent({
    name: 'weather',
    llm: new ScriptedModel(
      {
        ...calling('lookup', { id: 'c1', args: { q: 'Lisbon' } }, { id: 'c2', args: { q: 'Porto' } }),
        usage_metadata,
      },
      { content: 'Sunny in both.', response_metadata: { model_name: 'small-1' } },
      { content: 'Rain.' },
    ),
    tools: [lookup],
    checkpointer: new MemorySaver(),
  });
  await agent.invoke(asked('Weather in Lisbon and Porto?\nToday.'), configOf(recording, thread));
  await recording.recorder.flush();
  expect(recording.requests).toEqual(['writeHistory']);
  await agent.invoke(asked('And tomorrow?'), configOf(recording, thread));
  await recording.recorder.flush();
  expect(recording.requests).toEqual(['writeHistory', 'writeHistory']);
  const { client, errors } = recording;
  const key = `langgraph:${thread}`;
  expect(await client.sessions.get({ key })).toBeNull();
  const session = (await client.sessions.get({ key, ownerId: 'ada' }))!;
  expect(session).toMatchObject({
    userId: 'ada',
    agentName: 'weather',
    title: 'Weather in Lisbon and Porto?',
    status: 'COMPLETED',
    usage: {
      inputTokens: 50,
      outputTokens: 20,
      cacheReadTokens: 30,
      cacheWriteTokens: 5,
      reasoningTokens: 8,
    },
  });
  const messages = await client.history.list(session.id, { withPayloads: true }).toArray(100);
  expect(messages).toMatchObject([
    { role: 'USER', content: 'Weather in Lisbon and Porto?\nToday.' },
    {
      role: 'ASSISTANT',
      name: 'weather',
      toolCalls: [
        { toolCallId: 'c1', name: 'lookup', arguments: { q: 'Lisbon' } },
        { toolCallId: 'c2', name: 'lookup', arguments: { q: 'Porto' } },
      ],
    },
    { role: 'TOOL', name: 'lookup', toolCallId: 'c1', content: 'sunny in Lisbon' },
    { role: 'TOOL', name: 'lookup', toolCallId: 'c2', content: 'sunny in Porto' },
    { role: 'ASSISTANT', content: 'Sunny in both.', model: 'small-1' },
    { role: 'USER', content: 'And tomorrow?' },
    { role: 'ASSISTANT', content: 'Rain.' },
  ]);
  expect(messages.map(({ replacedAt }) => replacedAt)).toEqual(Array(7).fill(null));
  // The ids of the graph's state are the keys, and the payloads give its messages back.
  const { messages: state } = (await agent.getState({ configurable: { thread_id: thread } })).values as {
    messages: BaseMessage[];
  };
  expect(messages.map((message) => message.key)).toEqual(state.map(({ id }) => id));
  const restored = mapStoredMessagesToChatMessages(messages.map(({ payload }) => payload as never));
  expect(restored.map((message) => message.toDict())).toEqual(state.map((message) => message.toDict()));
  expect(errors).toEqual([]);
});

test('a tool that failed is an error', async () => {
  const recording = openRecording(url);
  const thread = newThread();
  const broken = tool(() => Promise.reject(new Error('no network')), {
    name: 'lookup',
    description: '',
    schema: QUERY,
  });
  const agent = createReactAgent({
    llm: new ScriptedModel(calling('lookup', { id: 'c1', args: { q: 'x' } }), { content: 'Sorry.' }),
    tools: [broken],
    checkpointer: new MemorySaver(),
  });
  await agent.invoke(asked('Weather?'), configOf(recording, thread));
  await recording.recorder.flush();
  const { id } = (await recording.client.sessions.get({ key: `langgraph:${thread}` }))!;
  const messages = await recording.client.history.list(id).toArray(10);
  expect(messages.map(({ role, isError }) => [role, isError])).toContainEqual(['TOOL', true]);
});
