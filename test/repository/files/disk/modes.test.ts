import { spawnSync } from 'node:child_process';
import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { absoluteSessionPath } from '../../../../src/repository/files/format/layout.ts';
import { temporaryDirectory } from '../../../support/repository.ts';
import { TestStore } from '../store.ts';

const OPEN = join(import.meta.dirname, '../../../../src/repository/files/open.ts');

/**
 * Makes every kind of file: by writes small and large, by a deletion, by a search, and by mending what a killed process leaves. Prints
 * the modes of all that is there while the store is open, and of all that is there after it was closed.
 */
const PROGRAM = `
  import { appendFileSync, lstatSync, readdirSync } from 'node:fs';
  import { join } from 'node:path';
  const { openFileRepository } = await import(${JSON.stringify(OPEN)});
  const directory = process.argv[1];
  const modes = {};
  const look = () => {
    for (const name of ['', ...readdirSync(directory, { recursive: true })]) {
      const stats = lstatSync(join(directory, name));
      modes[name] = (stats.isDirectory() ? 'd' : '') + (stats.mode & 0o777).toString(8);
    }
  };
  const repository = await openFileRepository({ directory });
  const say = (content) => [{ role: 'USER', content }];
  await repository.create({ id: 'a', messages: say('fox') });
  await repository.create({ id: 'large', messages: say('x'.repeat(300000)) });
  await repository.append({ sessionId: 'a', messages: say('more') });
  await repository.create({ id: 'gone' });
  await repository.delete({ sessionId: 'gone', mode: 'RESTRICT' });
  await repository.search({ query: 'fox', limit: 1 });
  look();
  await repository.close();
  appendFileSync(process.argv[2], 'torn');
  const again = await openFileRepository({ directory });
  await again.append({ sessionId: 'a', messages: say('after the torn tail') });
  await again.close();
  look();
  console.log(JSON.stringify(modes));
`;

describe.skipIf(process.platform === 'win32')('what is made', () => {
  it("is its owner's alone, whatever the umask", async () => {
    const directory = join(await temporaryDirectory(), 'data');
    const program = [
      '--input-type=module',
      '--eval',
      PROGRAM,
      directory,
      absoluteSessionPath(directory, 'a'),
    ];
    const { stdout, stderr } = spawnSync(
      'sh',
      ['-c', 'umask 000; exec "$0" "$@"', process.execPath, ...program],
      {
        encoding: 'utf8',
      },
    );
    expect(stderr).toBe('');
    const modes = JSON.parse(stdout) as Record<string, string>;
    expect(Object.entries(modes).filter(([, mode]) => mode !== '600' && mode !== 'd700')).toEqual([]);
    const names = Object.keys(modes);
    for (const name of [
      'store.jsonl',
      'lock',
      'owner.json',
      'index.db',
      'index.db-wal',
      'index.db-shm',
      'search.db',
      'torn',
    ])
      expect(names).toContain(name);
    expect(names.some((name) => name.startsWith('torn/a.jsonl.'))).toBe(true);
    expect(names.some((name) => /^journal\/\d+\.journal$/.test(name))).toBe(true);
  });

  it('a data directory that others may read is left as it is, and the log says how to shut them out', async () => {
    const store = await TestStore.make();
    const warned = () => store.said.filter(({ message }) => message.includes('chmod -R go-rwx'));
    await store.during(async () => {});
    expect(warned()).toEqual([]);
    chmodSync(store.directory, 0o755);
    await store.during(async () => {});
    expect(warned()).toMatchObject([{ level: 'warn', fields: { directory: store.directory } }]);
    expect(statSync(store.directory).mode & 0o777).toBe(0o755);
  });
});
