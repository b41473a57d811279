import { AssistantRuntimeImpl, LocalRuntimeCore } from '@assistant-ui/core/internal';
import { useRuntimeAdapters } from '@assistant-ui/core/react';
import { RemoteThreadList } from '@assistant-ui/core/store';
import { ThreadClient } from '@assistant-ui/core/store/internal';
import { useAui } from '@assistant-ui/store';
import { AuiConfig, createAssistantClient } from '@assistant-ui/store/client';
import { flushTapSync, resource, useResource, withKey } from '@assistant-ui/tap';
import { Sessiontree } from '@sessiontree/client';
import { expect, onTestFinished, test } from 'vitest';
import { CountedClient } from '../../support/counted-client.ts';
import { startServer } from '../../support/server.ts';
import {
  createThreadHistoryAdapter,
  createThreadListAdapter,
  type HistoryAdapter,
  type ThreadListAdapter,
} from '../src/assistant-ui.ts';
import { countingModel, texts } from './threads.ts';

const url = await startServer();
const client = new Sessiontree(url);

/** A list of threads of assistant-ui, and the thread that is shown, without a page around them. */
async function threadList(adapter: ThreadListAdapter) {
  const handle = createAssistantClient(
    AuiConfig({
      threads: RemoteThreadList({ adapter, thread: () => ThreadClient({ runtime: runtime.thread }) }),
    }),
  );
  const history = createThreadHistoryAdapter(client, () => handle.getClient().threads.item('main'));
  const runtime = new AssistantRuntimeImpl(
    new LocalRuntimeCore({ adapters: { chatModel: countingModel(), history } }, undefined),
  );
  handle.subscribe(() => {});
  onTestFinished(() => handle.destroy());
  const { threads } = handle.getClient();
  await threads.getLoadThreadsPromise();
  return { threads, thread: handle.getClient().thread };
}

test('threads are listed, created, renamed, archived and deleted, a request each', async () => {
  const counted = new CountedClient(url);
  const mine = { userId: 'ada', project: 'shop' };
  const adapter = createThreadListAdapter(counted, { filter: mine, create: mine });
  const { threads } = await threadList(adapter);
  expect(counted.takeRequests()).toEqual(['sessions']);
  const item = threads.item('main');
  item.updateCustom({ color: 'red' });
  const { remoteId } = await item.initialize();
  expect(counted.takeRequests()).toEqual(['createSession']);
  await item.rename('Shoes');
  await item.updateCustom({ size: 42 });
  await item.archive();
  expect(counted.takeRequests()).toEqual(['updateSession', 'updateSession', 'archiveSession']);
  expect(await client.sessions.get(remoteId)).toMatchObject({
    ...mine,
    title: 'Shoes',
    archivedAt: expect.any(String),
    metadata: { custom: { size: 42 } },
  });

  const { threads: others } = await threadList(adapter);
  expect(others.getState().archivedThreadIds).toEqual([remoteId]);
  expect(others.item({ id: remoteId }).getState()).toMatchObject({ title: 'Shoes', custom: { size: 42 } });
  counted.takeRequests();
  await others.item({ id: remoteId }).unarchive();
  expect(counted.takeRequests()).toEqual(['unarchiveSession']);
  expect((await adapter.fetch(remoteId)).status).toBe('regular');
  await client.sessions.spawn(remoteId, { title: 'A subagent' });
  counted.takeRequests();
  await others.item({ id: remoteId }).delete();
  await adapter.delete(remoteId);
  expect(counted.takeRequests()).toEqual(['deleteSession', 'deleteSession']);
  expect(await adapter.list()).toEqual({ threads: [] });
  await expect(adapter.fetch(remoteId)).rejects.toMatchObject({ name: 'SessionNotFoundError' });
});

test('a long list comes in pages, the latest first, without sessions beneath others', async () => {
  const project = 'pages';
  const ids: string[] = [];
  for (let at = 0; at < 5; at += 1) ids.unshift((await client.sessions.create({ project })).session.id);
  await client.sessions.spawn(ids[0]!, { project });
  const adapter = createThreadListAdapter(client, { filter: { project }, pageSize: 2 });
  const seen: string[] = [];
  for (let after: string | undefined, isLast = false; !isLast; ) {
    const page = await adapter.list({ after });
    seen.push(...page.threads.map(({ remoteId }) => remoteId));
    after = page.nextCursor;
    isLast = after === undefined;
  }
  expect(seen).toEqual(ids);
});

test('what is said first makes the session of a thread, and names it', async () => {
  const { threads, thread } = await threadList(createThreadListAdapter(client));
  const item = threads.item('main');
  thread.append(`  A train\nto Porto ${'please '.repeat(12)}`);
  await expect.poll(() => item.getState().remoteId).toBeDefined();
  const remoteId = item.getState().remoteId!;
  await expect.poll(async () => (await client.sessions.get(remoteId))?.historyLength).toBe(2);
  await item.generateTitle();
  const title = 'A train to Porto please please please please please please…';
  await expect.poll(() => item.getState().title).toBe(title);
  expect(await client.sessions.get(remoteId)).toMatchObject({ title });
});

test('a thread is named as the program says', async () => {
  const adapter = createThreadListAdapter(client, {
    nameThread: async (messages) => `${messages.length} messages`,
  });
  const { remoteId } = await adapter.initialize('local');
  await (await adapter.generateTitle(remoteId, [])).pipeTo(new WritableStream());
  expect(await adapter.fetch(remoteId)).toMatchObject({ title: '0 messages' });
});

/** What is used of React, whose types are not installed. */
interface Hooks {
  useEffect(effect: () => void, dependencies?: readonly unknown[]): void;
  useMemo<Value>(make: () => Value, dependencies: readonly unknown[]): Value;
  useRef<Value>(value: Value): { current: Value };
}

test('the threads of a list have their histories by the hook of the documentation', async () => {
  const { useEffect, useMemo, useRef } = (await import('react' as string)) as Hooks;
  function useAdapters() {
    const aui = useAui();
    const latest = useRef(aui);
    useEffect(() => {
      latest.current = aui;
    });
    return useMemo(
      () => ({ history: createThreadHistoryAdapter(client, () => latest.current.threadListItem) }),
      [],
    );
  }
  const { session } = await client.sessions.create({
    project: 'hook',
    messages: [{ role: 'USER', content: 'Hello' }],
  });
  const { thread } = new AssistantRuntimeImpl(
    new LocalRuntimeCore({ adapters: { chatModel: countingModel() } }, undefined),
  );
  const histories = new Map<string, HistoryAdapter>();
  const HistoryThread = resource(({ id }: { readonly id: string }) => {
    histories.set(id, useRuntimeAdapters()?.history as HistoryAdapter);
    return useResource(ThreadClient({ runtime: thread }));
  });
  const adapter = {
    ...createThreadListAdapter(client, { filter: { project: 'hook' } }),
    unstable_useAdapters: useAdapters,
  };
  const handle = createAssistantClient(
    AuiConfig({ threads: RemoteThreadList({ adapter, thread: (id) => withKey(id, HistoryThread({ id })) }) }),
  );
  handle.subscribe(() => {});
  onTestFinished(() => handle.destroy());
  const { threads } = handle.getClient();
  await threads.getLoadThreadsPromise();
  flushTapSync(() => threads.switchToThread(session.id));
  await expect.poll(() => threads.getState().mainThreadId).toBe(session.id);
  await expect
    .poll(async () => {
      const repository = await histories.get(session.id)!.load();
      return texts(repository.messages.map(({ message }) => message));
    })
    .toEqual(['Hello']);
});
