import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { SessionStatus } from '../../model/session.ts';
import {
  type Dropped,
  type Fault,
  type Format,
  LIVE_MS,
  type SourceItem,
  type SourceSession,
  type SurveyOptions,
} from '../format.ts';
import { hashOf } from '../hash.ts';
import { openRegularFile } from '../regular-file.ts';
import { dateIn, objectIn, textIn } from '../source-json.ts';
import { isMissing, isOfDatabase } from '../unreadable.ts';
import { DatabaseStore, isOpencodeDatabase } from './database-store.ts';
import { ExportStore } from './export-store.ts';
import { FileStore } from './file-store.ts';
import { type Copy, findCopies } from './forks.ts';
import { fault, isFault, type OpencodeMessage, type OpencodeSession, type OpencodeStore } from './store.ts';
import { isAbort, translate } from './translate.ts';

/** opencode: a database since 1.2, files of JSON before, or what `opencode export` prints. */
export const opencode: Format = {
  name: 'opencode',
  title: 'opencode',

  defaultPlaces(env, home) {
    return [join(env.XDG_DATA_HOME || join(home, '.local', 'share'), 'opencode')];
  },

  async recognises(path) {
    return (await storesAt(path, false).catch(() => [])).length > 0;
  },

  async *survey(path, options) {
    const seen = new Set<string>();
    try {
      const stores = await storesAt(path, true);
      for (const { store, path: place } of stores) yield* surveyStore(store, place, { seen, ...options });
      if (stores.length === 0 && (await stat(path)).isFile())
        yield fault(path, 'the file is neither a database of opencode nor an export');
    } catch (error) {
      yield faultOf(path, error);
    }
  },
};

/** The fault of a place, for an error of the system, or of the database: damaged, or locked for too long. Any other error is thrown. */
function faultOf(path: string, error: unknown): Fault {
  if (!isOfDatabase(error) && !(error instanceof Error && 'syscall' in error)) throw error;
  return fault(path, `the sessions cannot be read: ${error.message}`);
}

interface FoundStore {
  readonly store: OpencodeStore;
  readonly path: string;
}

/**
 * The stores at `path`: the database first, since its sessions are newer than what is left of the files it was made from. `otherwise`: whether a
 * folder `storage` that cannot be read is one of them, which then says so; other programs have such folders, too.
 */
async function storesAt(path: string, otherwise: boolean): Promise<FoundStore[]> {
  const found = await stat(path);
  if (found.isFile()) {
    if (isOpencodeDatabase(path, false)) return [{ store: new DatabaseStore(path), path }];
    return (await isExport(path)) ? [{ store: new ExportStore(path), path }] : [];
  }
  const stores: FoundStore[] = [];
  for (const name of (await readdir(path)).sort()) {
    const file = join(path, name);
    if (!/^opencode.*\.db$/.test(name) || !(await stat(file)).isFile()) continue;
    if (isOpencodeDatabase(file, true)) stores.push({ store: new DatabaseStore(file), path: file });
  }
  for (const storage of [
    join(path, 'storage'),
    path,
    ...(basename(path) === 'session' ? [dirname(path)] : []),
  ])
    if (await isStorage(storage, otherwise))
      return [...stores, { store: new FileStore(storage), path: storage }];
  return stores;
}

async function isStorage(path: string, otherwise: boolean): Promise<boolean> {
  try {
    const names = await readdir(path);
    return names.includes('session') && names.includes('message');
  } catch (error) {
    return otherwise && !isMissing(error);
  }
}

async function isExport(path: string): Promise<boolean> {
  await using file = await openRegularFile(path);
  const head = Buffer.alloc(4096);
  const { bytesRead } = await file.read(head, 0, head.length, 0);
  return /^\s*\{\s*"info"\s*:\s*\{.*"id"\s*:\s*"ses_/s.test(head.toString('utf8', 0, bytesRead));
}

async function* surveyStore(
  store: OpencodeStore,
  path: string,
  { seen, onFile, now }: SurveyOptions & { readonly seen: Set<string> },
): AsyncGenerator<SourceSession | Fault | Dropped> {
  const sessions: OpencodeSession[] = [];
  let copies: ReadonlyMap<string, Copy> = new Map();
  const calls = new Map<string, string>();
  let isDamaged = false;
  try {
    for await (const session of store.sessions()) {
      if ('type' in session) {
        yield session;
        continue;
      }
      onFile(session.bytes);
      if (seen.has(session.id)) continue;
      seen.add(session.id);
      sessions.push(session);
    }
    copies = await findCopies(sessions, store);
    for (const parent of new Set(sessions.map(({ parentId }) => parentId)))
      if (parent !== null)
        for (const [child, call] of await store.spawningCallsOf(parent)) calls.set(child, call);
  } catch (error) {
    // What was found before can still be read, as a rule; the next import compares it, since links may be missing.
    isDamaged = true;
    yield faultOf(path, error);
  }
  for (const session of sessions)
    yield sourceSession(session, store, {
      copy: copies.get(session.id),
      call: calls.get(session.id),
      isDamaged: isDamaged || session.isDamaged === true,
      now,
    });
}

interface Context {
  readonly copy: Copy | undefined;
  /** The call that spawned the session. */
  readonly call: string | undefined;
  /** True if the store could not be surveyed to its end, or not all that is beside the session. */
  readonly isDamaged: boolean;
  readonly now: number;
}

function sourceSession(session: OpencodeSession, store: OpencodeStore, context: Context): SourceSession {
  const { id, parentId, path, bytes } = session;
  const { copy, call = null } = context;
  return {
    type: 'session',
    key: `opencode:${id}`,
    parent: parentId === null ? null : { key: `opencode:${parentId}`, toolCallId: call },
    forkedFrom: copy ? { key: `opencode:${copy.originId}`, throughKey: null } : null,
    described: {
      title: session.title,
      agentName: session.agent,
      project: session.directory,
      userId: null,
      status: null,
      statusMessage: null,
      archivedAt: dateIn(session.archivedMs),
      metadata: session.rest,
    },
    createdAt: dateIn(session.createdMs),
    lastActiveAt: dateIn(session.updatedMs),
    files: [{ path, bytes }],
    // Links are found in other sessions, which can be damaged until now.
    revision: hashOf([session.revision, call, copy ? [copy.originId, copy.count] : null]),
    read: () => readSession(session, store, context),
  };
}

async function* readSession(
  { id, parentId, path, agent, revert, updatedMs }: OpencodeSession,
  store: OpencodeStore,
  { copy, isDamaged: isSurveyDamaged, now }: Context,
): AsyncGenerator<SourceItem> {
  const isLive = updatedMs !== null && now - updatedMs < LIVE_MS;
  const revertsFrom = textIn(revert?.messageID);
  const revertsPart = textIn(revert?.partID);
  let position = 0;
  let isUnfinished = false;
  let firstAgent: string | null = null;
  let status: SessionStatus | null = null;
  let lastKey: string | null = null;
  /** Where the messages begin that were taken back, once they are reached. */
  let reverted: { readonly keepThroughKey: string | null; readonly restorableKeys: string[] } | null = null;
  let isDamaged = isSurveyDamaged;
  for await (const message of messagesOf(store, id, path)) {
    if (isFault(message)) {
      // Read again by the next import, though nothing changed.
      isDamaged = true;
      yield message;
      continue;
    }
    const { info } = message;
    firstAgent ??= textIn(info.agent);
    const translated = translate(message, position < (copy?.count ?? 0));
    isUnfinished = isLive && translated.isUnfinished;
    status = statusAfter(message.info, { isLive, isChild: parentId !== null }) ?? status;
    position += 1;
    for (const item of translated.messages) {
      const { key, usage } = item.message;
      const isFirst = info.id === revertsFrom && (revertsPart === null || key === revertsPart);
      if (isFirst) reverted ??= { keepThroughKey: lastKey, restorableKeys: [] };
      if (usage) reverted?.restorableKeys.push(key);
      lastKey = key;
      yield item;
    }
  }
  // Taken back by the user, who can restore the messages until the next prompt: opencode then deletes them.
  if (reverted) yield { type: 'rollback', ...reverted };
  yield {
    type: 'end',
    described: { agentName: agent ?? firstAgent, status },
    resume: null,
    isUnfinished: isUnfinished || isDamaged,
  };
}

async function* messagesOf(
  store: OpencodeStore,
  id: string,
  path: string,
): AsyncGenerator<OpencodeMessage | Fault> {
  try {
    yield* store.messages(id);
  } catch (error) {
    const { reason } = faultOf(path, error);
    yield fault(path, `session ${id}: ${reason}`);
  }
}

function statusAfter(
  info: Record<string, unknown>,
  { isLive, isChild }: { readonly isLive: boolean; readonly isChild: boolean },
): SessionStatus | null {
  if (info.role !== 'assistant') return isLive ? 'RUNNING' : null;
  const error = objectIn(info.error);
  if (error) return isAbort(error) ? 'CANCELLED' : 'FAILED';
  if (dateIn(objectIn(info.time)?.completed) === null) return isLive ? 'RUNNING' : 'IDLE';
  if (info.finish === 'tool-calls') return isLive ? 'RUNNING' : 'IDLE';
  return isChild ? 'COMPLETED' : 'IDLE';
}
