import { expectCount, inTurn, treeIds } from '../check.ts';
import { HISTORY_MESSAGES, PAGE, SPAWNED_TITLE } from '../content.ts';
import type { Client, RunningPeer } from '../peer.ts';
import * as api from './api.ts';
import type { Loaded } from './load.ts';

/** The members of a thread that correspond to a session's scalar fields. */
const SCALARS = ['thread_id', 'created_at', 'updated_at', 'metadata', 'status'];

export function langgraphOperations(loaded: Loaded): ReturnType<RunningPeer['operations']> {
  const { small, large, history, written } = loaded;
  const receiver = inTurn(written);
  const parent = inTurn(written);
  return {
    'small-read': {
      kind: 'request',
      next: () => api.thread(small[0]!),
      check: (answer) => expectThread(answer),
    },
    // A search returns each thread's whole state, that is, all messages. Here each thread has just two.
    'tree-341': {
      kind: 'request',
      next: () =>
        api.search({ metadata: { root_id: small[0]! }, limit: api.MOST, select: [...SCALARS, 'values'] }),
      check: (answer) => {
        const threads = answer as api.Thread[];
        expectCount('threads of the tree', small.length, idsOf(threads, small[0]!).length);
        for (const { values } of threads) expectCount('last messages', 2, values?.messages.length ?? 0);
      },
    },
    'tree-1111': { kind: 'walk', run: (client) => searchTree(large[0]!, client) },
    'send-message': {
      kind: 'request',
      next: () => api.sendExchange(receiver()),
      check: (answer) => {
        if (typeof (answer as { checkpoint?: unknown }).checkpoint !== 'object') {
          throw new Error(`Expected a checkpoint, got ${JSON.stringify(answer).slice(0, 300)}.`);
        }
      },
    },
    spawn: {
      kind: 'request',
      next: () => {
        const id = parent();
        return api.create({ root_id: id, parent_id: id, title: SPAWNED_TITLE });
      },
      check: (answer) => {
        const { parent_id } = expectThread(answer).metadata;
        if (parent_id === null) throw new Error('spawn: expected a thread with a parent, got a root.');
      },
    },
    'list-page': {
      kind: 'request',
      next: () => api.search({ limit: PAGE, select: SCALARS }),
      check: (answer) => expectCount('threads of a page', PAGE, (answer as unknown[]).length),
    },
    // It has no paging of messages: a client that needs the last fifty gets all of them.
    'history-page': {
      kind: 'request',
      next: () => api.state(history[0]!),
      check: (answer) => {
        const { values } = answer as Required<api.Thread>;
        expectCount('messages', HISTORY_MESSAGES, values.messages.length);
      },
    },
  };
}

/** Searches by metadata, with the largest page: one request per thousand threads. */
async function searchTree(root: string, client: Client): Promise<number> {
  const found: api.Thread[] = [];
  for (let last = api.MOST; last === api.MOST; ) {
    const query = { metadata: { root_id: root }, limit: api.MOST, offset: found.length, select: SCALARS };
    const page = (await client.json(api.search(query))) as api.Thread[];
    found.push(...page);
    last = page.length;
  }
  return idsOf(found, root).length;
}

function idsOf(threads: readonly api.Thread[], root: string): string[] {
  const sessions = threads.map(({ thread_id, metadata }) => ({
    id: thread_id,
    parentId: metadata.parent_id,
  }));
  return treeIds(sessions, root);
}

function expectThread(answer: unknown): api.Thread {
  const thread = answer as api.Thread;
  if (typeof thread.thread_id !== 'string') {
    throw new Error(`Expected a thread, got ${JSON.stringify(answer).slice(0, 300)}.`);
  }
  return thread;
}
