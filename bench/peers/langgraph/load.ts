import { randomUUID } from 'node:crypto';
import { LISTED_SESSIONS, longHistory, rootSessions, WRITTEN_SESSIONS } from '../content.ts';
import type { Client, FixtureSession, RunningPeer } from '../peer.ts';
import { create } from './api.ts';

/** Ids of threads. The first id of a tree is the root's. */
export interface Loaded {
  readonly small: readonly string[];
  readonly large: readonly string[];
  readonly history: readonly string[];
  readonly written: readonly string[];
}

/** Stores everything that the cases need. */
export async function loadLanggraph(
  { small, large }: Parameters<RunningPeer['load']>[0],
  client: Client,
  progress: (done: number, total: number) => void,
): Promise<Loaded> {
  const listed = rootSessions('listed', LISTED_SESSIONS);
  const total = small.length + large.length + listed.length + 1 + WRITTEN_SESSIONS;
  let done = 0;
  const store = async (sessions: readonly FixtureSession[]) => {
    const threads = new Map<string, { readonly id: string; readonly root: string }>();
    for (const { key, parentKey, title, messages } of sessions) {
      const parent = parentKey === null ? null : threads.get(parentKey)!;
      const id = randomUUID();
      const root = parent?.root ?? id;
      await client.json(create({ root_id: root, parent_id: parent?.id ?? null, title }, id, messages));
      threads.set(key, { id, root });
      done += 1;
      progress(done, total);
    }
    return [...threads.values()].map(({ id }) => id);
  };
  await store(listed);
  return {
    small: await store(small),
    large: await store(large),
    history: await store([longHistory()]),
    written: await store(rootSessions('written', WRITTEN_SESSIONS)),
  };
}
