import { expect, it } from 'vitest';
import { opencode } from '../../src/import/opencode/opencode.ts';
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
});
