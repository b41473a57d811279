import { execFileSync } from 'node:child_process';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { codex } from '../../../src/import/codex/codex.ts';
import { type Line, readLines } from '../../../src/import/lines.ts';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import { temporaryDirectory } from '../../support/repository.ts';
import { outline, sourceLab } from '../source-lab.ts';
import { filesOf, Rollout } from './rollout.ts';

const ID = (n: number) => `0aa11111-0000-7000-8000-00000000000${n}`;

it('lists a line that nests too deep, and imports the others', async () => {
  const rollout = new Rollout(ID(1)).turn('t1').user('One');
  const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
  rollout.raw(
    `{"type":"response_item","payload":{"type":"function_call_output","call_id":"c","output":${deep}}}`,
  );
  rollout.user('Two');
  const { run, history } = await sourceLab(codex, filesOf(rollout));
  expect((await run()).faults).toMatchObject([
    { line: 6, reason: expect.stringContaining('no JSON object') },
  ]);
  expect(outline(await history(ID(1)))).toEqual(['USER: One', 'USER: Two']);
});

it('keeps no place to resume at that the store cannot hold', async () => {
  const rollout = new Rollout(ID(1)).turn('t1').user('One').say('First', 'NUL \0');
  rollout.record('r1', { input: 3 }).event({ type: 'task_complete' });
  const { run, write, history, session } = await sourceLab(codex, filesOf(rollout));
  expect(await run()).toMatchObject({ complete: true, sessions: { new: 1 } });
  await write(filesOf(rollout.turn('t2').user('Two')));
  expect(await run()).toMatchObject({ complete: true, sessions: { changed: 1 } });
  expect(outline(await history(ID(1)))).toEqual(['USER: One', 'ASSISTANT: First', 'USER: Two']);
  expect((await session(ID(1))).usage.inputTokens).toBe(3);
});

it('leaves room in the metadata for what the next import needs', async () => {
  const rollout = new Rollout(ID(1), { note: 'n'.repeat(DEFAULT_LIMITS.metadataBytes - 200) })
    .turn('t1')
    .user('One');
  const { run, session } = await sourceLab(codex, filesOf(rollout));
  const report = await run();
  expect(report).toMatchObject({ complete: true, sessions: { new: 1 } });
  expect(report.dropped.get('metadata too large or not storable')).toBeGreaterThan(0);
  expect((await session(ID(1))).metadata).toMatchObject({
    cli_version: '0.171.0',
    turn_context: { model: 'model-a' },
  });
  expect((await run()).sessions).toMatchObject({ unchanged: 1 });
});

it('remembers no names of members where these are too many, and goes on from where it was', async () => {
  const members = Object.fromEntries(
    Array.from({ length: 1_000 }, (_, n) => [`${'m'.repeat(26)}${n}`, 'v'.repeat(195)]),
  );
  const rollout = new Rollout(ID(1), members).turn('t1').user('One');
  const { run, write, session } = await sourceLab(codex, filesOf(rollout));
  expect(await run()).toMatchObject({ complete: true, sessions: { new: 1 } });
  expect((await session(ID(1))).metadata).toMatchObject(members);
  await write(filesOf(rollout.user('Two')));
  expect(await run()).toMatchObject({ complete: true, messages: 1, sessions: { changed: 1 } });
});

it('leaves out a member with the name of what the import keeps, and counts it', async () => {
  const withImport = new Rollout(ID(1), { import: 'theirs' }).turn('t1').user('One');
  const { run, write, session } = await sourceLab(codex, filesOf(withImport));
  expect((await run()).dropped.get('metadata.import')).toBe(1);
  expect((await session(ID(1))).metadata.import).toMatchObject({ format: 'codex' });
  await write(filesOf(new Rollout(ID(1)).turn('t1').user('One').user('Two')));
  expect(await run()).toMatchObject({ complete: true, sessions: { changed: 1 } });
});

it('goes on from where it was, whatever the size of the settings of a turn', async () => {
  const rollout = new Rollout(ID(1)).turn('t1').user('One');
  rollout.add('turn_context', { model: 'model-b', rules: 'r'.repeat(50_000) });
  const { run, write, session } = await sourceLab(codex, filesOf(rollout));
  await run();
  await write(filesOf(rollout.user('Two')));
  expect((await run()).messages).toBe(1);
  expect((await session(ID(1))).metadata).toMatchObject({ turn_context: { rules: 'r'.repeat(50_000) } });
});

it('ends to read a compressed file that becomes shorter meanwhile', async () => {
  const frame = zstdCompressSync(Buffer.from('{"n":1}\n'));
  const path = join(await temporaryDirectory(), 'rollout.jsonl.zst');
  await writeFile(path, Buffer.concat([frame, frame]));
  const reading = readLines(path);
  expect((await reading.next()).value.map(({ bytes }: Line) => String(bytes))).toEqual(['{"n":1}']);
  await truncate(path, frame.length);
  await expect(reading.next()).rejects.toThrow('unexpected end of file');
});

it('puts no session beneath one that is beneath it', async () => {
  const [one, two] = [
    new Rollout(ID(1), { parent_thread_id: ID(2) }).turn('t').user('One'),
    new Rollout(ID(2), { parent_thread_id: ID(1) }).turn('t').user('Two'),
  ];
  const { run, session } = await sourceLab(codex, filesOf(one, two));
  for (const _ of [1, 2]) {
    const report = await run();
    expect(report.complete).toBe(true);
    expect(report.notes).toHaveLength(1);
  }
  expect((await session(ID(1))).parentId).toBe(ID(2));
  expect((await session(ID(2))).parentId).toBe(null);
});

it('does not wait for a pipe in the place of a file', async () => {
  const { run, folder, session } = await sourceLab(codex, filesOf(new Rollout(ID(1)).turn('t').user('One')));
  const pipes = ['session_index.jsonl', 'state_5.sqlite'].map((name) => join(folder, name));
  execFileSync('mkfifo', pipes);
  expect(await run()).toMatchObject({
    faults: [
      { path: pipes[0], reason: 'the file cannot be read: it is not a regular file' },
      { path: pipes[1], reason: expect.stringContaining('it is not a regular file') },
    ],
    sessions: { new: 1 },
  });
  expect((await session(ID(1))).title).toBe('One');
});

it.each(['rollout-1.jsonl', 'rollout-1.jsonl.zst', 'pipe'])(
  'lists a pipe that is to be imported itself (%s)',
  async (name) => {
    const { run, folder } = await sourceLab(codex);
    const pipe = join(folder, name);
    execFileSync('mkfifo', [pipe]);
    expect(await codex.recognises(pipe)).toBe(false);
    const reason = 'the file cannot be read: it is not a regular file';
    expect(await run({}, pipe)).toMatchObject({
      complete: false,
      faults: [{ type: 'fault', path: pipe, line: null, reason }],
    });
  },
);
