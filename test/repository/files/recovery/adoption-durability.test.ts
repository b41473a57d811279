import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { readTrace, writeAfterFailedSync } from '../../../torture/system-calls.ts';
import { contents, exchange, say, TestStore } from '../store.ts';

const OPEN = JSON.stringify(new URL('../../../../src/repository/files/open.ts', import.meta.url).href);
const hasStrace = spawnSync('strace', ['-V']).status === 0;

let store: TestStore;
let other: TestStore;

beforeEach(async () => {
  [store, other] = [await TestStore.make(), await TestStore.make()];
  await store.during((repository) => repository.create({ id: 'a' }));
});

/** Creates a session "mail" in the other store, and copies its file into this store. */
async function bringMail(write: (repository: SessionRepository) => Promise<unknown>): Promise<void> {
  await other.during(async (repository) => {
    await repository.create({ id: 'mail' });
    await write(repository);
  });
  mkdirSync(dirname(store.sessionFile('mail')), { recursive: true });
  cpSync(other.sessionFile('mail'), store.sessionFile('mail'));
}

/** Opens the store in a process of its own, through `command`, and returns the quarantine that the process reports. */
function startThrough(...command: string[]): { reason: string }[] {
  const program = `
    import { openFileRepository } from ${OPEN};
    const repository = await openFileRepository({ directory: ${JSON.stringify(store.directory)} });
    process.stdout.write(JSON.stringify((await repository.status()).quarantined));
    await repository.close();
  `;
  const node = [process.execPath, '--input-type=module', '--eval', program];
  // strace counts calls by thread.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
  const run = spawnSync(command[0]!, [...command.slice(1), ...node], { env });
  return JSON.parse(run.stdout.toString());
}

describe('an adoption that fails leaves nothing in the file, is reported, and is made at the next start:', () => {
  it.skipIf(!hasStrace)('its sync fails (made so by strace; skipped where there is none)', async () => {
    await bringMail((repository) => repository.append({ sessionId: 'mail', messages: exchange(1) }));
    const trace = store.path('trace');
    const traced = ['-P', store.sessionFile('mail'), '-e', 'trace=openat,pread64,write,fsync,fdatasync'];
    const inject = ['-e', 'inject=fsync,fdatasync:error=EIO:when=1'];
    const quarantined = startThrough('strace', '-f', '-y', ...traced, ...inject, '-o', trace);
    expect(quarantined).toMatchObject([{ reason: expect.stringMatching(/takes it in, once .*EIO/) }]);
    // After the failed sync, the line may not be on the disk, though reads show it: the session must not be adopted by it.
    expect(store.lines('mail')).toEqual(other.lines('mail'));
    const calls = readTrace(readFileSync(trace, 'utf8'));
    expect(calls.some(({ injected }) => injected)).toBe(true);
    expect(writeAfterFailedSync(calls)).toBe(null);

    const repository = await store.open();
    await repository.append({ sessionId: 'mail', messages: [say('at home')] });
    expect(await contents(repository, 'mail')).toEqual(['question 1', 'answer 1', 'at home']);
    expect((await repository.status()).quarantined).toEqual([]);
  });

  it('there is room for a part of its line', async () => {
    const KIB = 1024;
    const sizeOfMail = () => statSync(other.sessionFile('mail')).size;
    await bringMail(async (repository) => {
      const append = async (length: number) => {
        const before = sizeOfMail();
        await repository.append({ sessionId: 'mail', messages: [say('x'.repeat(length))] });
        return sizeOfMail() - before - length;
      };
      const overhead = await append(600 * KIB);
      // 20 bytes less than a whole number of KiB: the line of an adoption is longer.
      const left = (2 * KIB - 20 - ((sizeOfMail() + overhead) % KIB)) % KIB;
      await append(left + KIB);
    });
    const blocks = Math.ceil(sizeOfMail() / KIB);
    expect(blocks * KIB - sizeOfMail()).toBeLessThan(100);
    const quarantined = startThrough('bash', '-c', `trap '' XFSZ; ulimit -f ${blocks}; exec "$@"`, 'bash');
    expect(quarantined).toMatchObject([
      { reason: expect.stringMatching(/takes it in, once it may be written/) },
    ]);
    expect(store.lines('mail')).toEqual(other.lines('mail'));

    const repository = await store.open();
    expect(await contents(repository, 'mail')).toHaveLength(2);
    expect((await repository.status()).quarantined).toEqual([]);
  });
});
