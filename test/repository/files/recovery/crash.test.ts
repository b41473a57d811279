import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkDataDirectory } from '../../../../src/repository/files/tools/check.ts';
import { contents, TestStore } from '../store.ts';

const OPEN = JSON.stringify(new URL('../../../../src/repository/files/open.ts', import.meta.url).href);

/** Runs `program` in a process of its own, and returns the lines that it prints. */
function run(program: string, shellSetup = '') {
  const command = `${shellSetup} exec "$0" "$@"`;
  const child = spawn('bash', ['-c', command, process.execPath, '--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return { child, lines: createInterface({ input: child.stdout }) };
}

describe('kill -9 under load', () => {
  it('loses no acknowledged write, tears none, and brings nothing deleted back', async () => {
    const store = await TestStore.make();
    const acknowledged = new Map<string, string[]>();
    const deleted = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      const { child, lines } = run(`
        import { openFileRepository } from ${OPEN};
        const repository = await openFileRepository({ directory: ${JSON.stringify(store.directory)} });
        const tell = (...words) => process.stdout.write(JSON.stringify(words) + '\\n');
        for (let lane = 0; lane < 8; lane += 1) (async () => {
          for (let n = 0; ; n += 1) {
            const { id } = await repository.create({});
            tell('created', id);
            for (let m = 0; m < 6; m += 1) {
              const said = ${round} + '.' + lane + '.' + n + '.' + m;
              const messages = ['USER', 'ASSISTANT', 'TOOL'].slice(0, 1 + m % 3).map((role) => ({ role, content: said + role }));
              await repository.append({ sessionId: id, messages });
              tell('said', id, ...messages.map(({ content }) => content));
            }
            if (n % 3 === 2) {
              tell('deleting', id);
              await repository.delete({ sessionId: id, mode: 'RESTRICT' });
              tell('deleted', id);
            }
          }
        })();
      `);
      const deleting = new Set<string>();
      let heard = 0;
      for await (const line of lines) {
        const [what, id, ...said] = JSON.parse(line) as [string, string, ...string[]];
        if (what === 'created') acknowledged.set(id, []);
        if (what === 'said') acknowledged.get(id)!.push(...said);
        if (what === 'deleting') deleting.add(id);
        if (what === 'deleted') deleted.add(id);
        heard += 1;
        if (heard === 600) child.kill('SIGKILL');
      }
      expect(heard).toBeGreaterThanOrEqual(600);

      const repository = await store.open();
      for (const [id, said] of acknowledged) {
        if (deleted.has(id)) continue;
        const [session] = await repository.findMany([id]);
        if (!session && deleting.has(id)) {
          deleted.add(id);
          continue;
        }
        const kept = await contents(repository, id);
        expect(kept.slice(0, said.length)).toEqual(said);
        // Besides the acknowledged mutations, at most the one that was running is there, and then completely.
        expect(kept.length - said.length).toBeLessThanOrEqual(3);
        acknowledged.set(id, kept);
      }
      expect(await repository.findMany([...deleted])).toEqual([...deleted].map(() => null));
      expect((await repository.status()).quarantined).toEqual([]);
      await repository.close();
      expect((await checkDataDirectory({ directory: store.directory })).problems).toEqual([]);
    }
  });
});

describe('a file that may not grow', () => {
  it('refuses the write with a StorageError, leaves nothing of it behind, and the session goes on with what fits', async () => {
    const store = await TestStore.make();
    await store.during((repository) => repository.create({ id: 'a' }));
    // The limit is 400 KiB per file: enough for the index, but only for a part of the large message.
    const { child, lines } = run(
      `
        import { openFileRepository } from ${OPEN};
        const repository = await openFileRepository({ directory: ${JSON.stringify(store.directory)} });
        const append = (content) =>
          repository.append({ sessionId: 'a', messages: [{ role: 'USER', content }] }).then(
            () => 'kept',
            ({ name, isRetryable }) => ({ name, isRetryable }),
          );
        const outcomes = [await append('first'), await append('x'.repeat(600_000)), await append('second')];
        console.log(JSON.stringify(outcomes));
        process.exit();
      `,
      "trap '' XFSZ; ulimit -f 400;",
    );
    const exited = once(child, 'exit');
    const [line] = (await once(lines, 'line')) as [string];
    // Until then it has the lock of the directory.
    await exited;
    expect(JSON.parse(line)).toEqual(['kept', { name: 'StorageError', isRetryable: true }, 'kept']);
    const repository = await store.open();
    expect(await contents(repository, 'a')).toEqual(['first', 'second']);
    expect((await repository.status()).quarantined).toEqual([]);
    expect(store.lines('a')).toHaveLength(3);
  });
});
