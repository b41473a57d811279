import { LocalRuntimeCore } from '@assistant-ui/core/internal';
import type { ChatModelAdapter, ExportedMessageRepositoryItem, ThreadMessage } from '@assistant-ui/react';
import { Sessiontree } from '@sessiontree/client';
import { expect, test } from 'vitest';
import { CountedClient } from '../../support/counted-client.ts';
import { startServer } from '../../support/server.ts';
import { createThreadHistoryAdapter, type ThreadListItem } from '../src/assistant-ui.ts';
import { asJson } from './messages.ts';
import { countingModel, texts } from './threads.ts';

const url = await startServer();
const client = new Sessiontree(url);

/** A thread with a session: what a runtime has as `aui.threadListItem`. */
function threadOf(sessionId: string): ThreadListItem {
  return { getState: () => ({ remoteId: sessionId }), initialize: async () => ({ remoteId: sessionId }) };
}

/** A runtime of a thread, as `useLocalRuntime` makes one. */
async function localThread(chatModel: ChatModelAdapter, thread: ThreadListItem, through = client) {
  const history = createThreadHistoryAdapter(through, () => thread);
  const runtime = new LocalRuntimeCore({ adapters: { chatModel, history } }, undefined);
  const core = runtime.threads.getMainThreadRuntimeCore();
  await core.__internal_load();
  return core;
}

type LocalThread = Awaited<ReturnType<typeof localThread>>;

/** What the user says: after the message with the id, or at the end. */
const says = (thread: LocalThread, text: string, parentId = thread.messages.at(-1)?.id ?? null) =>
  thread.append({
    parentId,
    sourceId: null,
    runConfig: undefined,
    role: 'user',
    content: [{ type: 'text', text }],
    attachments: [],
    metadata: { custom: {} },
    createdAt: new Date(),
  });

test('a thread of the runtime with branches loads as it was, a request a message', async () => {
  const counted = new CountedClient(url);
  await client.sessions.create({ id: 'branches' });
  const thread = await localThread(countingModel(), threadOf('branches'), counted);
  await says(thread, 'First');
  await says(thread, 'Second');
  expect(counted.takeRequests()).toEqual([
    'session',
    'writeHistory',
    'writeHistory',
    'writeHistory',
    'writeHistory',
  ]);

  const [first, answer] = thread.messages;
  await thread.startRun({ parentId: first!.id, sourceId: answer!.id, runConfig: {} });
  await says(thread, 'First, edited', null);
  expect(texts(thread.messages)).toEqual(['First, edited', 'Answer 4']);

  const again = await localThread(countingModel(), threadOf('branches'));
  expect(texts(again.messages)).toEqual(['First, edited', 'Answer 4']);
  expect(again.getBranches(again.messages[0]!.id)).toHaveLength(2);
  again.switchToBranch(first!.id);
  expect(again.getBranches(again.messages[1]!.id)).toHaveLength(2);
  const exported = (one: LocalThread) => {
    const items = one.export().messages as ExportedMessageRepositoryItem[];
    return items.map(asJson).sort((a, b) => (a.message.id < b.message.id ? -1 : 1));
  };
  expect(exported(again)).toEqual(exported(thread));
  expect(again.messages[0]!.createdAt).toBeInstanceOf(Date);
});

test('what is said, thought, called and paid for is found in the session', async () => {
  await client.sessions.create({ id: 'described' });
  const thread = await localThread(countingModel(), threadOf('described'));
  await says(thread, 'What time is it?');
  expect(await client.history.list('described').toArray()).toMatchObject([
    { role: 'USER', content: 'What time is it?', key: thread.messages[0]!.id },
    {
      role: 'ASSISTANT',
      content: 'Answer 1',
      reasoning: 'Thought 1',
      toolCalls: [{ toolCallId: 'call-1', name: 'clock', arguments: { zone: 'Lisbon' } }],
      usage: { inputTokens: 10, outputTokens: 3 },
    },
  ]);
});

test('a message is updated in its place, and deleted without its answers', async () => {
  await client.sessions.create({ id: 'changed' });
  const thread = await localThread(countingModel(), threadOf('changed'));
  await says(thread, 'First');
  await says(thread, 'Second');
  const counted = new CountedClient(url);
  const history = createThreadHistoryAdapter(counted, () => threadOf('changed'));
  const [u1, a1, u2, a2] = (await history.load()).messages;
  counted.takeRequests();
  const edited = { ...a1!.message, content: [{ type: 'text', text: 'Another' }] } as ThreadMessage;
  await history.update({ ...a1!, message: edited });
  await history.delete([u1!, u2!]);
  await history.delete([u2!]);
  expect(counted.takeRequests()).toEqual(['writeHistory', 'writeHistory', 'writeHistory']);

  const { headId, messages } = await history.load();
  expect(messages.map(({ message, parentId }) => [message.id, parentId])).toEqual([
    [a1!.message.id, null],
    [a2!.message.id, a1!.message.id],
  ]);
  expect([headId, texts([messages[0]!.message])]).toEqual([a2!.message.id, ['Another']]);
  const reloaded = await localThread(countingModel(), threadOf('changed'));
  expect(texts(reloaded.messages)).toEqual(['Another', 'Answer 2']);
});

test('messages keep the format of their runtime, with branches', async () => {
  await client.sessions.create({ id: 'formatted' });
  interface Stored extends Record<string, unknown> {
    readonly role: string;
    readonly parts: readonly object[];
  }
  type Message = Stored & { readonly id: string };
  const history = createThreadHistoryAdapter(client, () => threadOf('formatted'));
  const format = (name: string) =>
    history.withFormat<Message, Stored>({
      format: name,
      encode: ({ message: { id: _, ...stored } }) => stored as Stored,
      decode: ({ id, parent_id, content }) => ({ parentId: parent_id, message: { ...content, id } }),
      getId: ({ id }) => id,
    });
  const { append, load, update, delete: remove } = format('ai-sdk/v7');
  const say = (id: string, parentId: string | null, text: string) => ({
    parentId,
    message: { id, role: id.startsWith('u') ? 'user' : 'assistant', parts: [{ type: 'text', text }] },
  });
  const items = [
    say('u1', null, 'One'),
    say('a1', 'u1', 'Two'),
    say('a2', 'u1', 'Three'),
    say('u2', 'a2', 'Four'),
  ];
  for (const item of items) await append(item);
  expect(await load()).toEqual({ headId: 'u2', messages: items });
  expect(await format('other').load()).toEqual({ headId: null, messages: [] });
  await update!(say('a1', 'u1', 'Zwei'), 'a1');
  await remove!([items[2]!]);
  expect((await load()).messages).toEqual([items[0], say('a1', 'u1', 'Zwei'), say('u2', 'u1', 'Four')]);
  const [hit] = await client.search('zwei', { within: 'formatted' }).toArray();
  expect(hit?.message).toMatchObject({ key: 'a1', role: 'ASSISTANT' });
});

test('a session of another program is a thread', async () => {
  const { session } = await client.sessions.create({
    messages: [
      { role: 'SYSTEM', content: 'Be brief.' },
      { role: 'USER', content: 'Hello' },
      { role: 'TOOL', content: '3', toolCallId: 'x' },
      { role: 'ASSISTANT', content: 'Hello.' },
    ],
  });
  const thread = await localThread(countingModel(), threadOf(session.id));
  expect(texts(thread.messages)).toEqual(['Be brief.', 'Hello', 'Hello.']);
  await says(thread, 'Bye');
  const again = await localThread(countingModel(), threadOf(session.id));
  expect(texts(again.messages)).toEqual(['Be brief.', 'Hello', 'Hello.', 'Bye', 'Answer 1']);
});
