import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFileRepository } from '../../../../src/repository/files/open.ts';
import { temporaryDirectory } from '../../../support/repository.ts';

const OPEN = JSON.stringify(new URL('../../../../src/repository/files/open.ts', import.meta.url).href);
const hasStrace = spawnSync('strace', ['-V']).status === 0;

/** The system calls of a process that runs `program` and prints "answered". */
function callsOf(program: string, directory: string, calls: string): string[] {
  const trace = join(directory, 'trace');
  const node = [process.execPath, '--input-type=module', '--eval', program];
  const run = spawnSync('strace', ['-f', '-y', '-s', '400', '-e', `trace=${calls}`, '-o', trace, ...node]);
  expect(run.stdout.toString()).toBe('answered');
  return readFileSync(trace, 'utf8').split('\n');
}

/** The system calls of a process that creates a session and appends to it, from the append's write on. */
async function callsOfAnAppend(durability: string): Promise<string[]> {
  const directory = await temporaryDirectory();
  const program = `
    import { openFileRepository } from ${OPEN};
    const repository = await openFileRepository({ directory: ${JSON.stringify(join(directory, 'data'))}, durability: '${durability}' });
    await repository.create({ id: 'a' });
    await repository.append({ sessionId: 'a', messages: [{ role: 'USER', content: 'find me' }] });
    process.stdout.write('answered');
    process.exit();
  `;
  const lines = callsOf(program, directory, 'write,pwrite64,fdatasync,fsync');
  return lines.slice(lines.findIndex((line) => line.includes('find me')));
}

describe.skipIf(!hasStrace)('a write (seen with strace; skipped where there is none)', () => {
  it('is answered after it was synced', async () => {
    const calls = await callsOfAnAppend('disk');
    const synced = calls.findIndex((line) => line.includes('fdatasync('));
    expect(synced).toBeGreaterThan(0);
    expect(calls.findIndex((line) => line.includes('"answered"'))).toBeGreaterThan(synced);
  });

  it('is answered before it was synced with durability "os"', async () => {
    const calls = await callsOfAnAppend('os');
    expect(calls[0]).toContain('find me');
    expect(
      calls
        .slice(
          0,
          calls.findIndex((line) => line.includes('"answered"')),
        )
        .join(),
    ).not.toContain('sync(');
  });
});

/** The system calls of a process that opens the store in `data` and appends to its session "a". */
function callsOfAnAppendTo(data: string, directory: string): string[] {
  const program = `
    import { openFileRepository } from ${OPEN};
    const repository = await openFileRepository({ directory: ${JSON.stringify(data)} });
    await repository.append({ sessionId: 'a', messages: [{ role: 'USER', content: 'find me' }] });
    process.stdout.write('answered');
    process.exit();
  `;
  const calls = callsOf(program, directory, 'write,fdatasync,fsync');
  return calls.slice(
    0,
    calls.findIndex((line) => line.includes('"answered"')),
  );
}

describe.skipIf(!hasStrace)('the file of an append (seen with strace; skipped where there is none)', () => {
  const syncsOfIt = (calls: string[]) =>
    calls.filter((line) => /f(data)?sync\(\d+<[^>]*a\.jsonl>/.test(line));

  async function madeBy(durability: 'disk' | 'os') {
    const directory = await temporaryDirectory();
    const data = join(directory, 'data');
    const repository = await openFileRepository({ directory: data, durability });
    await repository.create({ id: 'a' });
    return { directory, data, repository };
  }

  it('is not synced after a clean stop: the journal is', async () => {
    const { directory, data, repository } = await madeBy('disk');
    await repository.close();
    const calls = callsOfAnAppendTo(data, directory);
    expect(syncsOfIt(calls)).toEqual([]);
    expect(calls.some((line) => /fdatasync\(\d+<[^>]*\.journal>/.test(line))).toBe(true);
  });

  it('is synced first where a process was killed that may have written to it, and not have synced it', async () => {
    const { directory, data } = await madeBy('disk');
    const copy = join(directory, 'copy');
    cpSync(data, copy, {
      recursive: true,
      filter: (path) => !/lock|index|search|owner|journal/.test(path.slice(data.length)),
    });
    expect(syncsOfIt(callsOfAnAppendTo(copy, directory)).length).toBeGreaterThan(0);
  });

  it('is synced first where what stands in it was written with durability "os"', async () => {
    const { directory, data, repository } = await madeBy('os');
    await repository.close();
    expect(syncsOfIt(callsOfAnAppendTo(data, directory)).length).toBeGreaterThan(0);
  });
});

describe.skipIf(!hasStrace)('a start (seen with strace; skipped where there is none)', () => {
  it('opens and looks at no session file after a clean stop', async () => {
    const directory = await temporaryDirectory();
    const data = join(directory, 'data');
    const repository = await openFileRepository({ directory: data });
    for (let n = 0; n < 20; n += 1) await repository.create({});
    await repository.close();
    const program = `
      import { openFileRepository } from ${OPEN};
      const repository = await openFileRepository({ directory: ${JSON.stringify(data)} });
      const { sessionCount } = await repository.status();
      process.stdout.write(sessionCount === 20 ? 'answered' : 'wrong');
      await repository.close();
    `;
    const calls = callsOf(program, directory, 'openat,statx,newfstatat,stat,lstat');
    expect(calls.some((line) => line.includes('store.jsonl'))).toBe(true);
    expect(calls.filter((line) => /sessions\/..\/.*jsonl/.test(line))).toEqual([]);
  });
});
