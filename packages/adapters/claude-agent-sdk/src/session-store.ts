import type {
  SessionKey,
  SessionStore,
  SessionStoreEntry,
  SessionSummaryEntry,
} from '@anthropic-ai/claude-agent-sdk';
import {
  ConflictError,
  type CreateIfMissingInput,
  SessionNotFoundError,
  type Sessiontree,
  type WriteHistoryInput,
  type WriteHistoryPayload,
} from '@sessiontree/client';
import { batchesOf } from './batches.ts';
import { createdOf, laterParentOf, laterPatchOf, originOf, projectOf } from './created.ts';
import { mainKey, projectPrefix, sessionIdIn, storeKey, subagentPrefix } from './keys.ts';
import { KnownTranscripts } from './known-transcripts.ts';
import { unpacked } from './payload.ts';
import {
  FIND,
  type FindData,
  LIST,
  type ListData,
  type ListedSession,
  LOAD,
  type LoadData,
  nextCursorOf,
} from './queries.ts';
import { Queues } from './queues.ts';
import {
  agentMetaOf,
  type FoldSessionSummary,
  knownOf,
  type NextWrite,
  NOTE,
  nextWrite,
  summaryIn,
  type Transcript,
} from './transcript.ts';

/** Options of a store. */
export interface SessiontreeSessionStoreOptions {
  /** The user whose sessions these are. Default: the user of the client's token, or nobody. */
  readonly ownerId?: string;
  /**
   * `foldSessionSummary` of the SDK. With it, the store keeps the summaries that `listSessions` shows. Without it, the store has no
   * `listSessionSummaries`, and the SDK reads each transcript to list the sessions.
   */
  readonly foldSessionSummary?: FoldSessionSummary;
}

/** The server's limit `pageSize`. */
const PAGE_SIZE = 1_000;
/** Entries of these types say something of a session that is there already. */
const NOTES = new Set(['custom-title', 'ai-title', 'agent-name', 'tag']);

/**
 * A `SessionStore` of the Claude Agent SDK over a Sessiontree server. All methods reject with a `SessiontreeError` of `@sessiontree/client`,
 * which has sent the request again before where that may help.
 *
 * @example
 * const sessionStore = new SessiontreeSessionStore(new Sessiontree('http://localhost:4000/graphql'), { foldSessionSummary });
 * for await (const message of query({ prompt: 'Hello', options: { sessionStore } })) console.log(message);
 */
export class SessiontreeSessionStore implements SessionStore {
  /** The summaries of all sessions of a project. Only with `foldSessionSummary`. */
  readonly listSessionSummaries?: (projectKey: string) => Promise<SessionSummaryEntry[]>;
  readonly #client: Sessiontree;
  /** Left out, it is the user of the token; null would be nobody. */
  readonly #owner: { readonly ownerId?: string };
  readonly #fold: FoldSessionSummary | undefined;
  readonly #known = new KnownTranscripts();
  readonly #queues = new Queues();
  /** By the list of entries, which the SDK passes again when it tries again: what was done and not answered is not done twice. */
  readonly #operations = new WeakMap<readonly SessionStoreEntry[], string>();

  constructor(client: Sessiontree, { ownerId, foldSessionSummary }: SessiontreeSessionStoreOptions = {}) {
    this.#client = client;
    this.#owner = ownerId === undefined ? {} : { ownerId };
    this.#fold = foldSessionSummary;
    if (foldSessionSummary) this.listSessionSummaries = (projectKey) => this.#summaries(projectKey);
  }

  /**
   * Appends entries to a transcript, which is made if there is none: one request, unless they are more than fit into one. An entry whose `uuid`
   * the transcript has already is left out.
   */
  async append(key: SessionKey, entries: SessionStoreEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const store = storeKey(key);
    const operation = this.#operations.get(entries) ?? crypto.randomUUID();
    this.#operations.set(entries, operation);
    await this.#queues.run(mainKey(key), async () => {
      for (const [n, batch] of batchesOf(entries).entries())
        await this.#append(key, store, batch, `claude-agent-sdk:${operation}:${n}`);
    });
  }

  /** The entries of a transcript, equal to those that were appended; null if there are none. */
  async load(key: SessionKey): Promise<SessionStoreEntry[] | null> {
    const store = storeKey(key);
    const entries: SessionStoreEntry[] = [];
    let first: LoadData['session'] = null;
    let after: string | null = null;
    do {
      const page: Record<string, unknown> = { key: store, ...this.#owner, first: PAGE_SIZE, after };
      const { session }: LoadData = await this.#client.request<LoadData>(LOAD, page);
      // It was deleted, perhaps between two pages.
      if (session === null) return null;
      first ??= session;
      for (const { payload } of session.history.nodes) {
        const entry = unpacked(payload);
        if (entry) entries.push(entry);
      }
      after = nextCursorOf(session.history.pageInfo);
    } while (after !== null);
    // A write of this process that came meanwhile knows better.
    const known = this.#known.get(store);
    if (known?.id !== first.id || known.version <= first.version)
      this.#known.set(store, knownOf(first, entries));
    return entries.length > 0 ? entries : null;
  }

  /** The sessions of a project, without subagents. `mtime` is the time of the server. */
  async listSessions(projectKey: string): Promise<{ sessionId: string; mtime: number }[]> {
    const listed = await this.#list(projectPrefix(projectKey));
    return listed.map(({ key, updatedAt }) => ({
      sessionId: sessionIdIn(key, projectKey),
      mtime: Date.parse(updatedAt),
    }));
  }

  /** The subpaths of the subagents of a session. */
  async listSubkeys(key: { projectKey: string; sessionId: string }): Promise<string[]> {
    const prefix = subagentPrefix(key);
    return (await this.#list(prefix)).map((listed) => listed.key.slice(prefix.length));
  }

  /** Deletes a transcript; that of a session with those of all its subagents. Nothing happens if there is none. */
  async delete(key: SessionKey): Promise<void> {
    const store = storeKey(key);
    const isMain = key.subpath === undefined;
    await this.#queues.run(mainKey(key), async () => {
      this.#known.forget(store, isMain ? subagentPrefix(key) : null);
      const session = await this.#find(store);
      if (session === null) return;
      try {
        // The transcripts of subagents are apart from each other, also where one has spawned another.
        await this.#client.sessions.delete(session.id, { mode: isMain ? 'CASCADE' : 'REPARENT' });
      } catch (error) {
        if (!(error instanceof SessionNotFoundError)) throw error;
      }
    });
  }

  async #append(
    key: SessionKey,
    store: string,
    entries: readonly SessionStoreEntry[],
    operationId: string,
  ): Promise<void> {
    let known = this.#known.get(store);
    if (known === null && entries.every(({ type }) => NOTES.has(type))) known = await this.#read(store);
    for (;;) {
      const write = nextWrite(key, entries, known, this.#fold);
      try {
        const { session } = await this.#write(key, store, entries, write, known, operationId);
        const { id, historyLength } = session;
        const now = { ...write.known, id, historyLength, version: session.version };
        const version = await this.#describe(key, entries, known, now);
        this.#known.set(store, { ...now, version });
        return;
      } catch (error) {
        const reason = error instanceof ConflictError ? error.reason : null;
        // Another writer was faster, or the session was deleted since.
        const isStale = reason === 'VERSION' || (known !== null && error instanceof SessionNotFoundError);
        if (!isStale && reason !== 'OPERATION') throw error;
        known = await this.#read(store);
        // An earlier attempt, whose answer was lost, has written the entries.
        if (!isStale) return;
      }
    }
  }

  async #write(
    key: SessionKey,
    store: string,
    entries: readonly SessionStoreEntry[],
    { messages, title, setMetadata }: NextWrite,
    known: Transcript | null,
    operationId: string,
  ): Promise<WriteHistoryPayload> {
    const input: WriteHistoryInput = {
      expectedVersion: known?.version ?? 0,
      messages,
      onKey: 'IGNORE',
      ...(title !== undefined && { title }),
      ...(setMetadata && { setMetadata }),
      ...(agentMetaOf(entries)?.finished === true && { status: 'COMPLETED' }),
      operationId,
    };
    // By its id, as there may be another session with its key since.
    if (known !== null) return this.#client.history.write({ sessionId: known.id, ...input });
    const origin = originOf(key, entries);
    // The SDK has loaded the origin of a fork just before.
    const create = createdOf(key, entries, (origin && this.#known.get(mainKey(origin))?.id) ?? null);
    const write = () => this.#client.history.write({ key: store, ...this.#owner, create, ...input });
    try {
      return await write();
    } catch (error) {
      if (!create.parentKey || !(error instanceof SessionNotFoundError)) throw error;
      await this.#ensureParent(key, create.parentKey, entries);
      return await write();
    }
  }

  /** Makes the sessions above a subagent whose entries came before theirs. Resolves with the id of the parent. */
  async #ensureParent(
    key: SessionKey,
    parentKey: string,
    entries: readonly SessionStoreEntry[],
  ): Promise<string> {
    const main = mainKey(key);
    const ensure = async (store: string, create: CreateIfMissingInput) =>
      (await this.#client.history.write({ key: store, ...this.#owner, create })).session.id;
    const mainId = await ensure(main, { project: projectOf(entries) });
    return parentKey === main ? mainId : await ensure(parentKey, { parentKey: main });
  }

  /** What only a request of its own can change of a session that is there. Resolves with the version of the session. */
  async #describe(
    key: SessionKey,
    entries: readonly SessionStoreEntry[],
    before: Transcript | null,
    now: Transcript,
  ): Promise<number> {
    let { version } = now;
    // What was made just now has it all.
    if (before === null) return version;
    const parentKey = laterParentOf(key, before.metadata, now.metadata);
    if (parentKey !== null) {
      const parentId = await this.#ensureParent(key, parentKey, entries);
      ({ version } = (await this.#client.sessions.move(now.id, { parentId })).session);
    }
    const patch = laterPatchOf(key, before.metadata, now.metadata);
    if (patch !== null) ({ version } = (await this.#client.sessions.update(now.id, patch)).session);
    return version;
  }

  async #summaries(projectKey: string): Promise<SessionSummaryEntry[]> {
    const listed = await this.#list(projectPrefix(projectKey));
    return listed.flatMap(({ key, updatedAt, note }) => {
      const data = summaryIn(note);
      if (data === null) return [];
      return [{ sessionId: sessionIdIn(key, projectKey), mtime: Date.parse(updatedAt), data }];
    });
  }

  /** The sessions whose keys begin so, without those that only stand above others. */
  async #list(keyPrefix: string): Promise<ListedSession[]> {
    const filter = {
      keyPrefix,
      archived: 'INCLUDE',
      userId: this.#owner.ownerId,
    };
    const listed: ListedSession[] = [];
    let after: string | null = null;
    do {
      const page: Record<string, unknown> = { filter, note: NOTE, first: PAGE_SIZE, after };
      const { sessions }: ListData = await this.#client.request<ListData>(LIST, page);
      listed.push(...sessions.nodes.filter(({ historyLength }) => historyLength > 0));
      after = nextCursorOf(sessions.pageInfo);
    } while (after !== null);
    return listed;
  }

  async #find(store: string) {
    return (await this.#client.request<FindData>(FIND, { key: store, ...this.#owner })).session;
  }

  /** What the server knows of a transcript; null if there is none. */
  async #read(store: string): Promise<Transcript | null> {
    const session = await this.#find(store);
    if (session === null) {
      this.#known.forget(store, null);
      return null;
    }
    const known = this.#known.get(store);
    // Another writer was faster. What this one knows of calls and responses is still so, unless the session is another one.
    const kept = known?.id === session.id ? known : knownOf(session, []);
    const read = { ...kept, ...session };
    this.#known.set(store, read);
    return read;
  }
}
