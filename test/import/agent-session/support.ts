import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImportReport } from '../../../src/import/agent-session/report.ts';
import type { Session } from '../../../src/model/session.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { childrenRequests } from '../../support/children.ts';
import { temporaryDirectory } from '../../support/repository.ts';

/** The file of the Python module for a session without messages, with `fields` overridden. */
export function sessionFile(id: string, fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    session_id: id,
    parent_session_id: null,
    root_session_id: null,
    depth: 0,
    user_id: 'ada',
    created_at: '2026-03-01T10:00:00.000001',
    last_active: '2026-03-01T10:05:00',
    message_count: 0,
    metadata: {},
    history: [],
    ...fields,
  };
}

/** Writes `files` (each a `<name>.json` with a text or a value) into a new directory, in the given order. */
export async function directoryOf(files: Record<string, unknown>): Promise<string> {
  const directory = await temporaryDirectory();
  for (const [name, content] of Object.entries(files)) {
    await writeFile(
      join(directory, name),
      typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content, null, 2),
    );
  }
  return directory;
}

/** Runs `work` with the process's time zone set to `zone`. */
export async function inTimeZone<T>(zone: string, work: () => T | Promise<T>): Promise<T> {
  const before = process.env.TZ;
  process.env.TZ = zone;
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
}

export async function sessionsOf(repository: SessionRepository, ...ids: string[]): Promise<Session[]> {
  return (await repository.findMany(ids)).map((session) => session!);
}

export async function childIds(repository: SessionRepository, id: string): Promise<string[]> {
  const [page] = await repository.childrenOf(childrenRequests([id], { limit: 5_000, from: 'start' }));
  return page!.items.map((child) => child.id);
}

export async function historyOf(repository: SessionRepository, sessionId: string) {
  const [page] = await repository.historyOf([{ sessionId, page: { limit: 5_000, from: 'start' } }], 1e9);
  return page!.items;
}

export const sums = ({ imported, alreadyThere, refused, cutLinks }: ImportReport) => ({
  imported,
  alreadyThere,
  refused: refused.map(({ file }) => file),
  cutLinks: cutLinks.map(({ file }) => file),
});

export const textsOf = (findings: ImportReport['notes']) =>
  findings.map(({ file, text }) => `${file}: ${text}`);
