import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { TestStore } from './store.ts';

const OPEN = new URL('../../../src/repository/files/open.ts', import.meta.url).href;

/** Runs `body` in a program of its own, with an open `repository`, and nothing else to keep it from ending. */
function runProgram(store: TestStore, body: string) {
  const program = `
    import { openFileRepository } from ${JSON.stringify(OPEN)};
    const repository = await openFileRepository({ directory: ${JSON.stringify(store.directory)} });
    ${body}
    console.log('closed');`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

test('a program that closes the store while a search is under way gets its answer, and ends with the store closed', async () => {
  const store = await TestStore.make();
  const ended = runProgram(
    store,
    `await repository.create({ id: 'a', messages: [{ role: 'USER', content: 'fox' }] });
     const search = repository.search({ query: 'fox', limit: 10, offset: 0 });
     const closed = repository.close();
     console.log((await search).hits.length);
     await closed;`,
  );
  expect(ended).toEqual({ status: 0, stdout: '1\nclosed\n', stderr: '' });
  expect(existsSync(store.path('index.clean.json'))).toBe(true);
});

test('whoever closes the store a second time waits for the first', async () => {
  const store = await TestStore.make();
  const repository = await store.open();
  const writes = Array.from({ length: 20 }, (_, n) => repository.create({ id: `session-${n}` }));
  repository.close();
  await repository.close();
  expect(existsSync(store.path('index.clean.json'))).toBe(true);
  await Promise.all(writes);
});
