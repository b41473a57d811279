import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TestStore } from './store.ts';

/** Another process that owns the directory, and says so. */
async function owner(directory: string): Promise<ChildProcess> {
  const program = `
    import { openFileRepository } from ${JSON.stringify(new URL('../../../src/repository/files/open.ts', import.meta.url).href)};
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

  it('is free at once when its holder was killed', async () => {
    const store = await TestStore.make();
    const child = await owner(store.directory);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const repository = await store.open();
    expect(JSON.parse(readFileSync(store.path('owner.json'), 'utf8'))).toMatchObject({ pid: process.pid });
    await repository.create({ id: 'a' });
  });

  // Whoever is root may write to any file.
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
