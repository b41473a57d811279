import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Message } from '../../src/model/message.ts';
import { type Operation, operationOf } from '../../src/model/operation.ts';
import type { Session } from '../../src/model/session.ts';
import { layoutOf, sessionPath } from '../../src/repository/files/format/layout.ts';
import { openFileRepository, openFileRepositoryForReading } from '../../src/repository/files/open.ts';
import type { Logger } from '../../src/repository/observer.ts';
import type { SessionReader, SessionRepository } from '../../src/repository/repository.ts';
import type { Mutation } from './mutation.ts';
import { SuiteError } from './part.ts';
import type { Read } from './state.ts';

const say = (role: 'USER' | 'ASSISTANT' | 'TOOL', content: string) => ({ role, content });
const exchange = (n: number) => [say('USER', `question ${n}`), say('ASSISTANT', `answer ${n}`)];
const keyed = (key: string, n: number) => ({
  ...say('ASSISTANT', `answer ${n}`),
  key,
  usage: { inputTokens: n, outputTokens: 10 * n, costUsd: n / 1_000 },
});
const named = (id: string): Operation => operationOf(id, 'mutation', id);

/** Lines of every kind, as short as possible: each of their bits is flipped in turn. */
export const MUTATIONS: readonly Mutation[] = [
  { kind: 'create', input: { id: 'root', userId: 'ada', title: 'Plan', metadata: { k: 1 } } },
  { kind: 'create', input: { id: 'Child.1', parentId: 'root', metadata: { n: null, deep: { er: [1.5] } } } },
  { kind: 'append', input: { sessionId: 'Child.1', messages: exchange(1) }, operation: named('say-1') },
  { kind: 'update', input: { sessionId: 'Child.1', title: 'Flüge', metadata: { x: true } } },
  {
    kind: 'append',
    input: { sessionId: 'Child.1', messages: [...exchange(2), { ...say('TOOL', '42'), toolCallId: 't' }] },
  },
  { kind: 'append', input: { sessionId: 'Child.1', messages: exchange(3) } },
  { kind: 'create', input: { id: 'leaf', parentId: 'Child.1', messages: exchange(4) } },
  { kind: 'create', input: { id: 'gone', parentId: 'root' }, operation: named('create-gone') },
  { kind: 'delete', input: { sessionId: 'gone', mode: 'CASCADE' }, operation: named('delete-gone') },
  { kind: 'create', input: { id: 'other', metadata: { z: 'Z' } } },
  { kind: 'append', input: { sessionId: 'other', messages: exchange(5) } },
  // Groups: a turn, its regeneration, a replacement by key beside a new message, then a pop and what changes nothing.
  {
    kind: 'writeHistory',
    input: {
      sessionId: 'other',
      messages: [keyed('a', 1), keyed('b', 2)],
      status: 'RUNNING',
      metadata: { t: 1 },
    },
    operation: named('turn'),
  },
  {
    kind: 'writeHistory',
    input: {
      sessionId: 'other',
      keepThroughKey: 'a',
      messages: [keyed('b', 3), keyed('c', 4)],
      status: 'FAILED',
    },
  },
  {
    kind: 'append',
    input: { sessionId: 'other', messages: [keyed('b', 5), keyed('d', 6)], onKey: 'REPLACE' },
    operation: named('replace'),
  },
  { kind: 'writeHistory', input: { sessionId: 'other', dropLast: 1 } },
  {
    kind: 'writeHistory',
    input: { sessionId: 'other', messages: [keyed('a', 7)], onKey: 'IGNORE' },
    operation: named('nothing'),
  },
];

/** The sessions of the store, parents first. */
export const LIVING = ['root', 'Child.1', 'leaf', 'other'] as const;
export const PARENT: Record<string, string | null> = {
  root: null,
  'Child.1': 'root',
  leaf: 'Child.1',
  other: null,
};

/** The files that matter; the rest of the directory is a cache. */
export const FILES: readonly string[] = ['store.jsonl', ...LIVING.map(sessionPath)];

/** A store's answers about its sessions, and its reports. */
export interface Answers {
  readonly sessions: Readonly<Record<string, Read | null>>;
  /** The listed sessions. */
  readonly listed: readonly string[];
  /** Paths that the store reports as unreadable. */
  readonly reported: ReadonlySet<string>;
}

const WHOLE_SECOND = new Date('2026-01-01T00:00:00.000Z');

/** A small closed store that can be damaged, read, and restored. */
export class Specimen {
  readonly directory: string;
  /** All messages that the store ever had, in each form. */
  readonly forms: Message[] = [];
  readonly #files = new Map<string, Buffer>();
  readonly #said: string[] = [];
  readonly #logger: Logger;

  private constructor(directory: string) {
    this.directory = directory;
    const say = (_fields: object, message: string) => this.#said.push(message);
    this.#logger = { debug() {}, info: say, warn: say, error: say };
  }

  /** Creates the store in an empty directory. Copies of the index and of its mark are kept too, to be restored. */
  static async make(directory: string): Promise<Specimen> {
    const specimen = new Specimen(directory);
    const repository = await specimen.open();
    for (const mutation of MUTATIONS) {
      await apply(repository, mutation);
      const { sessions } = await ask(repository);
      for (const read of Object.values(sessions)) specimen.forms.push(...(read?.history ?? []));
    }
    await repository.close();
    // Whole seconds, which can be restored exactly: a damaged file must look unchanged to the store.
    for (const path of FILES) utimesSync(specimen.path(path), WHOLE_SECOND, WHOLE_SECOND);
    specimen.removeIndex();
    await (await specimen.open()).close();
    specimen.#settleMark();
    for (const path of [...FILES, 'index.db', 'index.clean.json'])
      specimen.#files.set(path, readFileSync(specimen.path(path)));
    specimen.#said.length = 0;
    await (await specimen.open()).close();
    if (specimen.#said.length > 0)
      throw new SuiteError(`a start after a clean stop said: ${specimen.#said.join('; ')}`);
    specimen.restore();
    return specimen;
  }

  path(relative: string): string {
    return join(this.directory, relative);
  }

  /** As it was made. */
  bytes(path: string): Buffer {
    return this.#files.get(path)!;
  }

  /** Writes `bytes` to a file, and keeps its mtime. */
  write(path: string, bytes: Buffer): void {
    writeFileSync(this.path(path), bytes);
    utimesSync(this.path(path), WHOLE_SECOND, WHOLE_SECOND);
  }

  /** All as it was made. */
  restore(): void {
    this.removeIndex();
    rmSync(this.path('torn'), { recursive: true, force: true });
    for (const [path, bytes] of this.#files) this.write(path, bytes);
  }

  removeIndex(): void {
    for (const name of ['index.db', 'index.db-wal', 'index.db-shm', 'index.clean.json'])
      rmSync(this.path(name), { force: true });
  }

  open(): Promise<SessionRepository> {
    return openFileRepository({ directory: this.directory, logger: this.#logger });
  }

  openForReading(): Promise<SessionReader> {
    return openFileRepositoryForReading({ directory: this.directory, logger: this.#logger });
  }

  /** The mark of the clean stop has the mtime of the index, which must be a whole second too. */
  #settleMark(): void {
    const { index, indexClean } = layoutOf(this.directory);
    const before = statSync(index).mtimeMs;
    utimesSync(index, WHOLE_SECOND, WHOLE_SECOND);
    const mark = readFileSync(indexClean, 'utf8');
    writeFileSync(indexClean, mark.replace(`${before}`, `${statSync(index).mtimeMs}`));
  }
}

async function apply(repository: SessionRepository, mutation: Mutation): Promise<void> {
  const { kind, input, operation } = mutation;
  if (kind === 'create') await repository.create(input, operation);
  else if (kind === 'append') await repository.append(input, operation);
  else if (kind === 'update') await repository.update(input, operation);
  else if (kind === 'writeHistory')
    await repository.writeHistory(input, { messages: null, removed: null }, operation);
  else await repository.delete(input, operation);
}

const ALL = { limit: 1_000, from: 'start' } as const;

/** Reads messages first: only that finds damage in files that the index considers unchanged. */
export async function ask(reader: SessionReader): Promise<Answers> {
  const histories = await reader.historyOf(
    LIVING.map((sessionId) => ({ sessionId, page: ALL })),
    2 ** 30,
  );
  const sessions = await reader.findMany(LIVING);
  const listed = await reader.list({}, { field: 'CREATED_AT', direction: 'ASC' }, ALL);
  const { quarantined } = await reader.status();
  const read = (session: Session | null, history: readonly Message[]) => session && { session, history };
  return {
    sessions: Object.fromEntries(LIVING.map((id, n) => [id, read(sessions[n]!, histories[n]!.items)])),
    listed: listed.items.map(({ id }) => id),
    reported: new Set(quarantined.map(({ path }) => path)),
  };
}
