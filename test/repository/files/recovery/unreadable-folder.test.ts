import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { shardOf } from '../../../../src/repository/files/format/layout.ts';
import { contents, say, TestStore } from '../store.ts';

const NOBODY = 65_534;
const SYNC = join(import.meta.dirname, '../../../../src/repository/files/durable/journal/sync-files.ts');
const KNOWN_FILE = join(import.meta.dirname, '../../../../src/repository/files/disk/known-file.ts');
const OPEN = join(import.meta.dirname, '../../../../src/repository/files/open.ts');

/**
 * A process without root's rights, which opens the store. At its start, and for each line of its input, it prints a line of JSON: the
 * quarantine, and the messages of sessions "a" and "b".
 */
const PROGRAM = `
  if (process.getuid() === 0) { process.setgroups([]); process.setgid(${NOBODY}); process.setuid(${NOBODY}); }
  const { openFileRepository } = await import(${JSON.stringify(OPEN)});
  const repository = await openFileRepository({ directory: process.argv[1] });
  const tell = async () => {
    const said = [];
    for (const sessionId of ['a', 'b']) {
      const [session] = await repository.findMany([sessionId]);
      const [page] = await repository.historyOf([{ sessionId, page: { limit: 9, from: 'start' } }], 1e6);
      said.push(session && page.items.map(({ content }) => content).join());
    }
    const { quarantined } = await repository.status();
    console.log(JSON.stringify({ said, quarantined: quarantined.map(({ path, reason }) => path + ': ' + reason) }));
  };
  await tell();
  process.stdin.on('data', tell).on('end', () => repository.close());
`;

async function reader(directory: string) {
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, directory]);
  const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM, directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () =>
    JSON.parse((await lines.next()).value as string) as { said: string[]; quarantined: string[] };
  return {
    next,
    again: () => {
      child.stdin.write('x');
      return next();
    },
    async close() {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}

const WHOLE = { said: ['of a', 'of b'], quarantined: [] };

async function storeOfTwo(): Promise<TestStore> {
  const store = await TestStore.make();
  await store.during(async (repository) => {
    for (const id of ['a', 'b']) await repository.create({ id, messages: [say(`of ${id}`)] });
  });
  expect(shardOf('a')).not.toBe(shardOf('b'));
  return store;
}

it('a folder that may not be read keeps no server down, and its sessions are there again when it may', async () => {
  const store = await storeOfTwo();
  const folder = dirname(store.sessionFile('a'));
  chmodSync(folder, 0);
  const first = await reader(store.directory);
  // After the clean stop, the start did not read the folder: the fault is found when "a" is read.
  const found = await first.next();
  expect(found.said).toEqual(['', 'of b']);
  await first.close();
  const name = `sessions/${shardOf('a')}`;
  const second = await reader(store.directory);
  const { said, quarantined } = await second.next();
  expect(said).toEqual(['', 'of b']);
  expect(quarantined).toContainEqual(
    `${name}: the folder cannot be read: EACCES: let the server's user read it`,
  );
  chmodSync(folder, 0o755);
  expect(await second.again()).toMatchObject({ said: WHOLE.said });
  await second.close();
  const third = await reader(store.directory);
  expect(await third.next()).toEqual(WHOLE);
  await third.close();
});

it('a file that may not be read is reported while the store is open, and is there again when it may', async () => {
  const store = await storeOfTwo();
  const server = await reader(store.directory);
  expect(await server.next()).toEqual(WHOLE);
  await server.close();
  chmodSync(store.sessionFile('a'), 0);
  const again = await reader(store.directory);
  const unreadable = [
    expect.stringMatching(/a\.jsonl: the file cannot be read: EACCES: let the server's user/),
  ];
  expect(await again.next()).toEqual({ said: ['', 'of b'], quarantined: unreadable });
  expect(await again.again()).toEqual({ said: ['', 'of b'], quarantined: unreadable });
  chmodSync(store.sessionFile('a'), 0o644);
  expect(await again.again()).toEqual(WHOLE);
  await again.close();
});

it('a file of a deleted session that cannot be removed is reported, and the stop is clean all the same', async () => {
  const store = await storeOfTwo();
  const file = store.sessionFile('a');
  const kept = readFileSync(file);
  await store.during((repository) => repository.delete({ sessionId: 'a', mode: 'RESTRICT' }));
  writeFileSync(file, kept);
  chmodSync(dirname(file), 0o555);
  const expected = {
    said: [null, 'of b'],
    quarantined: [expect.stringMatching(/a\.jsonl: of a deleted session.* cannot be removed: EACCES/)],
  };
  for (let starts = 0; starts < 2; starts += 1) {
    const server = await reader(store.directory);
    expect(await server.next()).toEqual(expected);
    await server.close();
    expect(existsSync(store.path('index.clean.json'))).toBe(true);
  }
  chmodSync(dirname(file), 0o755);
  const server = await reader(store.directory);
  expect(await server.next()).toEqual({ said: [null, 'of b'], quarantined: [] });
  await server.close();
  expect(existsSync(file)).toBe(false);
});

it('what is in a folder that may not be entered is not taken for gone', async () => {
  const store = await storeOfTwo();
  const folder = dirname(store.sessionFile('a'));
  const program = `
    if (process.getuid() === 0) { process.setgroups([]); process.setgid(${NOBODY}); process.setuid(${NOBODY}); }
    const { isNothingAt } = await import(${JSON.stringify(KNOWN_FILE)});
    console.log(JSON.stringify(process.argv.slice(1).map(isNothingAt)));
  `;
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, store.directory]);
  chmodSync(folder, 0);
  const paths = [store.sessionFile('a'), store.sessionFile('b'), store.path('nothing')];
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', program, ...paths]);
  chmodSync(folder, 0o755);
  expect(JSON.parse(printed.toString())).toEqual([false, false, true]);
});

it('a folder that may not be read is reported by a sync, and keeps no other from the disk', async () => {
  const store = await storeOfTwo();
  const [shard, other] = ['a', 'b'].map(shardOf);
  chmodSync(dirname(store.sessionFile('a')), 0);
  const program = `
    if (process.getuid() === 0) { process.setgroups([]); process.setgid(${NOBODY}); process.setuid(${NOBODY}); }
    const { syncEach } = await import(${JSON.stringify(SYNC)});
    const synced = [];
    const failures = await syncEach({ root: process.argv[1], names: 'all' }, (fd) => void synced.push(fd));
    console.log(JSON.stringify({ synced: synced.length, failed: failures.map(({ name, error }) => [name, error.code]) }));
  `;
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, store.directory]);
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', program, store.directory]);
  chmodSync(dirname(store.sessionFile('a')), 0o755);
  expect(other).not.toBe(shard);
  expect(JSON.parse(printed.toString())).toEqual({ synced: 3, failed: [[`sessions/${shard}`, 'EACCES']] });
});

it('a folder that was replaced by a file keeps its sessions, which are whole again at the next start after it was put back', async () => {
  const store = await storeOfTwo();
  const folder = dirname(store.sessionFile('a'));
  renameSync(folder, `${store.directory}/aside`);
  writeFileSync(folder, 'x');
  await store.during(async (repository) => {
    expect(await repository.findMany(['a'])).toMatchObject([{ id: 'a' }]);
    expect(await contents(repository, 'b')).toEqual(['of b']);
    expect((await repository.status()).quarantined).toMatchObject([{ reason: 'not a folder of sessions' }]);
  });
  rmSync(folder);
  mkdirSync(`${store.directory}/torn`, { recursive: true });
  renameSync(`${store.directory}/aside`, folder);
  await store.during(async (repository) => {
    expect(await contents(repository, 'a')).toEqual(['of a']);
    expect((await repository.status()).quarantined).toEqual([]);
  });
});
