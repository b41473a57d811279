import { execFile } from 'node:child_process';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { openFileRepository } from '../../src/repository/files/open.ts';
import { directoryOf, sessionFile } from '../import/agent-session/support.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { runCli } from './run.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const SEED = join(FIXTURES, 'seed');
const DAMAGED = join(FIXTURES, 'seed-damaged');
const CLI = join(import.meta.dirname, '../../src/cli.ts');

const lines = (output: string) => output.trimEnd().split('\n');

describe('sessiontree import', () => {
  it('brings in the seed, once, and says so; exit code 0', async () => {
    const data = await temporaryDirectory();
    const first = await runCli(['import', SEED, '--data', data], { TZ: 'Europe/Berlin' });
    expect(first).toEqual({
      code: 0,
      stderr: '',
      stdout:
        'Notes:\n' +
        '  orphan-1.json: its parent "deleted-parent" does not exist: imported as a root; its metadata keeps the link\n' +
        'Times without an offset were read as local time (Europe/Berlin); digits beyond milliseconds were cut.\n' +
        'Imported 11, already there 0, not imported 0, 1 note.\n',
    });
    const second = await runCli(['import', SEED, '--data', data], { TZ: 'Europe/Berlin' });
    expect(second.code).toBe(0);
    expect(lines(second.stdout).at(-1)).toBe('Imported 0, already there 11, not imported 0, 0 notes.');
  });

  it('says with --dry-run what would come in, and makes nothing', async () => {
    const data = join(await temporaryDirectory(), 'data');
    const dry = () => runCli(['import', SEED, '--data', data, '--dry-run'], { TZ: 'UTC' });
    const { code, stdout } = await dry();
    expect(code).toBe(0);
    expect(lines(stdout).at(-1)).toBe('Would import 11, already there 0, not imported 0, 1 note.');
    await expect(access(data)).rejects.toThrow('ENOENT');
    const written = await runCli(['import', SEED, '--data', data], { TZ: 'UTC' });
    expect(written.stdout).toBe(stdout.replace('Would import', 'Imported'));
    expect(lines((await dry()).stdout).at(-1)).toBe(
      'Would import 0, already there 11, not imported 0, 0 notes.',
    );
  });

  it('reads times without an offset as local time', async () => {
    const createdAt = async (zone: string) => {
      const data = await temporaryDirectory();
      await runCli(['import', SEED, '--data', data], { TZ: zone });
      const { stdout } = await runCli(['export', 'planner-main', '--data', data]);
      return (JSON.parse(lines(stdout)[0]!) as { createdAt: string }).createdAt;
    };
    expect(await createdAt('Asia/Kolkata')).toBe('2026-11-22T06:13:37.904Z');
    expect(await createdAt('America/New_York')).toBe('2026-11-22T16:43:37.904Z');
  });

  it('lists what cannot come in, exactly, and brings in all else; exit code 1', async () => {
    const data = await temporaryDirectory();
    const { code, stdout, stderr } = await runCli(['import', DAMAGED, '--data', data], { TZ: 'UTC' });
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatchInlineSnapshot(`
      "Not imported:
        array.json: expected a JSON object, got an array
        bad-role.json: history.0.role: expected one of SYSTEM, USER, ASSISTANT, TOOL, EVENT, got "robot"
        bad-time.json: created_at: expected a time such as 2026-03-01T10:00:00.000001, with or without an offset, got "yesterday"
        cut.json: the file is not valid JSON: Unterminated string in JSON at position 233 (line 10 column 11)
        cycle-a.json: its parent link closes a cycle (cycle-a → cycle-b → cycle-a): imported as a root; its metadata keeps the link
        empty.json: the file is empty
        nul.json: the file holds nothing but NUL bytes
        surrogate.json: history.0.content: expected well-formed Unicode without NUL, got "lone \\ud83d surrogate" with half of a surrogate pair as character 6
        traversal.json: session_id: expected 1 to 128 letters, digits, ".", "_" or "-", the first a letter or digit, got "../../outside" with "." as character 1
      Notes:
        no-history.json: it has no history: imported with an empty one
        no-history.json: message_count is 1: ignored, its history has 0 user messages
        renamed.json: imported under its session_id, "other-name"
        wrong-count.json: message_count is 40: ignored, its history has 1 user message
        wrong-depth.json: depth is 7: ignored, its place in the tree makes it 1
        wrong-depth.json: root_session_id is "somebody-else": ignored, its place in the tree makes it "good"
      Times without an offset were read as local time (UTC); digits beyond milliseconds were cut.
      Imported 8, already there 0, not imported 9 (8 files, 1 link), 6 notes.
      "
    `);
    const again = await runCli(['import', DAMAGED, '--data', data], { TZ: 'UTC' });
    expect(again.code).toBe(1);
    expect(lines(again.stdout).at(-1)).toBe(
      'Imported 0, already there 8, not imported 9 (8 files, 1 link), 0 notes.',
    );
  });

  it('brings in the same tree whatever the order of the files', async () => {
    const names = ['d', 'b', 'c', 'a', 'e'];
    const trees = await Promise.all(
      [names, names.toReversed(), names.toSorted()].map(async (order) => {
        const parents: Record<string, string> = { b: 'e', c: 'b', d: 'c', a: 'b' };
        const files = order.map((id) => [
          `${id}.json`,
          sessionFile(id, { parent_session_id: parents[id] ?? null, created_at: '2026-03-01T10:00:00Z' }),
        ]);
        const data = await temporaryDirectory();
        await runCli(['import', await directoryOf(Object.fromEntries(files)), '--data', data]);
        const { stdout } = await runCli(['export', 'e', '--data', data]);
        return lines(stdout).map((line) => {
          const { id, parentId, depth } = JSON.parse(line) as { id: string; parentId: string; depth: number };
          return `${'  '.repeat(depth)}${id} < ${parentId}`;
        });
      }),
    );
    expect(trees[0]).toEqual(['e < null', '  b < e', '    a < b', '    c < b', '      d < c']);
    expect(trees[1]).toEqual(trees[0]);
    expect(trees[2]).toEqual(trees[0]);
  });

  it('says how many entries it passed over, and lets no file name drive the terminal', async () => {
    const dir = await directoryOf({
      'notes.txt': '',
      'bad\u001b[31m\n.json': '[]',
      'a.json': sessionFile('a'),
    });
    const { stdout } = await runCli(['import', dir, '--data', await temporaryDirectory()], { TZ: 'UTC' });
    expect(lines(stdout)).toEqual([
      'Not imported:',
      '  bad\\u001b[31m\\u000a.json: expected a JSON object, got an array',
      'Times without an offset were read as local time (UTC); digits beyond milliseconds were cut.',
      'Skipped entries that are not .json files: 1.',
      'Imported 1, already there 0, not imported 1, 0 notes.',
    ]);
  });

  it('takes limits, by flag and by variable', async () => {
    const history = [{ role: 'user', content: 'x'.repeat(20), timestamp: '2026-03-01T10:00:00Z' }];
    const metadata = { text: 'y'.repeat(270_000) };
    const directory = await directoryOf({
      'long.json': sessionFile('long', { history, message_count: 1 }),
      'large.json': sessionFile('large', { metadata }),
    });
    const run = async (args: string[], env: NodeJS.ProcessEnv = {}) => {
      const { stdout } = await runCli(['import', directory, '--data', await temporaryDirectory(), ...args], {
        TZ: 'UTC',
        ...env,
      });
      return lines(stdout).filter((line) => line.startsWith('  '));
    };
    const long =
      '  long.json: history.0.content: expected at most 10 bytes of UTF-8 (the limit contentBytes), got 20';
    const large = expect.stringMatching(
      /^ {2}large\.json: metadata: expected at most 262144 bytes as JSON \(the limit metadataBytes\), got /,
    );
    expect(await run([])).toEqual([large]);
    expect(await run(['--limit', 'contentBytes=10'])).toEqual([large, long]);
    expect(await run([], { SESSIONTREE_LIMITS: 'contentBytes=10,metadataBytes=300000' })).toEqual([long]);
    expect(await run(['--limit', 'metadataBytes=300000'])).toEqual([]);
  });

  it('takes its data directory from SESSIONTREE_DATA', async () => {
    const data = await temporaryDirectory();
    await runCli(['import', SEED], { SESSIONTREE_DATA: data });
    const { code } = await runCli(['export', 'planner-main'], { SESSIONTREE_DATA: data });
    expect(code).toBe(0);
  });

  it('ends with 2 for a wrong command line', async () => {
    const data = await temporaryDirectory();
    const file = join(data, 'file');
    await writeFile(file, '');
    const results = await Promise.all([
      runCli(['import', '--data', data]),
      runCli(['import', join(data, 'nothing'), '--data', data]),
      runCli(['import', file, '--data', data]),
      runCli(['import', SEED, '--data', data, '--fast']),
      runCli(['import', SEED, DAMAGED, '--data', data]),
      runCli(['import', SEED, '--data', data, '--limit', 'size=1']),
    ]);
    expect(results.map(({ code, stdout }) => ({ code, stdout }))).toEqual(
      results.map(() => ({ code: 2, stdout: '' })),
    );
    expect(results[1]!.stderr).toMatch(/^error: expected claude, .*, got ".*nothing" \(ENOENT\)\n$/);
    expect(results[2]!.stderr).toMatch(
      /^error: expected sessions of Claude Code, .*, an export of Sessiontree, or .*, got ".*file"\n$/,
    );
  });

  it('does not write beside another process', async () => {
    const data = await temporaryDirectory();
    const repository = await openFileRepository({ directory: data });
    try {
      const { code, stdout, stderr } = await runCli(['import', SEED, '--data', data]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(lines(stderr)).toEqual([expect.stringContaining(`is in use by process ${process.pid}`)]);
      expect(await repository.status()).toMatchObject({ sessionCount: 0 });
    } finally {
      await repository.close();
    }
  });

  it.runIf(process.platform === 'linux')(
    'stops where the disk takes no more, says so, and goes on when it is run again',
    async () => {
      const files = Array.from({ length: 1_000 }, (_, n) => [`s${n}.json`, sessionFile(`s${n}`)]);
      const directory = await directoryOf(Object.fromEntries(files));
      const data = await temporaryDirectory();
      // No file may grow past 300 KiB: the index needs more.
      const limited = `ulimit -f 300; exec "$0" "$@"`;
      const run = promisify(execFile)('bash', [
        '-c',
        limited,
        process.execPath,
        CLI,
        'import',
        directory,
        '--data',
        data,
      ]);
      const { code, stdout } = await run.then(
        () => ({ code: 0, stdout: '' }),
        (error: { code: number; stdout: string }) => error,
      );
      expect(code).toBe(1);
      expect(stdout).toMatch(/^Stopped: .* Run the import again to continue\.$/m);
      const again = await runCli(['import', directory, '--data', data]);
      expect(again.code).toBe(0);
      expect(lines(again.stdout).at(-1)).toMatch(
        /^Imported [1-9]\d*, already there [1-9]\d*, not imported 0/,
      );
    },
  );
});
