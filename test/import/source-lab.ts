import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { onTestFinished, vi } from 'vitest';
import type { Format } from '../../src/import/format.ts';
import { type ImportSessionsOptions, importSessions } from '../../src/import/import-sessions.ts';
import type { SessionReport } from '../../src/import/report.ts';
import { RepositoryTarget } from '../../src/import/target/repository-target.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import type { Message } from '../../src/model/message.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { type WholeSession, wholeSessions } from '../../src/repository/whole-sessions.ts';
import { temporaryDirectory } from '../support/repository.ts';

/** Long enough ago that nothing counts as being written. */
const OLD = new Date('2026-03-02T00:00:00Z');

/** A place with another program's sessions, and a store that they are imported into. */
export interface SourceLab {
  readonly folder: string;
  readonly repository: SessionRepository;
  /** Writes files below the folder, with a time long ago, or `at`. */
  write(files: Readonly<Record<string, string | Buffer>>, at?: Date): Promise<void>;
  /** `path`: the folder, if it is left out. */
  run(options?: ImportSessionsOptions, path?: string): Promise<SessionReport>;
  session(id: string): Promise<WholeSession>;
  history(id: string): Promise<readonly Message[]>;
}

export async function sourceLab(
  format: Format,
  files: Readonly<Record<string, string | Buffer>> = {},
): Promise<SourceLab> {
  const folder = await temporaryDirectory();
  // Whether the disk has it is not what these tests are about.
  const repository = await openFileRepository({ directory: await temporaryDirectory(), durability: 'os' });
  onTestFinished(() => repository.close());
  const write: SourceLab['write'] = async (more, at = OLD) => {
    for (const [name, content] of Object.entries(more)) {
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
      await utimes(path, at, at);
    }
  };
  await write(files);
  return {
    folder,
    repository,
    write,
    run: (options = {}, path = folder) =>
      importSessions([{ format, path }], new RepositoryTarget(repository, DEFAULT_LIMITS), options),
    async session(id) {
      const [session] = await repository.findMany([id]);
      if (!session) throw new Error(`Expected a session "${id}", got none`);
      const [whole] = await wholeSessions(repository, [session]);
      return whole!;
    },
    async history(id) {
      const page = { limit: 10_000, from: 'start' as const };
      const [read] = await repository.historyOf([{ sessionId: id, page }], Number.POSITIVE_INFINITY);
      return read!.items;
    },
  };
}

/** Overwrites the first page of a table in a database of SQLite: what reads the table fails, all else does not. */
export function damageTable(path: string, table: string): void {
  using database = new DatabaseSync(path);
  const numberOf = (query: string) => Number(Object.values(database.prepare(query).get()!)[0]);
  const bytes = numberOf('PRAGMA page_size');
  const page = numberOf(`SELECT rootpage FROM sqlite_master WHERE name = '${table}'`);
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(bytes, 0xff), 0, bytes, (page - 1) * bytes);
  closeSync(file);
}

/** Sets the clock, until the test ends. */
export function setClock(at: Date): void {
  vi.setSystemTime(at);
  onTestFinished(() => void vi.useRealTimers());
}

/** Of each message: its role, with the kind of an event, and its text. */
export function outline(history: readonly Message[]): string[] {
  return history.map(
    ({ role, kind, content, isCopy }) => `${kind ?? role}${isCopy ? ' (copy)' : ''}: ${content}`,
  );
}
