import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { openFileRepository, openFileRepositoryForReading } from '../../src/repository/files/open.ts';
import { brokenOff } from '../repository/contract/copies.ts';
import { everything } from '../repository/contract/everything.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { runCli } from './run.ts';

let from: string;
let to: string;

beforeEach(async () => {
  const directory = await temporaryDirectory();
  from = join(directory, 'from');
  to = join(directory, 'to');
  const repository = await openFileRepository({ directory: from });
  await repository.create(
    { id: 'a', messages: [{ role: 'USER', content: 'x' }] },
    { id: 'op', fingerprint: '0'.repeat(32) },
  );
  await repository.create({ id: 'b', parentId: 'a' });
  await repository.create({ id: 'c', parentId: 'a' });
  await repository.delete({ sessionId: 'c', mode: 'RESTRICT' });
  await repository.close();
});

async function contentOf(directory: string) {
  const reader = await openFileRepositoryForReading({ directory });
  return everything(reader).finally(() => reader.close());
}

describe('sessiontree copy', () => {
  it('copies a store, and says how much that was', async () => {
    const copied = await runCli(['copy', '--from', from, '--to', to]);
    expect(copied).toEqual({
      code: 0,
      stderr: '',
      stdout: 'copied 2 sessions with 1 message, 1 operation and the ids of 1 deleted session\n',
    });
    expect(await contentOf(to)).toEqual(await contentOf(from));
  });

  it('says with --dry-run what it would copy, and makes nothing', async () => {
    const { code, stdout } = await runCli(['copy', '--from', from, '--to', to, '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toBe(
      'would copy 2 sessions with 1 message, 1 operation and the ids of 1 deleted session\n',
    );
    expect(existsSync(to)).toBe(false);
  });

  it('goes on with a copy that was interrupted', async () => {
    const source = await openFileRepositoryForReading({ directory: from });
    const target = await openFileRepository({ directory: to });
    await expect(target.load(brokenOff(source.dump(), 1))).rejects.toThrow('broken off');
    await target.close();
    await source.close();
    expect((await runCli(['copy', '--from', from, '--to', to, '--dry-run'])).code).toBe(0);
    const { code, stdout } = await runCli(['copy', '--from', from, '--to', to]);
    expect(code).toBe(0);
    expect(stdout).toContain('copied 2 sessions');
    expect(stdout).toContain('of which 1 was there already');
    expect(await contentOf(to)).toEqual(await contentOf(from));
  });

  it.each([
    ['in earnest', []],
    ['in a dry run', ['--dry-run']],
  ])('refuses a target that has sessions: %s', async (_, flags) => {
    const repository = await openFileRepository({ directory: to });
    await repository.create({ id: 'x' });
    await repository.close();
    const { code, stderr } = await runCli(['copy', '--from', from, '--to', to, ...flags]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Expected an empty store/);
  });

  it('refuses a source that is no store, and makes nothing', async () => {
    for (const [place, got] of [
      [join(to, 'missing'), /^Expected a data directory with a store, got "/],
      ['redis://127.0.0.1/', /^Expected a data directory or postgres:.*, got a URL with another scheme/],
    ] as const) {
      const { code, stderr } = await runCli(['copy', '--from', place, '--to', to]);
      expect(code).toBe(1);
      expect(stderr).toMatch(got);
    }
    expect(existsSync(to)).toBe(false);
  });

  it('refuses stores that a server has opened', async () => {
    const owner = await openFileRepository({ directory: from });
    const { code, stderr } = await runCli(['copy', '--from', from, '--to', to]);
    await owner.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(/in use by process/);
    expect(existsSync(to)).toBe(false);
  });

  it('asks for both stores', async () => {
    const { code, stderr } = await runCli(['copy', '--from', from]);
    expect(code).toBe(2);
    expect(stderr).toContain('--to <store>');
  });
});
