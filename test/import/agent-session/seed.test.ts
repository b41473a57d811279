import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importDirectory } from '../../../src/import/agent-session/import-directory.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import { openFileRepository } from '../../../src/repository/files/open.ts';
import { openTestRepository, temporaryDirectory } from '../../support/repository.ts';
import {
  childIds,
  directoryOf,
  historyOf,
  inTimeZone,
  sessionFile,
  sessionsOf,
  sums,
  textsOf,
} from './support.ts';

const SEED = join(import.meta.dirname, '../../fixtures/seed');
const DAMAGED = join(import.meta.dirname, '../../fixtures/seed-damaged');

interface SeedFile {
  readonly session_id: string;
  readonly parent_session_id: string | null;
  readonly root_session_id: string | null;
  readonly depth: number;
  readonly user_id: string | null;
  readonly created_at: string;
  readonly last_active: string;
  readonly message_count: number;
  readonly metadata: JsonObject;
  readonly history: readonly { role: string; content: string; timestamp: string }[];
}

describe("the seed's files", () => {
  it('come in whole', async () => {
    await inTimeZone('Asia/Kolkata', async () => {
      const repository = await openTestRepository();
      const report = await importDirectory(SEED, repository);
      expect(sums(report)).toEqual({ imported: 11, alreadyThere: 0, refused: [], cutLinks: [] });
      for (const name of await readdir(SEED)) {
        const file = JSON.parse(await readFile(join(SEED, name), 'utf8')) as SeedFile;
        const [session] = await sessionsOf(repository, file.session_id);
        expect(session).toMatchObject({
          userId: file.user_id,
          title: null,
          createdAt: new Date(file.created_at),
          lastActiveAt: new Date(file.last_active),
          messageCount: file.message_count,
          version: 1,
        });
        const history = (await historyOf(repository, session!.id)).map((message) => ({
          role: message.role.toLowerCase(),
          content: message.content,
          timestamp: message.createdAt,
        }));
        const entries = file.history.map((entry) => ({ ...entry, timestamp: new Date(entry.timestamp) }));
        expect(history).toEqual(entries);
        if (file.session_id === 'orphan-1') continue;
        const rootId = file.root_session_id ?? file.session_id;
        expect(session).toMatchObject({
          parentId: file.parent_session_id,
          rootId,
          depth: file.depth,
          metadata: file.metadata,
        });
      }
    });
  });

  it('come in with a parent that is missing kept in the metadata of what is now a root', async () => {
    const repository = await openTestRepository();
    const report = await importDirectory(SEED, repository);
    const [orphan] = await sessionsOf(repository, 'orphan-1');
    expect(orphan).toMatchObject({ parentId: null, rootId: 'orphan-1', depth: 0 });
    expect(orphan!.metadata).toEqual({
      imported: { parent_session_id: 'deleted-parent', root_session_id: null, depth: 1 },
    });
    expect(textsOf(report.notes)).toEqual([
      'orphan-1.json: its parent "deleted-parent" does not exist: imported as a root; its metadata keeps the link',
    ]);
  });

  it('keep their children in the order of their creation, to the microsecond', async () => {
    const repository = await openTestRepository();
    await importDirectory(SEED, repository);
    expect(await childIds(repository, 'planner-main')).toEqual(['ce0e18db', 'b7d041f5', 'af2ad912']);
  });

  it('come in once, however often they are imported, also after a restart and by another clock', async () => {
    const directory = await temporaryDirectory();
    const first = await openFileRepository({ directory });
    await importDirectory(SEED, first);
    await first.append({ sessionId: 'long-run', messages: [{ role: 'USER', content: 'one more' }] });
    await first.close();
    await rm(join(directory, 'index.db'));
    await inTimeZone('America/New_York', async () => {
      const second = await openFileRepository({ directory });
      const report = await importDirectory(SEED, second);
      expect(sums(report)).toEqual({ imported: 0, alreadyThere: 11, refused: [], cutLinks: [] });
      expect(report.notes).toEqual([]);
      expect(report.complete).toBe(true);
      expect(await second.status()).toMatchObject({ sessionCount: 11 });
      expect(await sessionsOf(second, 'long-run')).toMatchObject([{ historyLength: 601, version: 2 }]);
      await second.close();
    });
  });
});

describe('damaged files', () => {
  it('are listed, each with its reason, while all else comes in', async () => {
    const repository = await openTestRepository();
    const report = await importDirectory(DAMAGED, repository);
    expect(textsOf(report.refused)).toEqual([
      'array.json: expected a JSON object, got an array',
      'bad-role.json: history.0.role: expected one of SYSTEM, USER, ASSISTANT, TOOL, EVENT, got "robot"',
      'bad-time.json: created_at: expected a time such as 2026-03-01T10:00:00.000001, with or without an offset, got "yesterday"',
      'cut.json: the file is not valid JSON: Unterminated string in JSON at position 233 (line 10 column 11)',
      'empty.json: the file is empty',
      'nul.json: the file holds nothing but NUL bytes',
      'surrogate.json: history.0.content: expected well-formed Unicode without NUL, got "lone \\ud83d surrogate" with half of a surrogate pair as character 6',
      'traversal.json: session_id: expected 1 to 128 letters, digits, ".", "_" or "-", the first a letter or digit, got "../../outside" with "." as character 1',
    ]);
    expect(textsOf(report.cutLinks)).toEqual([
      'cycle-a.json: its parent link closes a cycle (cycle-a → cycle-b → cycle-a): imported as a root; its metadata keeps the link',
    ]);
    expect(textsOf(report.notes).toSorted()).toEqual(
      [
        'no-history.json: it has no history: imported with an empty one',
        'no-history.json: message_count is 1: ignored, its history has 0 user messages',
        'renamed.json: imported under its session_id, "other-name"',
        'wrong-count.json: message_count is 40: ignored, its history has 1 user message',
        'wrong-depth.json: depth is 7: ignored, its place in the tree makes it 1',
        'wrong-depth.json: root_session_id is "somebody-else": ignored, its place in the tree makes it "good"',
      ].toSorted(),
    );
    expect(report.complete).toBe(false);
    expect(report.imported).toBe(8);
    const sessions = await sessionsOf(
      repository,
      ...['cycle-a', 'cycle-b', 'good', 'no-history', 'other-name', 'proto', 'wrong-count', 'wrong-depth'],
    );
    expect(sessions.map(({ parentId, depth, messageCount }) => [parentId, depth, messageCount])).toEqual([
      [null, 0, 1],
      ['cycle-a', 1, 1],
      [null, 0, 1],
      [null, 0, 0],
      [null, 0, 1],
      [null, 0, 0],
      [null, 0, 1],
      ['good', 1, 1],
    ]);
    expect(sessions[0]!.metadata).toEqual({
      imported: { parent_session_id: 'cycle-b', root_session_id: 'cycle-b', depth: 1 },
    });
  });

  it('leave a `__proto__` in metadata what it is', async () => {
    const repository = await openTestRepository();
    await importDirectory(DAMAGED, repository);
    const [proto] = await sessionsOf(repository, 'proto');
    expect(JSON.stringify(proto!.metadata)).toBe(
      '{"__proto__":{"admin":true},"constructor":{"prototype":{"x":1}}}',
    );
  });

  it('are listed again, and nothing else comes in twice', async () => {
    const repository = await openTestRepository();
    const first = await importDirectory(DAMAGED, repository);
    const second = await importDirectory(DAMAGED, repository);
    expect(sums(second)).toEqual({ ...sums(first), imported: 0, alreadyThere: 8 });
    expect(second.notes).toEqual([]);
  });

  it('come in later, once they are whole; what came in as a root stays one, and says so', async () => {
    const directory = await directoryOf({
      'p.json': '{"session_id": "p", "par',
      'c.json': sessionFile('c', { parent_session_id: 'p', root_session_id: 'p', depth: 1 }),
    });
    const repository = await openTestRepository();
    expect(sums(await importDirectory(directory, repository))).toMatchObject({
      imported: 1,
      refused: ['p.json'],
    });
    await writeFile(join(directory, 'p.json'), JSON.stringify(sessionFile('p')));
    const report = await importDirectory(directory, repository);
    expect(sums(report)).toEqual({ imported: 1, alreadyThere: 1, refused: [], cutLinks: [] });
    expect(textsOf(report.notes)).toEqual([
      'c.json: its parent "p" exists now; the session was imported as a root before, and stays one',
    ]);
    expect(await childIds(repository, 'p')).toEqual([]);
  });
});
