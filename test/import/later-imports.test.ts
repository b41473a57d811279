import { expect, it } from 'vitest';
import { importSessions } from '../../src/import/import-sessions.ts';
import { opencode } from '../../src/import/opencode/opencode.ts';
import { RepositoryTarget } from '../../src/import/target/repository-target.ts';
import { StorageError } from '../../src/model/errors.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { OpencodeWriter, START } from './opencode/store-writer.ts';
import { outline, type SourceLab, sourceLab } from './source-lab.ts';

const ARCHIVED_AT = new Date(START + 3_600_000);

/** A session that its program has archived, as an import left it. */
async function archivedLab(): Promise<SourceLab & { readonly writer: OpencodeWriter }> {
  const time = { created: START, updated: START, archived: ARCHIVED_AT.getTime() };
  const writer = new OpencodeWriter().session('ses_a', { time }).user('Ask').say('answer');
  const lab = await sourceLab(opencode, writer.files());
  await lab.run();
  expect((await lab.session('ses_a')).archivedAt).toEqual(ARCHIVED_AT);
  return { ...lab, writer };
}

it('sessions that are new beneath an archived one come in, and that one stays archived', async () => {
  const { writer, write, run, session } = await archivedLab();
  writer.session('ses_b', { parentID: 'ses_a' }).user('Help').say('helped');
  writer.session('ses_c', { parentID: 'ses_a' }).user('Help, too').say('helped');
  await write(writer.files());
  expect(await run()).toMatchObject({ faults: [], sessions: { new: 2, unchanged: 1 } });
  expect(await session('ses_b')).toMatchObject({ parentId: 'ses_a', archivedAt: null });
  expect(await session('ses_c')).toMatchObject({ parentId: 'ses_a', archivedAt: null });
  expect((await session('ses_a')).archivedAt).toEqual(ARCHIVED_AT);
});

it('a session comes beneath an archived one that its program names as the parent now', async () => {
  const { writer, write, run, session } = await archivedLab();
  writer.session('ses_b').user('Help').say('helped');
  await write(writer.files());
  await run();
  writer.last.info.parentID = 'ses_a';
  await write(writer.files());
  expect(await run()).toMatchObject({ faults: [], sessions: { changed: 1, unchanged: 1 } });
  expect((await session('ses_b')).parentId).toBe('ses_a');
  expect((await session('ses_a')).archivedAt).toEqual(ARCHIVED_AT);
});

it('nothing is written to an archived session when one beneath it grows', async () => {
  const { writer, write, run, session } = await archivedLab();
  writer.session('ses_b', { parentID: 'ses_a' }).user('Help');
  await write(writer.files());
  await run();
  const { version } = await session('ses_a');
  await write(writer.say('helped').files());
  expect((await run()).sessions).toMatchObject({ changed: 1, unchanged: 1 });
  expect((await session('ses_a')).version).toBe(version);
});

/** A store that cannot write when it comes to archive sessions. */
class FullTarget extends RepositoryTarget {
  override async archive(sessionId: string, archivedAt: Date | null): Promise<void> {
    if (archivedAt) throw new StorageError('The disk is full.', false);
    await super.archive(sessionId, archivedAt);
  }
}

it.each(['of its program', 'that it had in the store'])(
  'an archival %s is done by the next import if one ends before',
  async (which) => {
    const { writer, folder, repository, write, run, session } = await archivedLab();
    if (which === 'that it had in the store') writer.say('more');
    else {
      const time = { created: START, updated: START, archived: ARCHIVED_AT.getTime() };
      writer.session('ses_b', { time }).user('Ask').say('answer');
    }
    await write(writer.files());
    const sources = [{ format: opencode, path: folder }];
    const report = await importSessions(sources, new FullTarget(repository, DEFAULT_LIMITS));
    expect(report.stopped).toBe('The disk is full.');
    const { id } = writer.last.info;
    expect((await session(id)).archivedAt).toBeNull();
    expect((await run()).complete).toBe(true);
    const { archivedAt, metadata } = await session(id);
    expect(archivedAt).toEqual(ARCHIVED_AT);
    expect(metadata.import).not.toHaveProperty('archiveAt');
  },
);

it('a session that a person archived while an archival was pending takes what is new, and stays archived', async () => {
  const { writer, folder, repository, write, run, session, history } = await archivedLab();
  const sources = [{ format: opencode, path: folder }];
  await write(writer.say('more').files());
  await importSessions(sources, new FullTarget(repository, DEFAULT_LIMITS));
  const archivedAt = new Date(START + 7_200_000);
  await repository.archive({ sessionId: 'ses_a', archived: true, archivedAt, subtree: false });
  await write(writer.say('still more').files());
  expect(await run()).toMatchObject({ faults: [], sessions: { changed: 1 } });
  expect(await history('ses_a')).toHaveLength(4);
  expect((await session('ses_a')).archivedAt).toEqual(archivedAt);
});

it('what is beneath a deleted session, and was moved up, is no root that the report has to name', async () => {
  const writer = new OpencodeWriter();
  for (const [id, parentID] of [['ses_a'], ['ses_b', 'ses_a'], ['ses_c', 'ses_b']] as const)
    writer.session(id!, parentID === undefined ? {} : { parentID }).user('Ask');
  const { repository, run, session } = await sourceLab(opencode, writer.files());
  await run();
  await repository.delete({ sessionId: 'ses_b', mode: 'REPARENT' });
  expect(await run()).toMatchObject({ notes: [], sessions: { unchanged: 2, deletedHere: 1 } });
  expect((await session('ses_c')).parentId).toBe('ses_a');
});

it('a session that is deleted before it is archived keeps no other from being archived', async () => {
  const { writer, folder, repository, write, session } = await archivedLab();
  const time = { created: START, updated: START, archived: ARCHIVED_AT.getTime() };
  for (const id of ['ses_b', 'ses_c']) writer.session(id, { time }).user('Ask').say('answer');
  await write(writer.files());
  const target = new (class extends RepositoryTarget {
    override async archive(sessionId: string, archivedAt: Date | null): Promise<void> {
      if (sessionId === 'ses_b') await repository.delete({ sessionId, mode: 'CASCADE' });
      await super.archive(sessionId, archivedAt);
    }
  })(repository, DEFAULT_LIMITS);
  const report = await importSessions([{ format: opencode, path: folder }], target);
  expect(report.faults).toMatchObject([{ reason: expect.stringContaining('"ses_b" is not archived') }]);
  expect((await session('ses_c')).archivedAt).toEqual(ARCHIVED_AT);
});

it('what a person unarchives stays so, and what a person archives, too', async () => {
  const { writer, repository, write, run, session } = await archivedLab();
  writer.session('ses_b').user('Ask');
  await write(writer.files());
  await run();
  await repository.archive({ sessionId: 'ses_a', archived: false, subtree: false });
  await repository.archive({ sessionId: 'ses_b', archived: true, archivedAt: ARCHIVED_AT, subtree: false });
  for (const { messages, info } of writer.sessions) {
    messages[0]!.parts[0]!.text = 'Ask again';
    (info.time as { updated: number }).updated += 1;
  }
  await write(writer.files());
  expect((await run()).sessions).toMatchObject({ changed: 2 });
  expect((await session('ses_a')).archivedAt).toBeNull();
  expect((await session('ses_b')).archivedAt).toEqual(ARCHIVED_AT);
});

it('what its program unarchives is unarchived', async () => {
  const { writer, write, run, session } = await archivedLab();
  writer.last.info.time = { created: START, updated: START + 1 };
  writer.session('ses_b', { parentID: 'ses_a' }).user('Help').say('helped');
  await write(writer.files());
  expect(await run()).toMatchObject({ faults: [], sessions: { new: 1, changed: 1 } });
  expect((await session('ses_a')).archivedAt).toBeNull();
});

it('sessions that are new beneath a deleted one are left out with it', async () => {
  const { writer, repository, write, run } = await archivedLab();
  await repository.delete({ sessionId: 'ses_a', mode: 'CASCADE' });
  writer.session('ses_b', { parentID: 'ses_a' }).user('Help').say('helped');
  writer.session('ses_c', { parentID: 'ses_b' }).user('Help more').say('helped');
  await write(writer.files());
  expect(await run()).toMatchObject({ notes: [], sessions: { new: 0, deletedHere: 3 } });
  expect(await repository.findMany(['ses_a', 'ses_b', 'ses_c'])).toEqual([null, null, null]);
});

it('forks stay where they are, and pay for nothing more, when their program has deleted the origin', async () => {
  const writer = new OpencodeWriter().session('ses_a').user('One').say('1').user('Two').say('2');
  writer.fork('ses_b', 4).user('Other').say('o').fork('ses_c', 4).user('Third').say('t');
  const { folder, run, session, history } = await sourceLab(opencode);
  writer.writeDatabase(folder);
  await run();
  const before = await Promise.all(['ses_b', 'ses_c'].map(session));
  const said = await history('ses_b');
  writer.sessions.shift();
  writer.user('More');
  for (let times = 0; times < 2; times += 1) {
    for (const { info } of writer.sessions) (info.time as { updated: number }).updated += 1;
    writer.writeDatabase(folder);
    expect(await run()).toMatchObject({ faults: [], sessions: { changed: 2 } });
    const after = await Promise.all(['ses_b', 'ses_c'].map(session));
    expect(after.map(({ usage }) => usage)).toEqual(before.map(({ usage }) => usage));
    expect(after.map(({ parentId }) => parentId)).toEqual(before.map(({ parentId }) => parentId));
  }
  expect(outline(await history('ses_b'))).toEqual(outline(said));
});

it('a session with as much metadata as there is room for can take back hundreds of messages', async () => {
  const notes = 'n'.repeat(DEFAULT_LIMITS.metadataBytes - 18 * 1024);
  const writer = new OpencodeWriter('prefix'.repeat(5)).session('ses_a', { notes }).user('One').say('1');
  for (let count = 0; count < 500; count += 1) writer.say('more');
  const { write, run, session, history } = await sourceLab(opencode, writer.files());
  expect((await run()).faults).toEqual([]);
  writer.last.info.revert = { messageID: writer.last.messages[2]!.info.id };
  await write(writer.files());
  expect(await run()).toMatchObject({ faults: [], sessions: { changed: 1 } });
  expect(outline(await history('ses_a'))).toEqual(['USER: One', 'ASSISTANT: 1']);
  const { metadata, usage } = await session('ses_a');
  expect(metadata).toMatchObject({ notes });
  delete writer.last.info.revert;
  await write(writer.files());
  expect(await run()).toMatchObject({ faults: [], sessions: { changed: 1 } });
  // Those that the import has no room to remember are paid for once more.
  const paidAgain = (await session('ses_a')).usage.inputTokens - usage.inputTokens;
  expect(paidAgain / 815).toBeLessThan(250);
}, 120_000);
