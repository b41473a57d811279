import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { claude } from '../../../src/import/claude/claude.ts';
import { type ImportSessionsOptions, importSessions } from '../../../src/import/import-sessions.ts';
import type { SessionReport } from '../../../src/import/report.ts';
import { RepositoryTarget } from '../../../src/import/target/repository-target.ts';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import type { Message } from '../../../src/model/message.ts';
import { openFileRepository } from '../../../src/repository/files/open.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { type WholeSession, wholeSessions } from '../../../src/repository/whole-sessions.ts';
import { temporaryDirectory } from '../../support/repository.ts';
import { writeFiles } from './transcript.ts';

export const PROJECT = 'projects/-home-eve-lab';

/** A folder of transcripts, and a store that they are imported into. */
export interface Lab {
  readonly folder: string;
  readonly repository: SessionRepository;
  /** Writes files below the folder of the project. */
  write(files: Readonly<Record<string, string | Buffer>>): Promise<void>;
  run(options?: ImportSessionsOptions): Promise<SessionReport>;
  session(id: string): Promise<WholeSession>;
  history(id: string): Promise<readonly Message[]>;
}

export async function lab(files: Readonly<Record<string, string | Buffer>> = {}): Promise<Lab> {
  const folder = await temporaryDirectory();
  // Whether the disk has it is not what these tests are about.
  const repository = await openFileRepository({ directory: await temporaryDirectory(), durability: 'os' });
  onTestFinished(() => repository.close());
  const write: Lab['write'] = (more) => writeFiles(join(folder, PROJECT), more);
  await write(files);
  return {
    folder,
    repository,
    write,
    run: (options = {}) =>
      importSessions(
        [{ format: claude, path: folder }],
        new RepositoryTarget(repository, DEFAULT_LIMITS),
        options,
      ),
    session: (id) => sessionIn(repository, id),
    history: (id) => historyIn(repository, id),
  };
}

async function sessionIn(repository: SessionRepository, id: string): Promise<WholeSession> {
  const [session] = await repository.findMany([id]);
  if (!session) throw new Error(`Expected a session "${id}", got none`);
  const [whole] = await wholeSessions(repository, [session]);
  return whole!;
}

export async function historyIn(repository: SessionRepository, id: string): Promise<readonly Message[]> {
  const page = { limit: 10_000, from: 'start' as const };
  const [read] = await repository.historyOf([{ sessionId: id, page }], Number.POSITIVE_INFINITY);
  return read!.items;
}

/** All sessions, the oldest first. */
export async function sessionsIn(repository: SessionRepository): Promise<readonly WholeSession[]> {
  const order = { field: 'CREATED_AT', direction: 'ASC' } as const;
  const page = await repository.list({ archived: 'INCLUDE' }, order, { limit: 10_000, from: 'start' });
  return wholeSessions(repository, page.items);
}

/** What an import decides of a session. */
export type SessionState = Awaited<ReturnType<typeof stateOf>>[number];

/** All that an import decides, of all sessions: equal for stores that came to the same by different ways. */
export async function stateOf(repository: SessionRepository) {
  const sessions = (await sessionsIn(repository)).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return Promise.all(
    sessions.map(
      async ({
        id,
        key,
        parentId,
        title,
        agentName,
        project,
        status,
        spawnedBy,
        forkedFrom,
        metadata,
        usage,
        createdAt,
        lastActiveAt,
        archivedAt,
        statusMessage,
        userId,
        messageCount,
      }) => ({
        id,
        key,
        parentId,
        title,
        agentName,
        project,
        status,
        toolCallId: spawnedBy?.toolCallId ?? null,
        forkedFrom: forkedFrom?.sessionId ?? null,
        metadata: { ...metadata, import: null },
        usage,
        createdAt,
        lastActiveAt,
        archivedAt,
        statusMessage,
        userId,
        messageCount,
        history: (await historyIn(repository, id)).map(
          ({ sessionId: _, ordinal: __, replacedAt: ___, ...message }) => message,
        ),
      }),
    ),
  );
}
