import { readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Sessiontree } from '@sessiontree/client';
import { expect, it } from 'vitest';
import { claude } from '../../../src/import/claude/claude.ts';
import type { Dropped, Fault, Format, SourceSession } from '../../../src/import/format.ts';
import { importSessions } from '../../../src/import/import-sessions.ts';
import type { SessionReport } from '../../../src/import/report.ts';
import { RepositoryTarget } from '../../../src/import/target/repository-target.ts';
import { ServerTarget } from '../../../src/import/target/server-target.ts';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { removeIndex } from '../../repository/files/second-reader.ts';
import { TestStore } from '../../repository/files/store.ts';
import { startTestServer } from '../../server/running.ts';
import { lab, PROJECT, stateOf } from './support.ts';
import { call, Transcript, thinking } from './transcript.ts';

const ID = 'aaaa1111-0000-4000-8000-000000000001';
const FILE = `${ID}.jsonl`;

function conversation(): Transcript {
  const transcript = new Transcript(ID);
  transcript.user('One');
  transcript.say('First');
  transcript.user('Two');
  return transcript;
}

it('writes nothing for files that have not changed', async () => {
  const { run, session } = await lab({ [FILE]: conversation().text });
  await run();
  const before = await session(ID);
  expect((await run()).lines()).toEqual([
    'Imported 0 new sessions, 0 changed, 1 unchanged, 0 faults; 0 messages written.',
  ]);
  expect(await session(ID)).toEqual(before);
});

it('goes on where a file that grew ended', async () => {
  const transcript = conversation();
  const { run, write, history } = await lab({ [FILE]: transcript.text });
  await run();
  transcript.say('Second');
  await write({ [FILE]: transcript.text });
  const report = await run();
  expect(report.sessions).toMatchObject({ new: 0, changed: 1 });
  // The last response of the first import, and what follows.
  expect(report.messages).toBe(3);
  expect((await history(ID)).map(({ content }) => content)).toEqual(['One', 'First', 'Two', 'Second']);
});

it('replaces a response that was not whole, with its usage', async () => {
  const transcript = new Transcript(ID);
  transcript.user('One');
  const response = { id: 'msg_1', requestId: 'req_1' };
  transcript.assistant([thinking('Hm')], { ...response, usage: { output: 1 } });
  const { run, write, history, session } = await lab({ [FILE]: transcript.text });
  await run();
  expect((await session(ID)).usage.outputTokens).toBe(1);
  transcript.assistant([call('toolu_1', 'Bash')], { ...response, usage: { output: 50 } });
  transcript.result('toolu_1', 'ok');
  await write({ [FILE]: transcript.text });
  await run();
  const messages = await history(ID);
  expect(messages.map(({ role }) => role)).toEqual(['USER', 'ASSISTANT', 'TOOL']);
  expect(messages[1]).toMatchObject({ reasoning: 'Hm', toolCalls: [{ toolCallId: 'toolu_1' }] });
  expect((await session(ID)).usage.outputTokens).toBe(50);
});

it('compares a file that was rewritten: replaces what changed, and reports what vanished', async () => {
  const transcript = conversation();
  const { run, write, history } = await lab({ [FILE]: transcript.text });
  await run();
  const lines = transcript.lines.toSpliced(0, 1);
  await write({ [FILE]: `${lines.join('\n').replace('First', 'Best')}\n` });
  const report = await run();
  expect((await history(ID)).map(({ content }) => content)).toEqual(['One', 'Best', 'Two']);
  expect(report.notes).toEqual([
    expect.stringContaining(`1 message of session "claude:${ID}" is no longer there; the store keeps them`),
  ]);
});

it('keeps what the program deleted', async () => {
  const { run, history, folder } = await lab({ [FILE]: conversation().text });
  await run();
  await rm(join(folder, PROJECT, FILE));
  expect((await run()).complete).toBe(true);
  expect(await history(ID)).toHaveLength(3);
});

it('leaves deleted what was deleted here', async () => {
  const transcript = conversation();
  const { run, write, repository } = await lab({ [FILE]: transcript.text });
  await run();
  await repository.delete({ sessionId: ID, mode: 'CASCADE' });
  transcript.say('Second');
  await write({ [FILE]: transcript.text });
  const report = await run();
  expect(report.sessions).toMatchObject({ new: 0, deletedHere: 1 });
  expect(report.complete).toBe(true);
  expect(await repository.findMany([ID])).toEqual([null]);
});

it.each(['here', 'in a server'])(
  'takes a session whose file cannot be read for no deleted one: %s',
  async (where) => {
    const { folder } = await lab({ [FILE]: conversation().text });
    const store = await TestStore.make();
    const run = (repository: SessionRepository) =>
      importSessions([{ format: claude, path: folder }], new RepositoryTarget(repository, DEFAULT_LIMITS));
    await store.during(run);
    store.edit(ID, (bytes) => bytes.fill('#', 0, 9));
    await removeIndex(store.directory);
    let report: SessionReport;
    if (where === 'here') report = await store.during(run);
    else {
      const server = await startTestServer({ dataDirectory: store.directory });
      const target = new ServerTarget(new Sessiontree(server.url), DEFAULT_LIMITS);
      report = await importSessions([{ format: claude, path: folder }], target);
    }
    expect(report.sessions).toMatchObject({ deletedHere: 0, faulty: 1 });
    expect(report.faults).toMatchObject([
      { reason: expect.stringContaining('a file that cannot be read has it') },
    ]);
  },
);

it('leaves a session alone that was not imported', async () => {
  const { run, session, repository } = await lab({ [FILE]: conversation().text });
  await repository.create({ id: ID, title: 'My own' });
  const report = await run();
  expect(report.faults).toMatchObject([
    { reason: expect.stringContaining('was not imported from here; it stays as it is') },
  ]);
  expect(await session(ID)).toMatchObject({ title: 'My own', historyLength: 0 });
});

it('keeps a title that a person gave, and takes a new one of the program', async () => {
  const transcript = conversation();
  const { run, write, session, repository } = await lab({ [FILE]: transcript.text });
  await run();
  transcript.note({ type: 'ai-title', aiTitle: 'By a model' });
  await write({ [FILE]: transcript.text });
  await run();
  expect((await session(ID)).title).toBe('By a model');
  await repository.update({ sessionId: ID, title: 'By hand' });
  transcript.note({ type: 'ai-title', aiTitle: 'By a model again' });
  await write({ [FILE]: transcript.text });
  await run();
  expect((await session(ID)).title).toBe('By hand');
});

it('archives a session again that was archived here, after it grew', async () => {
  const transcript = conversation();
  const { run, write, session, repository } = await lab({ [FILE]: transcript.text });
  await run();
  await repository.archive({ sessionId: ID, archived: true, subtree: false });
  const { archivedAt } = await session(ID);
  transcript.say('Second');
  await write({ [FILE]: transcript.text });
  await run();
  expect(await session(ID)).toMatchObject({ archivedAt, historyLength: 4 });
});

it('moves to a fork what a rewind left after the first import, and pays for it once', async () => {
  const transcript = new Transcript(ID);
  transcript.user('One');
  const branching = transcript.say('First');
  transcript.user('Two');
  transcript.say('Second');
  const grown = await lab({ [FILE]: transcript.text });
  await grown.run();
  transcript.head = branching;
  transcript.user('Other');
  transcript.say('Third');
  await grown.write({ [FILE]: transcript.text });
  await grown.run();
  const whole = await lab({ [FILE]: transcript.text });
  await whole.run();
  expect(await stateOf(grown.repository)).toEqual(await stateOf(whole.repository));
});

it('pays once for a branch that is taken up again, however often', async () => {
  const transcript = new Transcript(ID);
  transcript.user('One');
  const branching = transcript.say('First');
  transcript.user('Two');
  const left = transcript.say('Second');
  transcript.head = branching;
  const other = transcript.user('Other');
  const third = transcript.say('Third');
  const { run, write, session, history, repository } = await lab({ [FILE]: transcript.text });
  const responses = async () => {
    const [rollup] = await repository.rollupsOf([ID]);
    return rollup!.usage.outputTokens / 5;
  };
  await run();
  expect(await responses()).toBe(3);
  transcript.head = left;
  transcript.user('Three');
  const fourth = transcript.say('Fourth');
  await write({ [FILE]: transcript.text });
  expect((await run()).notes).toEqual([]);
  expect((await history(ID)).map(({ content }) => content)).toEqual([
    ...['One', 'First', 'Two', 'Second', 'Three', 'Fourth'],
  ]);
  expect((await history(`${ID}.${other}`)).map(({ content }) => content)).toEqual([
    ...['One', 'First', 'Other', 'Third'],
  ]);
  const [two] = transcript.lines.filter((line) => line.includes('"Two"'));
  const former = `${ID}.${(JSON.parse(two!) as { uuid: string }).uuid}`;
  expect((await history(former)).map(({ content, isCopy }) => [content, isCopy])).toEqual([
    ...[
      ['One', true],
      ['First', true],
      ['Two', true],
      ['Second', true],
    ],
  ]);
  expect((await session(former)).usage.outputTokens).toBe(0);
  expect(await responses()).toBe(4);
  transcript.head = third;
  transcript.user('Four');
  transcript.say('Fifth');
  await write({ [FILE]: transcript.text });
  expect((await run()).notes).toEqual([]);
  expect(await responses()).toBe(5);
  expect((await history(former)).map(({ key }) => key)).toContain(fourth);
});

it('waits for the end of a line that is being written', async () => {
  const transcript = conversation();
  const { run, folder, history } = await lab({ [FILE]: transcript.text });
  const path = join(folder, PROJECT, FILE);
  const next = transcript.say('Second');
  const line = Buffer.from(`${transcript.lines.at(-1)}\n`);
  await writeFile(path, Buffer.concat([await readFile(path), line.subarray(0, 100)]));
  const report = await run();
  expect(report).toMatchObject({ complete: true, unfinished: 1 });
  expect(await history(ID)).toHaveLength(3);
  await writeFile(path, transcript.text);
  expect((await run()).complete).toBe(true);
  expect((await history(ID)).at(-1)).toMatchObject({ key: next, content: 'Second' });
});

it('reads again what was written within the same time and size', async () => {
  const { run, folder, history } = await lab({ [FILE]: conversation().text });
  await run();
  const path = join(folder, PROJECT, FILE);
  await writeFile(path, (await readFile(path, 'utf8')).replace('First', 'Later'));
  await utimes(path, new Date(), new Date());
  await run();
  expect((await history(ID))[1]!.content).toBe('Later');
});

it('reads a file again that was rewritten between the two passes', async () => {
  const transcript = conversation();
  const { run, write, history, repository, folder } = await lab({ [FILE]: transcript.text });
  const rewriting: Format = {
    ...claude,
    async *survey(path, options) {
      const found: (SourceSession | Fault | Dropped)[] = [];
      for await (const item of claude.survey(path, options)) found.push(item);
      await write({ [FILE]: `${transcript.lines.slice(1).join('\n')}\n` });
      yield* found;
    },
  };
  await importSessions(
    [{ format: rewriting, path: folder }],
    new RepositoryTarget(repository, DEFAULT_LIMITS),
  );
  await run();
  expect((await history(ID)).map(({ content }) => content)).toEqual(['First', 'Two']);
});
