import { chmod, copyFile, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openFileRepository } from '../../../src/repository/files/open.ts';
import { backUpDataDirectory } from '../../../src/repository/files/tools/backup/backup.ts';
import { checkDataDirectory } from '../../../src/repository/files/tools/check.ts';
import { tokensOf } from '../../../src/server/auth/tokens.ts';
import { temporaryDirectory } from '../../support/repository.ts';
import { until } from '../live/support.ts';
import { createTestLogger } from '../support.ts';

const READ = { userId: 'ada', scope: 'read' } as const;

/** The tokens of a directory as two processes have them. */
async function openTwo() {
  const directory = await temporaryDirectory();
  const { logger, lines } = createTestLogger();
  const file = join(directory, 'auth/tokens.jsonl');
  return { ours: tokensOf(directory, logger), others: tokensOf(directory), directory, file, lines };
}

const isExpiring = { expiresAt: new Date(Date.now() + 3_600_000) };

test('a token gives what it was made for', async () => {
  const { ours } = await openTwo();
  const given = {
    userId: 'ada',
    scope: 'write',
    subtreeId: 'trip',
    purpose: 'spawn:trip',
    ...isExpiring,
  } as const;
  const { id, token } = await ours.mint(given);
  expect(ours.find(token)).toMatchObject({ id, ...given });
  expect(token).toMatch(new RegExp(`^st_${id}_[\\w-]{43}$`));
});

test('only the owner can read the file, which has the hash and nothing of the secret', async () => {
  const { ours, directory, file } = await openTwo();
  const { token } = await ours.mint(READ);
  for (const [path, mode] of [
    ['auth', 0o700],
    ['auth/tokens.jsonl', 0o600],
    ['auth/lock', 0o600],
  ] as const)
    expect((await stat(join(directory, path))).mode & 0o777).toBe(mode);
  const secret = token.split('_').slice(2).join('_');
  expect(await readFile(file, 'utf8')).not.toContain(secret.slice(0, 8));
});

describe('another process', () => {
  test('knows a token at once, and the end of one within about a second', async () => {
    const { ours, others } = await openTwo();
    const first = await others.mint(READ);
    expect(ours.find(first.token)).toMatchObject({ id: first.id });
    const second = await others.mint(READ);
    expect(ours.find(second.token)).toMatchObject({ id: second.id });
    expect(await others.revoke(first.id)).toBe(true);
    await until(() => ours.find(first.token) === null, 'the end of the token');
    expect(ours.find(second.token)).not.toBeNull();
  });

  test('that replaces the file, by one of its size as well, or copies over it, is followed', async () => {
    const { ours, file } = await openTwo();
    const elsewhere = await openTwo();
    const first = await elsewhere.ours.mint(READ);
    const second = await ours.mint(READ);
    expect((await stat(elsewhere.file)).size).toBe((await stat(file)).size);
    await rename(elsewhere.file, file);
    await until(() => ours.find(second.token) === null, 'the end of the second token');
    expect(ours.find(first.token)).not.toBeNull();
    await copyFile('/dev/null', file);
    await until(() => ours.find(first.token) === null, 'the end of the first token');
  });

  test('may add tokens at the same time: none is lost', async () => {
    const { ours, others } = await openTwo();
    const minted = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 ? ours : others).mint(READ)),
    );
    for (const { token } of minted) {
      expect(ours.find(token)).not.toBeNull();
      expect(others.find(token)).not.toBeNull();
    }
  });
});

test('what is no token of the file is refused', async () => {
  const { ours } = await openTwo();
  const { id, token } = await ours.mint(READ);
  const other = await ours.mint(READ);
  const secret = other.token.slice(-43);
  for (const text of [
    '',
    'st_',
    id,
    token.slice(0, -1),
    `${token}x`,
    token.toUpperCase(),
    `st_${id}_${secret}`,
  ])
    expect(ours.find(text)).toBeNull();
  expect(ours.find(token)).not.toBeNull();
});

test('a token ends when it expires', async () => {
  // The clock stands still: on a busy machine a short time would be over before the token is there.
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const { ours } = await openTwo();
  const { token } = await ours.mint({ ...READ, expiresAt: new Date(Date.now() + 50) });
  vi.advanceTimersByTime(49);
  expect(ours.find(token)).not.toBeNull();
  vi.advanceTimersByTime(1);
  expect(ours.find(token)).toBeNull();
});

test('the only token for a purpose ends the others in one step, also those that are made at the same time', async () => {
  const { ours, others, file } = await openTwo();
  const first = await ours.mint({ ...READ, purpose: 'spawn:a' });
  const second = await ours.mint({ ...READ, purpose: 'spawn:a', isOnly: true });
  expect(ours.find(first.token)).toBeNull();
  expect(others.list().map(({ id }) => id)).toEqual([second.id]);
  expect((await readFile(file, 'utf8')).trimEnd().split('\n')).toHaveLength(3);
  const made = [ours, others, ours].map((tokens) =>
    tokens.mint({ ...READ, purpose: 'spawn:a', isOnly: true }),
  );
  await Promise.all(made);
  expect(ours.list()).toHaveLength(1);
});

test('a revocation is told of callers, and one of an unknown id is false', async () => {
  const { ours } = await openTwo();
  const { id } = await ours.mint(READ);
  const caller = { ...READ, subtreeId: null, tokenId: id, expiresAt: null };
  expect(ours.isRevoked(caller)).toBe(false);
  expect(await ours.revoke(id)).toBe(true);
  expect(ours.isRevoked(caller)).toBe(true);
  expect(await ours.revoke(id)).toBe(false);
});

test('the file stays as long as the tokens are many, however many have ended', async () => {
  const { ours, others, file } = await openTwo();
  const kept = await ours.mint(READ);
  for (let round = 0; round < 3; round += 1) {
    const minted = await Promise.all(Array.from({ length: 50 }, () => ours.mint(READ)));
    await Promise.all(minted.map(({ id }) => ours.revoke(id)));
  }
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  expect(lines.length).toBeLessThan(250);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  for (const tokens of [ours, others]) expect(tokens.list().map(({ id }) => id)).toEqual([kept.id]);
});

describe('a file that is damaged', () => {
  test('at its end, by a crash, loses nothing that was acknowledged', async () => {
    const { ours, others, file } = await openTwo();
    const first = await ours.mint(READ);
    await writeFile(file, `{"added":{"id":"0000${'\0'.repeat(4_096)}`, { flag: 'a' });
    const second = await others.mint(READ);
    for (const { token } of [first, second]) expect(ours.find(token)).not.toBeNull();
    expect((await readFile(file, 'utf8')).trimEnd().split('\n')).toHaveLength(2);
  });

  test('elsewhere gives no right to anybody: a line may have revoked one', async () => {
    const { ours, file } = await openTwo();
    const { token } = await ours.mint(READ);
    await writeFile(file, 'nonsense\n', { flag: 'a' });
    expect(() => tokensOf(join(file, '../..')).find(token)).toThrow(
      /Expected a token in line 2 of .*tokens\.jsonl/,
    );
    await expect(ours.mint(READ)).rejects.toThrow('in line 2');
  });
});

test('a file that others can read is warned of', async () => {
  const { others, directory, file } = await openTwo();
  const { token } = await others.mint(READ);
  await chmod(file, 0o644);
  const { logger, lines } = createTestLogger();
  expect(tokensOf(directory, logger).find(token)).not.toBeNull();
  expect(lines).toMatchObject([{ path: file, msg: expect.stringContaining('chmod 600') }]);
});

test.each([
  ['a user id that is empty', { userId: '' }],
  ['a user id that is too long', { userId: 'x'.repeat(257) }],
  ['the id of a session that is none', { subtreeId: '../a' }],
  ['a time that is none', { expiresAt: new Date(Number.NaN) }],
])('%s is refused', async (_what, wrong) => {
  const { ours } = await openTwo();
  await expect(ours.mint({ ...READ, ...wrong })).rejects.toThrow(TypeError);
  expect(ours.list()).toEqual([]);
});

test('a check and a backup of the store are not about its tokens', async () => {
  const { ours, directory } = await openTwo();
  await ours.mint(READ);
  await (await openFileRepository({ directory })).close();
  expect(await checkDataDirectory({ directory })).toMatchObject({ problems: [] });
  const destination = join(directory, '../', `${basename(directory)}-backup`);
  onTestFinished(() => rm(destination, { recursive: true, force: true }));
  expect(await backUpDataDirectory({ directory, destination })).toMatchObject({ problems: [] });
  expect(await readdir(destination)).not.toContain('auth');
});
