import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { say, TestStore } from '../store.ts';

const FILES = join(import.meta.dirname, '../../../../src/repository/files');

/**
 * A process that does what it can while it may open no more files, and again once it may. Prints, for each thing, its result or the
 * name of its error and whether the error says that it can be tried again.
 */
const PROGRAM = `
  import { closeSync, openSync, utimesSync } from 'node:fs';
  const { openFileRepository, openFileRepositoryForReading } = await import(${JSON.stringify(join(FILES, 'open.ts'))});
  const { checkDataDirectory } = await import(${JSON.stringify(join(FILES, 'tools/check.ts'))});
  const directory = process.argv[1];
  const said = [];
  const say = (_fields, message) => void said.push(message);
  const logger = { debug() {}, info() {}, warn: say, error() {} };
  const used = [];
  const useUp = () => {
    for (;;) {
      try {
        used.push(openSync('/dev/null'));
      } catch (error) {
        if (error.code === 'EMFILE') return;
        throw error;
      }
    }
  };
  const free = () => used.splice(0).forEach((fd) => closeSync(fd));
  const tried = async (things) => {
    const results = {};
    for (const [name, thing] of Object.entries(things))
      results[name] = await thing().then(
        (result) => result,
        (error) => [error.constructor.name, error.isRetryable ?? error.code],
      );
    return results;
  };
  const outside = {
    start: async () => { await (await openFileRepository({ directory, logger })).close(); return 'done'; },
    check: async () => (await checkDataDirectory({ directory })).problems,
    read: async () => { await (await openFileRepositoryForReading({ directory })).close(); return 'done'; },
  };
  useUp();
  const without = await tried(outside);
  free();
  const withThem = await tried(outside);

  const begun = performance.now();
  const repository = await openFileRepository({ directory, logger });
  await repository.archive({ sessionId: 'd', archived: true, subtree: false });
  utimesSync(process.argv[2], new Date(), new Date());
  const contents = async (sessionId) => {
    const [page] = await repository.historyOf([{ sessionId, page: { limit: 9, from: 'start' } }], 1e6);
    return page.items.map(({ content }) => content).join();
  };
  const message = { role: 'USER', content: 'more' };
  const inside = {
    history: () => contents('a'),
    historyOfChanged: () => contents('b'),
    message: async () => (await repository.findMessages([{ sessionId: 'a', ordinal: 0 }], 1e6))[0].content,
    search: async () => (await repository.search({ query: 'one', limit: 9 })).hits.length > 0,
    snippets: () => repository.snippetsOf({ query: 'one' }, [{ sessionId: 'c', ordinal: 0 }]),
    append: async () => (await repository.append({ sessionId: 'a', messages: [message] })).session.version,
    update: async () => (await repository.update({ sessionId: 'b', title: 't' })).version,
    create: async () => (await repository.create({ id: 'new', messages: [message] })).id,
    createLarge: async () =>
      (await repository.create({ id: 'large', messages: [{ role: 'USER', content: 'x'.repeat(300000) }] })).id,
    fork: async () => (await repository.fork({ sessionId: 'c', id: 'fork', asRoot: true })).historyLength,
    delete: async () => (await repository.delete({ sessionId: 'd', mode: 'RESTRICT' })).deletedIds,
  };
  useUp();
  const refused = await tried(inside);
  const took = performance.now() - begun;
  const damage = (await repository.findMany(['a', 'b', 'c'])).map((session) => session.damage);
  const { quarantined } = await repository.status();
  free();
  const done = await tried(inside);
  const afterwards = (await repository.status()).quarantined;
  await repository.close();
  console.log(JSON.stringify({ without, withThem, refused, took, damage, quarantined, done, afterwards, said }));
`;

/** What the process prints, with a store of its own. */
async function toldWithFewDescriptors(): Promise<Record<string, unknown>> {
  const store = await TestStore.make();
  await store.during(async (repository) => {
    for (const id of ['a', 'b', 'c', 'd']) await repository.create({ id, messages: [say('one')] });
  });
  const program = ['--input-type=module', '--eval', PROGRAM, store.directory, store.sessionFile('b')];
  const limited = ['-c', 'ulimit -n 100; exec "$0" "$@"', process.execPath, ...program];
  const { stdout, stderr } = spawnSync('sh', limited, { encoding: 'utf8' });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Record<string, unknown>;
}

it('while no more files can be opened, all is refused for now and no file is taken for damaged', async () => {
  const soon = ['StorageError', true];
  let told = await toldWithFewDescriptors();
  // The thread of search starts a second after the store, with files of its own, and gives some back where it cannot get all of them.
  for (let tries = 1; tries < 10 && (told.took as number) > 900; tries += 1)
    told = await toldWithFewDescriptors();
  expect(told).toMatchObject({
    without: { start: expect.any(Array), check: ['Error', 'EMFILE'], read: ['Error', 'EMFILE'] },
    withThem: { start: 'done', check: [], read: 'done' },
    refused: {
      history: soon,
      historyOfChanged: soon,
      message: soon,
      search: soon,
      snippets: soon,
      append: soon,
      update: soon,
      create: soon,
      createLarge: soon,
      fork: soon,
    },
    damage: [[], [], []],
    quarantined: [],
    done: {
      history: 'one',
      historyOfChanged: 'one',
      message: 'one',
      search: true,
      snippets: [[{ text: 'one', isMatch: true }]],
      append: 2,
      update: 2,
      create: 'new',
      createLarge: 'large',
      fork: 1,
    },
    afterwards: [],
  });
  expect(told.said).not.toContain('quarantined');
});
