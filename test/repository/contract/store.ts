import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach } from 'vitest';
import type { JsonObject } from '../../../src/model/json.ts';
import type { Message, NewMessage } from '../../../src/model/message.ts';
import { type Operation, operationOf } from '../../../src/model/operation.ts';
import type { Session } from '../../../src/model/session.ts';
import type { CreateSession } from '../../../src/repository/mutations.ts';
import type { SearchPage } from '../../../src/repository/reads.ts';
import type { SessionStore } from '../../../src/repository/repository.ts';

/** A store on which a repository can be opened. */
export interface Store {
  /** Opens the store. After `close()`, it can be opened again, with everything that was written before. */
  open(): Promise<SessionStore>;
  /** Removes the closed store. */
  cleanup(): Promise<void>;
  /** Deletes the caches of the closed store. Left out by a store that has none: for it, `rebuilt` is `reopened`. */
  rebuild?(): Promise<void>;
}

export type SetUpStore = () => Promise<Store>;

/** Ways to reopen a store: the answers must be the same after each. */
export const RETURNS = ['reopened', 'rebuilt'] as const;
export type Return = (typeof RETURNS)[number];

/** The store of the running test. */
export interface OpenStore {
  readonly repository: SessionStore;
  close(): Promise<void>;
  /** Closes the repository if it is open, and opens it again; with `rebuilt`, without the caches, if it has any. */
  comeBack(how: Return): Promise<void>;
  create(input?: CreateSession, operation?: Operation): Promise<Session>;
  /** Creates a chain of sessions, each the child of the one before. */
  chain(...ids: string[]): Promise<void>;
  find(id: string): Promise<Session>;
  /** The metadata of a session, long or short. */
  metadataOf(id: string): Promise<JsonObject>;
}

export function useStore(setup: SetUpStore): OpenStore {
  let store: Store;
  let repository: SessionStore;
  let open = false;

  async function close(): Promise<void> {
    open = false;
    await repository.close();
  }

  beforeEach(async () => {
    store = await setup();
    repository = await store.open();
    open = true;
  });

  afterEach(async () => {
    if (open) await close();
    await store.cleanup();
  });

  return {
    get repository() {
      return repository;
    },
    close,
    async comeBack(how) {
      if (open) await close();
      if (how === 'rebuilt') await store.rebuild?.();
      repository = await store.open();
      open = true;
    },
    create(input = {}, operation) {
      return repository.create(input, operation);
    },
    async chain(...ids) {
      let parentId: string | null = null;
      for (const id of ids) parentId = (await repository.create({ id, parentId })).id;
    },
    async find(id) {
      const [session] = await repository.findMany([id]);
      if (!session) throw new Error(`expected a session "${id}", got none`);
      return session;
    },
    async metadataOf(id) {
      const [metadata] = await repository.metadataOf([id]);
      return JSON.parse(metadata!);
    },
  };
}

export const say = (content: string, more: Partial<NewMessage> = {}): NewMessage => ({
  role: 'USER',
  content,
  ...more,
});

/** `count` messages: "0", "1" and so on, with alternating roles. */
export const conversation = (count: number): NewMessage[] =>
  Array.from({ length: count }, (_, index) =>
    say(`${index}`, { role: (['USER', 'ASSISTANT', 'TOOL'] as const)[index % 3]! }),
  );

/** The operation for a mutation with the operation id `id` and the input `input`. */
export const operation = (id: string, input: unknown): Operation => operationOf(id, 'mutation', input);

/** More than any test uses. */
export const ALL = { limit: 10_000, from: 'start' } as const;
/** A limit of messages and bytes that no test reaches. */
export const MUCH = { messages: 1e6, bytes: 1e9 } as const;
/** All of the messages in the answer to a write. */
export const WHOLE = { messages: MUCH, removed: MUCH } as const;
export const PLENTY_OF_BYTES = 256 * 1024 * 1024;

/** A session's whole history. */
export async function historyOf({ repository }: OpenStore, sessionId: string): Promise<readonly Message[]> {
  const [page] = await repository.historyOf([{ sessionId, page: ALL }], PLENTY_OF_BYTES);
  return page!.items;
}

/**
 * The page of a search, once it is complete. A search waits a second at most for texts that are not indexed yet, and says so: a busy machine
 * can take longer for a few.
 */
export async function completePage(search: () => Promise<SearchPage>): Promise<SearchPage> {
  let page = await search();
  for (let tries = 1; tries < 20 && !page.isComplete; tries += 1) page = await search();
  return page;
}

export async function contentsOf(store: OpenStore, sessionId: string): Promise<string[]> {
  return (await historyOf(store, sessionId)).map(({ content }) => content);
}

/** Waits until the clock shows a later time: what is done in one millisecond has one time. */
export async function nextMillisecond(): Promise<void> {
  const now = Date.now();
  while (Date.now() === now) await nextTurn();
}

export const idsOf = (sessions: readonly (Session | null)[]): (string | null)[] =>
  sessions.map((session) => session?.id ?? null);
