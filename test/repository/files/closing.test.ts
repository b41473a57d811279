import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { StorageError } from '../../../src/model/errors.ts';
import { TestStore } from './store.ts';

const OPEN = new URL('../../../src/repository/files/open.ts', import.meta.url).href;

/** Runs `body` in a child process with an open `repository`, and nothing else that keeps the process alive. */
function runProgram(store: TestStore, body: string, flags: readonly string[] = []) {
  const program = `
    import { openFileRepository } from ${JSON.stringify(OPEN)};
    const repository = await openFileRepository({ directory: ${JSON.stringify(store.directory)} });
    ${body}
    console.log('closed');`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...flags, '--input-type=module', '--eval', program],
    {
      encoding: 'utf8',
      timeout: 60_000,
    },
  );
  return { status, stdout, stderr };
}

test.each([
  ['without flags', []],
  ['with a flag of V8', ['--expose-gc']],
])(
  'a program that closes the store while a search is under way gets its answer, and ends with the store closed (%s)',
  async (_, flags) => {
    const store = await TestStore.make();
    const ended = runProgram(
      store,
      `await repository.create({ id: 'a', messages: [{ role: 'USER', content: 'fox' }] });
     const search = repository.search({ query: 'fox', limit: 10 });
     const closed = repository.close();
     console.log((await search).hits.length);
     await closed;`,
      flags,
    );
    expect(ended).toEqual({ status: 0, stdout: '1\nclosed\n', stderr: '' });
    expect(existsSync(store.path('index.clean.json'))).toBe(true);
  },
);

test('a second close of the store waits for the first', async () => {
  const store = await TestStore.make();
  const repository = await store.open();
  const writes = Array.from({ length: 20 }, (_, n) => repository.create({ id: `session-${n}` }));
  repository.close();
  await repository.close();
  expect(existsSync(store.path('index.clean.json'))).toBe(true);
  await Promise.all(writes);
});

test('threads start whatever flags Node was given', async () => {
  const store = await TestStore.make();
  const program = store.path('program.mjs');
  writeFileSync(
    program,
    `import { openFileRepository } from ${JSON.stringify(OPEN)};
     const repository = await openFileRepository({ directory: ${JSON.stringify(store.directory)} });
     await repository.create({ id: 'a', messages: [{ role: 'USER', content: 'fox' }] });
     console.log((await repository.search({ query: 'fox', limit: 10 })).hits.length);
     await repository.close();`,
  );
  const { stdout } = spawnSync(process.execPath, ['--max-old-space-size=300', program], { encoding: 'utf8' });
  expect(stdout).toBe('1\n');
});

test('a search that fails keeps no store from closing', async () => {
  const store = await TestStore.make();
  const repository = await store.open();
  await repository.create({ id: 'a' });
  mkdirSync(store.path('search.db'));
  const search = repository.search({ query: 'fox', limit: 10 });
  const failed = expect(search).rejects.toThrow(StorageError);
  await repository.close();
  await failed;
  expect(existsSync(store.path('index.clean.json'))).toBe(true);
  await store.during((again) => again.create({ id: 'b' }));
});
