import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { DATA_PATH_BYTES } from '../../src/repository/files/disk/data-directory.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import { checkDataDirectory } from '../../src/repository/files/tools/check.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { runCli } from './run.ts';

// Many of these tests start several processes, each of which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let base: string;

beforeEach(async () => {
  base = await temporaryDirectory();
});

const COMMANDS = {
  serve: (data: string) => ['serve', '--port', '0', '--data', data],
  check: (data: string) => ['check', '--data', data],
  repair: (data: string) => ['check', '--repair', '--data', data],
  export: (data: string) => ['export', 'a', '--data', data],
  import: (data: string) => ['import', join(import.meta.dirname, '../fixtures'), '--data', data],
};
const MAKING = [COMMANDS.serve, COMMANDS.import];

/** A path with this many bytes. */
function pathOf(bytes: number): string {
  let path = base;
  while (bytes - Buffer.byteLength(path) > 201) path = join(path, 'x'.repeat(100));
  return join(path, 'x'.repeat(bytes - Buffer.byteLength(path) - 1));
}

async function expectRefusal(args: readonly string[], said: RegExp): Promise<void> {
  const { code, stdout, stderr } = await runCli(args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(said);
  expect(stderr).toMatch(/^[^\n]+\n$/);
  expect(stderr).not.toContain('    at ');
}

/** Checks that the store works: it creates a session, finds its text, keeps it, and passes `check`. */
async function expectToWork(directory: string): Promise<void> {
  const repository = await openFileRepository({ directory });
  await repository.create({ id: 'a', messages: [{ role: 'USER', content: 'needle' }] });
  expect((await repository.search({ query: 'needle', limit: 1 })).hits).toHaveLength(1);
  await repository.close();
  expect((await checkDataDirectory({ directory })).problems).toEqual([]);
  const again = await openFileRepository({ directory });
  expect(await again.findMany(['a'])).toMatchObject([{ id: 'a' }]);
  expect((await again.search({ query: 'needle', limit: 1 })).hits).toHaveLength(1);
  await again.close();
}

describe('a data path is taken', () => {
  test('that is as long as a path may be', async () => {
    await expectToWork(pathOf(DATA_PATH_BYTES));
  });

  test.each([
    'with spaces',
    'file:x?mode=ro&immutable=1#y',
    '%41%2f',
    'Übung 数据 🗄',
    `quote ' and "`,
    'back\\slash',
    '-dash',
    ':memory:',
    'deep/below/what is/not there',
    'slashes///',
    './dots/../dots/.',
  ])('such as %s', async (name) => {
    await expectToWork(`${base}/${name}`);
  });

  test('that is relative, and one that is a link to a directory', async () => {
    await expectToWork(relative(process.cwd(), join(base, 'relative')));
    mkdirSync(join(base, 'real'));
    symlinkSync(join(base, 'real'), join(base, 'link'));
    await expectToWork(join(base, 'link'));
    expect(existsSync(join(base, 'real', 'store.jsonl'))).toBe(true);
  });

  test('by a command that exports a subtree', async () => {
    const data = join(base, 'a b?c#d%41');
    await expectToWork(data);
    const { code, stdout } = await runCli(['export', 'a', '--data', data]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ id: 'a' });
  });
});

describe('a data path is refused with one line, and nothing is made,', () => {
  test.each(Object.keys(COMMANDS))('that is too long, by %s', async (name) => {
    const bytes = name === 'serve' ? DATA_PATH_BYTES + 1 : 600;
    const said = `Expected a data path of at most ${DATA_PATH_BYTES} bytes, got ${bytes}`;
    await expectRefusal(COMMANDS[name as keyof typeof COMMANDS](pathOf(bytes)), new RegExp(said));
    expect(readdirSync(base)).toEqual([]);
  });

  test('that is too long where a link leads', async () => {
    const real = pathOf(DATA_PATH_BYTES + 20);
    mkdirSync(real, { recursive: true });
    symlinkSync(real, join(base, 'link'));
    await expectRefusal(COMMANDS.serve(join(base, 'link')), /at most 494 bytes, got 514/);
    expect(readdirSync(real)).toEqual([]);
  });

  test('with a name in it that is too long', async () => {
    await expectRefusal(COMMANDS.serve(join(base, 'x'.repeat(300))), /ENAMETOOLONG/);
  });

  test.skipIf(!existsSync('/proc/self')).each(['/proc/x', '/proc/x/y', '/sys/x', '/dev/null/x', '/dev/null'])(
    'such as %s',
    async (path) => {
      await expectRefusal(COMMANDS.serve(path), /^Expected a directory .* --data\.\n$/);
      await expectRefusal(COMMANDS.check(path), /There is no Sessiontree store/);
    },
  );

  test('that is a file, or is beneath a file', async () => {
    writeFileSync(join(base, 'file'), 'kept');
    for (const command of MAKING) {
      await expectRefusal(
        command(join(base, 'file')),
        /^Expected a directory at \S+file, got a file\. .* --data/,
      );
      await expectRefusal(command(join(base, 'file/x/y')), /^Expected a directory at \S+file, got a file\./);
    }
  });

  test('that is a link to nothing, or a link in a circle', async () => {
    symlinkSync(join(base, 'nowhere'), join(base, 'dangling'));
    symlinkSync(join(base, 'circle'), join(base, 'circle'));
    await expectRefusal(COMMANDS.serve(join(base, 'dangling')), /got a link whose target does not exist/);
    await expectRefusal(COMMANDS.serve(join(base, 'circle')), /ELOOP/);
    expect(readdirSync(base).sort()).toEqual(['circle', 'dangling']);
  });

  test('with a file in the place of the folder of sessions', async () => {
    writeFileSync(join(base, 'sessions'), '');
    await expectRefusal(COMMANDS.serve(base), /Expected a directory at \S+sessions, got a file/);
  });

  test.skipIf(process.getuid?.() !== 0)('that its user may not write to', async () => {
    mkdirSync(join(base, 'theirs'), { mode: 0o755 });
    for (const data of [join(base, 'theirs'), join(base, 'theirs', 'new')]) {
      const { code, stderr } = await runAsNobody(COMMANDS.serve(data));
      expect(code).toBe(1);
      expect(stderr).toMatch(/^Expected a directory .*EACCES[^\n]* --data\.\n$/);
    }
    expect(readdirSync(join(base, 'theirs'))).toEqual([]);
  });
});

/** Runs `sessiontree` as an unprivileged user. */
async function runAsNobody(args: readonly string[]) {
  const cli = join(import.meta.dirname, '../../src/cli.ts');
  const start = `process.setgid(65534); process.setuid(65534); process.argv = ['node', ...${JSON.stringify(args)}]; await import(${JSON.stringify(cli)});`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', start], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, stderr };
}

describe('a start that failed leaves no new directory behind', () => {
  async function takenPort(): Promise<string[]> {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    return ['serve', '--log-level', 'silent', '--port', String((other.address() as { port: number }).port)];
  }

  test('where the port is taken', async () => {
    const args = await takenPort();
    await expectRefusal([...args, '--data', join(base, 'new/data')], /in use/);
    expect(readdirSync(base)).toEqual([]);
    mkdirSync(join(base, 'empty'));
    await expectRefusal([...args, '--data', join(base, 'empty')], /in use/);
    expect(readdirSync(join(base, 'empty'))).toEqual([]);
  });

  test('and takes away no directory that was there', async () => {
    const args = await takenPort();
    const mine = join(base, 'mine');
    mkdirSync(mine);
    writeFileSync(join(mine, 'notes'), 'kept');
    await expectRefusal([...args, '--data', mine], /in use/);
    expect(readdirSync(mine)).toEqual(['notes']);
    const data = join(base, 'data');
    await expectToWork(data);
    await expectRefusal([...args, '--data', data], /in use/);
    await expectToStay(data);
  });

  test('where a folder is in the place of store.jsonl', async () => {
    mkdirSync(join(base, 'store.jsonl'));
    const { code, stderr } = await runCli(COMMANDS.serve(base));
    expect(code).toBe(1);
    expect(stderr).not.toContain('    at ');
    expect(existsSync(join(base, 'sessions'))).toBe(false);
  });

  async function expectToStay(data: string): Promise<void> {
    expect(statSync(join(data, 'index.clean.json')).isFile()).toBe(true);
    const { code } = await runCli(COMMANDS.export(data));
    expect(code).toBe(0);
  }
});
