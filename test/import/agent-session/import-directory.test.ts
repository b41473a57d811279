import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importDirectory } from '../../../src/import/agent-session/import-directory.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { openTestRepository, temporaryDirectory } from '../../support/repository.ts';
import { watched } from '../../support/watched-repository.ts';
import { childIds, directoryOf, historyOf, sessionFile, sessionsOf, sums, textsOf } from './support.ts';

describe('an import', () => {
  it('passes over links, directories and files that are no .json, and says how many', async () => {
    const directory = await directoryOf({ 'a.json': sessionFile('a'), 'notes.txt': 'x', 'b.JSON': '{}' });
    await mkdir(join(directory, 'd.json'));
    await symlink(join(directory, 'a.json'), join(directory, 'link.json'));
    const report = await importDirectory(directory, await openTestRepository());
    expect(sums(report)).toEqual({ imported: 1, alreadyThere: 0, refused: [], cutLinks: [] });
    expect(report.passedOver).toBe(4);
  });

  it('lists a file that changed since, and leaves the session as it was', async () => {
    const directory = await directoryOf({ 's.json': sessionFile('s') });
    const repository = await openTestRepository();
    await importDirectory(directory, repository);
    await writeFile(join(directory, 's.json'), JSON.stringify(sessionFile('s', { user_id: 'grace' })));
    const report = await importDirectory(directory, repository);
    expect(textsOf(report.refused)).toEqual([
      's.json: it was imported before, and the file has changed since; the stored session stays as it is. To import it as well, give the file another session_id',
    ]);
    expect(await sessionsOf(repository, 's')).toMatchObject([{ userId: 'ada', version: 1 }]);
  });

  it('takes a file that was only written anew, in another order of its fields, for the same', async () => {
    const directory = await directoryOf({ 's.json': sessionFile('s') });
    const repository = await openTestRepository();
    await importDirectory(directory, repository);
    const reversed = Object.fromEntries(Object.entries(sessionFile('s')).toReversed());
    await writeFile(join(directory, 's.json'), JSON.stringify(reversed));
    expect(sums(await importDirectory(directory, repository))).toMatchObject({
      alreadyThere: 1,
      refused: [],
    });
  });

  it('lists a file whose id another session holds, and puts no child of it under that one', async () => {
    const repository = await openTestRepository();
    await repository.create({ id: 's', title: 'made by hand' });
    const directory = await directoryOf({
      's.json': sessionFile('s'),
      'c.json': sessionFile('c', { parent_session_id: 's', depth: 1 }),
    });
    const report = await importDirectory(directory, repository);
    expect(textsOf(report.refused)).toEqual([
      's.json: the store already has a session "s", which was not imported from this file. To import it as well, give the file another session_id',
    ]);
    expect(await sessionsOf(repository, 's', 'c')).toMatchObject([
      { title: 'made by hand', childCount: 0 },
      { parentId: null, metadata: { imported: { parent_session_id: 's' } } },
    ]);
  });

  it('puts a session under a parent that only the store has', async () => {
    const repository = await openTestRepository();
    await repository.create({ id: 'p' });
    const directory = await directoryOf({ 'c.json': sessionFile('c', { parent_session_id: 'p', depth: 1 }) });
    expect((await importDirectory(directory, repository)).notes).toEqual([]);
    expect(await childIds(repository, 'p')).toEqual(['c']);
  });

  it('makes roots of the children of a file that cannot come in', async () => {
    const directory = await directoryOf({
      'p.json': sessionFile('p', { history: 'none' }),
      'c.json': sessionFile('c', { parent_session_id: 'p', root_session_id: 'r', depth: 2 }),
      'g.json': sessionFile('g', { parent_session_id: 'c', root_session_id: 'r', depth: 3 }),
    });
    const repository = await openTestRepository();
    const report = await importDirectory(directory, repository);
    expect(sums(report)).toEqual({ imported: 2, alreadyThere: 0, refused: ['p.json'], cutLinks: [] });
    expect(await sessionsOf(repository, 'c', 'g')).toMatchObject([
      { parentId: null, metadata: { imported: { parent_session_id: 'p', root_session_id: 'r', depth: 2 } } },
      { parentId: 'c', rootId: 'c', depth: 1, metadata: {} },
    ]);
  });

  it('refuses a root whose lost link no longer fits in its metadata', async () => {
    const metadata = { text: 'x'.repeat(262_128) };
    const directory = await directoryOf({ 'c.json': sessionFile('c', { parent_session_id: 'p', metadata }) });
    const report = await importDirectory(directory, await openTestRepository());
    expect(textsOf(report.refused)).toEqual([
      expect.stringMatching(
        /^c\.json: metadata\.imported: expected at most 262144 bytes as JSON \(the limit metadataBytes\), got /,
      ),
    ]);
  });

  it('treats a parent that could be no id as one that is missing', async () => {
    const parent_session_id = '../../../etc/passwd';
    const directory = await directoryOf({ 'c.json': sessionFile('c', { parent_session_id }) });
    const repository = await openTestRepository();
    expect((await importDirectory(directory, repository)).complete).toBe(true);
    expect(await sessionsOf(repository, 'c')).toMatchObject([
      { parentId: null, metadata: { imported: { parent_session_id } } },
    ]);
  });

  it('lists what was imported and then deleted: a deleted id stays taken', async () => {
    const directory = await directoryOf({
      's.json': sessionFile('s'),
      'c.json': sessionFile('c', { parent_session_id: 's' }),
      'other.json': sessionFile('other'),
    });
    const repository = await openTestRepository();
    await repository.create({ id: 'other' });
    await repository.delete({ sessionId: 'other', mode: 'CASCADE' });
    await importDirectory(directory, repository);
    await repository.delete({ sessionId: 's', mode: 'CASCADE' });
    const report = await importDirectory(directory, repository);
    expect(textsOf(report.refused).toSorted()).toEqual([
      'c.json: it was imported before and then deleted. The id of a deleted session cannot be used again. To import it as well, give the file another session_id',
      'other.json: the id "other" is taken by a session that was deleted or cannot be read. To import it as well, give the file another session_id',
      's.json: it was imported before and then deleted. The id of a deleted session cannot be used again. To import it as well, give the file another session_id',
    ]);
    expect(report.imported).toBe(0);
    expect(await repository.status()).toMatchObject({ sessionCount: 0 });
  });

  it('keeps a child without a user without one', async () => {
    const directory = await directoryOf({
      'p.json': sessionFile('p'),
      'c.json': sessionFile('c', { parent_session_id: 'p', depth: 1, user_id: null }),
    });
    const repository = await openTestRepository();
    await importDirectory(directory, repository);
    expect(await sessionsOf(repository, 'p', 'c')).toMatchObject([{ userId: 'ada' }, { userId: null }]);
  });

  it('lists a file that changes between its two passes', async () => {
    const directory = await directoryOf({ 's.json': sessionFile('s'), 't.json': sessionFile('t') });
    const { repository } = watched(await openTestRepository(), ([method]) =>
      // The first call of an import after its first pass.
      method === 'findMany'
        ? writeFile(join(directory, 's.json'), JSON.stringify(sessionFile('new')))
        : undefined,
    );
    const report = await importDirectory(directory, repository);
    expect(sums(report)).toMatchObject({ imported: 1, refused: ['s.json'] });
  });

  it('brings in a history of any length, and a deep chain of sessions', async () => {
    const history = Array.from({ length: 2_500 }, (_, n) => ({
      role: n % 2 === 0 ? 'user' : 'assistant',
      content: `entry ${n}`,
      timestamp: '2026-03-01T10:00:00Z',
    }));
    const chain = Array.from({ length: 300 }, (_, n) =>
      sessionFile(
        `s${n}`,
        n === 0 ? { history, message_count: 1_250 } : { parent_session_id: `s${n - 1}`, depth: n },
      ),
    );
    const files = chain.map((content, n): [string, JsonObject] => [`s${n}.json`, content as JsonObject]);
    const directory = await directoryOf(Object.fromEntries(files.toReversed()));
    const repository = await openTestRepository();
    const report = await importDirectory(directory, repository);
    expect(sums(report)).toEqual({ imported: 300, alreadyThere: 0, refused: [], cutLinks: [] });
    expect(report.notes).toEqual([]);
    const [s0, s299] = await sessionsOf(repository, 's0', 's299');
    expect(s299).toMatchObject({ depth: 299, rootId: 's0' });
    expect(s0!.historyLength).toBe(2_500);
    expect((await historyOf(repository, 's0')).map(({ content }) => content)).toEqual(
      history.map(({ content }) => content),
    );
  });

  it('brings in 2,000 files, siblings in the order of their creation, at most 32 writes at a time', async () => {
    const directory = await temporaryDirectory();
    const time = (n: number) => new Date(1_772_355_600_000 + n).toISOString();
    // The order of the names differs from that of creation.
    const idOf = (n: number) => `s${(n * 7_919) % 2_000}`;
    await writeFile(join(directory, 'root.json'), JSON.stringify(sessionFile('root')));
    for (let n = 0; n < 1_999; n += 1) {
      const fields = { parent_session_id: 'root', root_session_id: 'root', depth: 1, created_at: time(n) };
      await writeFile(join(directory, `${idOf(n)}.json`), JSON.stringify(sessionFile(idOf(n), fields)));
    }
    const store = await openTestRepository();
    let underWay = 0;
    let most = 0;
    const counting = new Proxy(store, {
      get(target, name) {
        if (name !== 'create') return Reflect.get(target, name, target).bind(target);
        return (...args: Parameters<SessionRepository['create']>) => {
          most = Math.max(most, ++underWay);
          return target.create(...args).finally(() => underWay--);
        };
      },
    });
    const progress: string[] = [];
    const report = await importDirectory(directory, counting, {
      onProgress: (stage, done, total) => progress.push(`${stage} ${done} of ${total}`),
    });
    expect(sums(report)).toEqual({ imported: 2_000, alreadyThere: 0, refused: [], cutLinks: [] });
    expect(await childIds(store, 'root')).toEqual(Array.from({ length: 1_999 }, (_, n) => idOf(n)));
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(32);
    expect(progress).toContain('Reading 1 of 2000');
    expect(progress.at(-1)).toBe('Importing 2000 of 2000');
  });
});
