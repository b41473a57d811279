import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Format } from '../../src/import/format.ts';
import { type ImportSessionsOptions, importSessions } from '../../src/import/import-sessions.ts';
import type { SessionReport } from '../../src/import/report.ts';
import { RepositoryTarget } from '../../src/import/target/repository-target.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import type { Message } from '../../src/model/message.ts';
import type { Session } from '../../src/model/session.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { openTestRepository, temporaryDirectory } from '../support/repository.ts';

/** Long enough ago that nothing counts as being written. */
const OLD = new Date('2026-03-02T00:00:00Z');

/** A place with another program's sessions, and a store that they are imported into. */
export interface SourceLab {
  readonly folder: string;
  readonly repository: SessionRepository;
  /** Writes files below the folder, with a time long ago, or `at`. */
  write(files: Readonly<Record<string, string | Buffer>>, at?: Date): Promise<void>;
  run(options?: ImportSessionsOptions): Promise<SessionReport>;
  session(id: string): Promise<Session>;
  history(id: string): Promise<readonly Message[]>;
}

export async function sourceLab(
  format: Format,
  files: Readonly<Record<string, string | Buffer>> = {},
): Promise<SourceLab> {
  const folder = await temporaryDirectory();
  const repository = await openTestRepository();
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
    run: (options = {}) =>
      importSessions([{ format, path: folder }], new RepositoryTarget(repository, DEFAULT_LIMITS), options),
    async session(id) {
      const [session] = await repository.findMany([id]);
      if (!session) throw new Error(`Expected a session "${id}", got none`);
      return session;
    },
    async history(id) {
      const page = { limit: 10_000, from: 'start' as const };
      const [read] = await repository.historyOf([{ sessionId: id, page }], Number.POSITIVE_INFINITY);
      return read!.items;
    },
  };
}

/** Of each message: its role, with the kind of an event, and its text. */
export function outline(history: readonly Message[]): string[] {
  return history.map(
    ({ role, kind, content, isCopy }) => `${kind ?? role}${isCopy ? ' (copy)' : ''}: ${content}`,
  );
}

/** A few places in `length` bytes, the same in each run. */
export function cutsIn(length: number, count: number): number[] {
  let seed = 7;
  return Array.from({ length: count }, () => {
    seed = (seed * 48271) % 2147483647;
    return seed % length;
  });
}
