import { join } from 'node:path';
import { LISTED_SESSIONS, longHistory, rootSessions, WRITTEN_SESSIONS } from '../content.ts';
import type { Client, FixtureSession, RunningPeer } from '../peer.ts';
import { OpencodeDirectory, type OpencodeEvent, type OpencodeSession } from './api.ts';
import { creationOf, messagesOf, newId } from './events.ts';

/** One directory per use, so that no case reads what another writes. */
export const DIRECTORIES = ['small', 'large', 'listed', 'history', 'written'] as const;

/** The ids of the sessions of one directory. The first is the root of a tree. */
export interface LoadedDirectory {
  readonly api: OpencodeDirectory;
  readonly ids: readonly string[];
}

export type Loaded = { readonly [name in (typeof DIRECTORIES)[number]]: LoadedDirectory };

/** Stores everything that the cases need, below the directory. */
export async function loadOpencode(
  directory: string,
  { small, large }: Parameters<RunningPeer['load']>[0],
  client: Client,
  progress: (done: number, total: number) => void,
): Promise<Loaded> {
  const plan = {
    small,
    large,
    listed: rootSessions('listed', LISTED_SESSIONS),
    history: [longHistory()],
    written: rootSessions('written', WRITTEN_SESSIONS),
  };
  const total = Object.values(plan).reduce((sum, sessions) => sum + sessions.length, 0);
  let done = 0;
  const loaded: Partial<Record<keyof Loaded, LoadedDirectory>> = {};
  for (const name of DIRECTORIES) {
    const api = new OpencodeDirectory(join(directory, name));
    const ids = await store(api, plan[name], client, () => {
      done += 1;
      progress(done, total);
    });
    loaded[name] = { api, ids };
  }
  return loaded as Loaded;
}

/** Events per request, so that its body stays below a megabyte. */
const BATCH = 1_000;

/**
 * The first session is created as by a client. The others are copies of it, which are replayed with their messages. That
 * takes one request per session instead of one more per message, and is the only way to get messages of an assistant
 * without a model.
 */
async function store(
  api: OpencodeDirectory,
  sessions: readonly FixtureSession[],
  client: Client,
  stored: () => void,
): Promise<string[]> {
  const ids = new Map<string, string>();
  let first: OpencodeSession | undefined;
  for (const { key, parentKey, title, messages } of sessions) {
    const events: OpencodeEvent[] = [];
    let session: OpencodeSession;
    if (first === undefined) {
      session = (await client.json(api.create(title))) as OpencodeSession;
      first = session;
    } else {
      const created = first.time.created + ids.size;
      const like = { ...first, id: newId('ses'), title, time: { created, updated: created } };
      session = parentKey === null ? like : { ...like, parentID: ids.get(parentKey)! };
      events.push(creationOf({ ...session, title }));
    }
    events.push(...messagesOf(session, messages));
    for (let start = 0; start < events.length; start += BATCH) {
      await client.json(api.replay(events.slice(start, start + BATCH)));
    }
    ids.set(key, session.id);
    stored();
  }
  return [...ids.values()];
}
