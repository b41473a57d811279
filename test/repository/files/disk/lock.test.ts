import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isOwned } from '../../../../src/repository/files/disk/lock.ts';
import { layoutOf } from '../../../../src/repository/files/format/layout.ts';
import { openFileRepository } from '../../../../src/repository/files/open.ts';
import { TestStore } from '../store.ts';

/** Starts another process that owns the directory. Resolves once it does. */
async function owner(directory: string): Promise<ChildProcess> {
  const program = `
    import { openFileRepository } from ${JSON.stringify(new URL('../../../../src/repository/files/open.ts', import.meta.url).href)};
    await openFileRepository({ directory: ${JSON.stringify(directory)} });
    console.log('open');
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await once(child.stdout!, 'data');
  return child;
}

describe('the lock on the data directory', () => {
  it('keeps a second process out, and tells it who is in and what to do', async () => {
    const store = await TestStore.make();
    const child = await owner(store.directory);
    await expect(store.open()).rejects.toThrow(
      new RegExp(`The data directory .* is in use by process ${child.pid} on .*, since .*--data`),
    );
  });

  it.skipIf(process.platform !== 'linux')(
    'keeps a second process out also after its file was removed or replaced, by whatever path the directory is reached',
    async () => {
      const store = await TestStore.make();
      const child = await owner(store.directory);
      const isNamed = new RegExp(`in use by process ${child.pid} on `);
      rmSync(store.path('lock'));
      await expect(store.open()).rejects.toThrow(isNamed);
      writeFileSync(store.path('lock'), '');
      await expect(store.open()).rejects.toThrow(isNamed);
      const link = `${store.directory}-link`;
      symlinkSync(store.directory, link);
      onTestFinished(() => rmSync(link));
      await expect(openFileRepository({ directory: link })).rejects.toThrow(isNamed);
      expect(isOwned(layoutOf(link))).toBe(true);

      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(isOwned(layoutOf(link))).toBe(false);
      await store.during((repository) => repository.create({ id: 'a' }));
      expect(isOwned(layoutOf(link))).toBe(false);
    },
  );

  it('is free at once when its holder was killed', async () => {
    const store = await TestStore.make();
    const child = await owner(store.directory);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const repository = await store.open();
    expect(JSON.parse(readFileSync(store.path('owner.json'), 'utf8'))).toMatchObject({ pid: process.pid });
    await repository.create({ id: 'a' });
  });

  // Root may write to any file.
  it.skipIf(process.getuid?.() === 0)('is none where its file may not be written', async () => {
    const store = await TestStore.make();
    await store.during(async () => {});
    chmodSync(store.path('lock'), 0o444);
    await expect(store.open()).rejects.toThrow(/EACCES.*lock/);
  });

  it('is free again after a clean stop', async () => {
    const store = await TestStore.make();
    await store.during(async () => {});
    await store.during((repository) => repository.create({ id: 'a' }));
  });
});
