import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importDirectory } from '../../../src/import/agent-session/import-directory.ts';
import { openTestRepository } from '../../support/repository.ts';
import { directoryOf, sessionFile, sessionsOf, sums, textsOf } from './support.ts';

/**
 * The session `plan` as a file that was last active at `clock` and holds `length` messages. Its user shows which file was
 * imported.
 */
function plan(user: string, clock: string, length = 1): Record<string, unknown> {
  const history = Array.from({ length }, (_, n) => ({
    role: 'user',
    content: `entry ${n}`,
    timestamp: '2026-03-01T10:00:00Z',
  }));
  const times = { created_at: '2026-03-01T10:00:00Z', last_active: `2026-03-01T${clock}Z` };
  return sessionFile('plan', { user_id: user, ...times, message_count: length, history });
}

async function cameIn(files: Record<string, unknown>) {
  const repository = await openTestRepository();
  const report = await importDirectory(await directoryOf(files), repository);
  const [session] = await sessionsOf(repository, 'plan');
  return { userId: session!.userId, refused: textsOf(report.refused).toSorted() };
}

const NAMED = 'plan.json has the same session_id, "plan", and is named for that id';

describe('of files with one session_id', () => {
  it.each([
    'plan (1).json',
    'plan copy.json',
    'plan copy 2.json',
    'plan.bak.json',
    'plan - Copy.json',
    'plan Kopie.json',
    'plan (conflicted copy 2026-03-01).json',
    'plan~.json',
    'plan_2.json',
    '.plan.json',
    'Copy of plan.json',
    'Plan.json',
    'PLAN.json',
    'a.json',
    'z.json',
    '\u8ba1\u5212 plan.json',
  ])('the one named for the id comes in, and %j beside it is listed', async (copy) => {
    const copies = [plan('copy', '09:00:00', 1), plan('copy', '23:00:00', 9), plan('named', '12:00:00', 2)];
    for (const content of copies) {
      const files = { [copy]: content, 'plan.json': plan('named', '12:00:00', 2) };
      expect(await cameIn(files)).toEqual({ userId: 'named', refused: [`${copy}: ${NAMED}`] });
    }
  });

  it('the one that was last active comes in where none is named for the id', async () => {
    const files = {
      'a.json': plan('old', '10:00:00', 9),
      'b.json': plan('new', '10:00:00.000002', 1),
      'c.json': plan('middle', '10:00:00.000001', 5),
    };
    const refused = ['a', 'c'].map(
      (name) => `${name}.json: b.json has the same session_id, "plan", and was active later`,
    );
    expect(await cameIn(files)).toEqual({ userId: 'new', refused });
    expect(await cameIn(Object.fromEntries(Object.entries(files).toReversed()))).toEqual({
      userId: 'new',
      refused,
    });
  });

  it('the later moment counts, whatever offset the time is written with', async () => {
    const late = { ...plan('late', '10:00:00'), last_active: '2026-03-01T09:00:00-02:00' };
    expect((await cameIn({ 'a.json': plan('early', '10:30:00'), 'b.json': late })).userId).toBe('late');
  });

  it('of those last active at one moment, the longest history comes in', async () => {
    const files = { 'a.json': plan('short', '10:00:00', 1), 'b.json': plan('long', '10:00:00', 2) };
    expect(await cameIn(files)).toEqual({
      userId: 'long',
      refused: ['a.json: b.json has the same session_id, "plan", and has a longer history'],
    });
  });

  it('of those with one last activity and as long a history, the first by name comes in', async () => {
    const files = { 'b.json': plan('second', '10:00:00'), 'a.json': plan('first', '10:00:00') };
    expect(await cameIn(files)).toEqual({
      userId: 'first',
      refused: ['b.json: a.json has the same session_id, "plan", and comes first by name'],
    });
  });

  it('a file that cannot come in leaves the others to come in', async () => {
    const files = { 'plan.json': '{"session_id": "plan", "cr', 'plan copy.json': plan('copy', '10:00:00') };
    const { userId, refused } = await cameIn(files);
    expect(userId).toBe('copy');
    expect(refused).toEqual([expect.stringMatching(/^plan\.json: the file is not valid JSON/)]);
  });

  it('each id has its own where they differ by case alone', async () => {
    const repository = await openTestRepository();
    const directory = await directoryOf({
      'plan.json': sessionFile('plan'),
      'plan (1).json': sessionFile('Plan', { user_id: 'grace' }),
      'plan (2).json': sessionFile('plan'),
    });
    const report = await importDirectory(directory, repository);
    expect(sums(report)).toMatchObject({ imported: 2, refused: ['plan (2).json'] });
    expect(await sessionsOf(repository, 'plan', 'Plan')).toMatchObject([
      { userId: 'ada' },
      { userId: 'grace' },
    ]);
  });

  it('the same comes in at every run, and a child goes under it', async () => {
    const repository = await openTestRepository();
    const directory = await directoryOf({
      'plan (1).json': plan('copy', '11:00:00'),
      'plan.json': plan('named', '10:00:00'),
      'child (1).json': sessionFile('child', { parent_session_id: 'plan', depth: 1 }),
    });
    expect(sums(await importDirectory(directory, repository))).toMatchObject({ imported: 2 });
    expect(sums(await importDirectory(directory, repository))).toMatchObject({
      imported: 0,
      alreadyThere: 2,
      refused: ['plan (1).json'],
    });
    expect(await sessionsOf(repository, 'plan', 'child')).toMatchObject([
      { userId: 'named' },
      { parentId: 'plan' },
    ]);
  });

  it('one that differs from what came in at an earlier run is listed', async () => {
    const repository = await openTestRepository();
    const directory = await directoryOf({ 'plan (1).json': plan('copy', '10:00:00') });
    await importDirectory(directory, repository);
    await writeFile(join(directory, 'plan.json'), JSON.stringify(plan('named', '11:00:00')));
    const report = await importDirectory(directory, repository);
    expect(textsOf(report.refused).toSorted()).toEqual([
      `plan (1).json: ${NAMED}`,
      expect.stringMatching(/^plan\.json: it was imported before, and the file has changed since/),
    ]);
    await rm(join(directory, 'plan.json'));
    await rename(join(directory, 'plan (1).json'), join(directory, 'plan.json'));
    expect(sums(await importDirectory(directory, repository))).toMatchObject({
      alreadyThere: 1,
      refused: [],
    });
  });
});
