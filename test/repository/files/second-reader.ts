import { spawnSync } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { messageId } from '../../../src/model/id.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { type WholeSession, wholeSessions } from '../../../src/repository/whole-sessions.ts';
import { childrenRequests } from '../../support/children.ts';
import { ALL, idsOf, PLENTY_OF_BYTES } from '../contract/store.ts';

const READER = join(import.meta.dirname, '../../fixtures/read_store.py');

export const hasPython = spawnSync('python3', ['--version']).status === 0;

/** The output of `test/fixtures/read_store.py`. */
interface ReadStore {
  /** Its exit code. */
  readonly status: number | null;
  readonly sessions: readonly object[];
  readonly deleted: readonly string[];
  readonly unreadable: readonly { path: string; line: number | null }[];
}

export function readStore(directory: string): ReadStore {
  const { status, stdout, stderr } = spawnSync('python3', [READER, directory], { maxBuffer: 1e9 });
  expect(stderr.toString()).toBe('');
  return { ...JSON.parse(stdout.toString()), status };
}

/** The repository's answers, in the form of the reader's output. */
export async function answersOf(repository: SessionRepository) {
  const order = { field: 'CREATED_AT', direction: 'ASC' } as const;
  const { items } = await repository.list({ archived: 'INCLUDE' }, order, ALL);
  const sessions = (await wholeSessions(repository, items)).toSorted((a, b) => a.sequence - b.sequence);
  const ids = sessions.map(({ id }) => id);
  const requests = ids.map((sessionId) => ({ sessionId, page: ALL }));
  const histories = await repository.historyOf(requests, PLENTY_OF_BYTES);
  const children = await repository.childrenOf(childrenRequests(ids, ALL));
  return sessions.map((session, index) => ({
    ...inTheFile(session),
    children: idsOf(children[index]!.items),
    history: histories[index]!.items.map(({ sessionId, ...message }) => ({
      id: messageId({ sessionId, ordinal: message.ordinal }),
      ...message,
      createdAt: message.createdAt.toISOString(),
      replacedAt: message.replacedAt?.toISOString() ?? null,
      redactedAt: message.redactedAt?.toISOString() ?? null,
    })),
  }));
}

function inTheFile({
  childCount: _c,
  treeLastActiveAt: _t,
  metadataBytes: _m,
  damage,
  archivedAt,
  ...session
}: WholeSession) {
  return {
    ...session,
    archivedAt: archivedAt?.toISOString() ?? null,
    createdAt: session.createdAt.toISOString(),
    lastActiveAt: session.lastActiveAt.toISOString(),
    statusChangedAt: session.statusChangedAt.toISOString(),
    updatedAt: session.updatedAt.toISOString(),
    damage: damage.map(({ line }) => ({ line, reason: expect.any(String) })),
  };
}

/** Removes the index, so that the next start reads every file. The store must be closed. */
export async function removeIndex(directory: string): Promise<void> {
  for (const name of await readdir(directory)) if (name.startsWith('index.')) await rm(join(directory, name));
}
