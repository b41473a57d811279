import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { claude } from '../../src/import/claude/claude.ts';
import { importSessions } from '../../src/import/import-sessions.ts';
import { idOf } from '../../src/import/order.ts';
import { Prices } from '../../src/import/prices.ts';
import type { SessionReport } from '../../src/import/report.ts';
import { DryRunTarget } from '../../src/import/target/dry-run-target.ts';
import { RepositoryTarget, storedSessionsOf } from '../../src/import/target/repository-target.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { lab, PROJECT, sessionsIn } from './claude/support.ts';
import { Transcript, writeFiles } from './claude/transcript.ts';

const OLD = Date.parse('2026-01-01T00:00:00Z');

function session(id: string, { cwd = '/home/eve/lab', start = OLD } = {}): Record<string, string> {
  const transcript = new Transcript(id, { start, prefix: id });
  transcript.common = { ...transcript.common, cwd };
  transcript.user('Hi', { extra: 'kept' });
  transcript.say('Hello', {
    model: 'model-a-20260101',
    usage: { input: 1_000, cacheWrite: 2_000, cacheRead: 10_000, output: 500 },
  });
  return { [`${id}.jsonl`]: transcript.text };
}

it('--since takes sessions that were active later, with those above them', async () => {
  const child = new Transcript('parent', { start: OLD + 86_400_000, prefix: 'sub' });
  child.user('Later');
  const { run, repository } = await lab({
    ...session('parent'),
    ...session('other'),
    'parent/subagents/agent-a1.jsonl': child.text,
  });
  await run({ since: new Date(OLD + 3_600_000) });
  expect((await sessionsIn(repository)).map(({ id }) => id)).toEqual(['parent', 'parent.a1']);
});

it('--project takes a directory, what is beneath it, or a name', async () => {
  const { run, repository } = await lab({
    ...session('one', { cwd: '/home/eve/lab' }),
    ...session('two', { cwd: '/home/eve/lab/inner' }),
    ...session('three', { cwd: '/home/eve/laboratory' }),
  });
  await run({ project: 'inner' });
  expect((await sessionsIn(repository)).map(({ id }) => id)).toEqual(['two']);
  await run({ project: '/home/eve/lab/' });
  expect((await sessionsIn(repository)).map(({ id }) => id).sort()).toEqual(['one', 'two']);
});

it.each(['that has grown', 'that is elsewhere now'])(
  'what a file %s cost stays, without --prices',
  async (how) => {
    const { run, session: read, history, write, folder, repository } = await lab(session('one'));
    await run({ prices: new Prices({ 'model-*': { input: 1, output: 1 } }) });
    const [, priced] = await history('one');
    const [text] = Object.values(session('one'));
    const more = new Transcript('one', { start: OLD + 60_000, prefix: 'more' });
    more.head = 'one-0002';
    more.user('And now?');
    const grown = { 'one.jsonl': `${text}${more.text}` };
    let report: SessionReport;
    if (how === 'that has grown') {
      await write(grown);
      report = await run();
    } else {
      const path = await temporaryDirectory();
      await writeFiles(join(path, PROJECT), grown);
      const target = new RepositoryTarget(repository, DEFAULT_LIMITS);
      report = await importSessions([{ format: claude, path }], target);
      expect(path).not.toBe(folder);
    }
    expect(report.sessions).toMatchObject({ changed: 1 });
    expect(priced!.usage!.costUsd).toBe(0.0135);
    expect((await history('one'))[1]).toEqual(priced);
    expect((await read('one')).usage.costUsd).toBe(0.0135);
  },
);

it('what a branch cost goes with the messages to the fork that a rewind makes of it, without --prices', async () => {
  const transcript = new Transcript('one', { start: OLD });
  transcript.user('One');
  const left = transcript.say('First');
  transcript.user('Two');
  transcript.say('Second');
  const { run, write, repository } = await lab({ 'one.jsonl': transcript.text });
  await run({ prices: new Prices({ '*': { input: 1, output: 1 } }) });
  const costOf = async () =>
    (await sessionsIn(repository)).map(({ usage }) => Number(usage.costUsd)).reduce((a, b) => a + b);
  const before = await costOf();
  expect(before).toBeGreaterThan(0);
  transcript.head = left;
  transcript.user('Other');
  transcript.say('Third');
  await write({ 'one.jsonl': transcript.text });
  expect((await run()).sessions).toMatchObject({ new: 1, changed: 1 });
  expect(await costOf()).toBeCloseTo(before, 12);
});

it('--prices costs a message, cached tokens at their own price; the longest name counts', async () => {
  const { run, session: read } = await lab(session('one'));
  const prices = new Prices({
    'model-*': { input: 1, output: 1 },
    'model-a-*': { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 },
  });
  await run({ prices });
  expect((await read('one')).usage.costUsd).toBe(0.021);
});

it('refuses a file of prices that is none, and says what is expected', async () => {
  const path = join(await temporaryDirectory(), 'prices.json');
  await writeFile(path, '{"m": {"input": "3"}}');
  await expect(Prices.read(path)).rejects.toThrow(/prices\.json: expected \{"<model>": .*m\.input/);
  await writeFile(path, '{');
  await expect(Prices.read(path)).rejects.toThrow('expected JSON');
});

it('--payload none leaves out what has no field, --user names the owner of new trees', async () => {
  const { run, session: read, history } = await lab(session('one'));
  await run({ withPayload: false, userId: 'eve' });
  expect((await read('one')).userId).toBe('eve');
  expect((await history('one')).map(({ payload }) => payload)).toEqual([null, null]);
  const full = await lab(session('one'));
  await full.run();
  expect((await full.history('one'))[0]!.payload).toEqual({ extra: 'kept' });
});

it('a dry run tells the same and writes nothing', async () => {
  const { run, folder, repository } = await lab(session('one'));
  const source = { format: claude, path: folder };
  const dry = await importSessions([source], new DryRunTarget(storedSessionsOf(repository), DEFAULT_LIMITS));
  expect(dry.lines()).toEqual([
    'Would import 1 new session, 0 changed, 0 unchanged, 0 faults; 2 messages to write.',
  ]);
  expect(await repository.count({})).toBe(0);
  const without = await importSessions([source], new DryRunTarget(null, DEFAULT_LIMITS));
  expect(without.lines()).toEqual(dry.lines());
  await run();
  const again = await importSessions(
    [source],
    new DryRunTarget(storedSessionsOf(repository), DEFAULT_LIMITS),
  );
  expect(again.sessions.unchanged).toBe(1);
});

it('derives an id where that of the source does not fit', () => {
  expect(idOf('claude:abc.def')).toBe('abc.def');
  expect(idOf('claude:user:123')).toMatch(/^claude-[0-9a-f]{32}$/);
  expect(idOf('claude:user:123')).toBe(idOf('claude:user:123'));
});

it('recognises the transcripts of Claude Code at every level, and nothing else', async () => {
  const { folder } = await lab(session('one'));
  for (const path of ['', 'projects', 'projects/-home-eve-lab', 'projects/-home-eve-lab/one.jsonl'])
    expect(await claude.recognises(join(folder, path)), path).toBe(true);
  const other = await temporaryDirectory();
  await writeFile(
    join(other, 'rollout.jsonl'),
    '{"timestamp":"","type":"session_meta","payload":{"id":"x"}}\n',
  );
  expect(await claude.recognises(other)).toBe(false);
  expect(await claude.recognises(join(other, 'nothing'))).toBe(false);
});
