import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../support/repository.ts';

const OPEN = JSON.stringify(new URL('../../../src/repository/files/open.ts', import.meta.url).href);
const hasStrace = spawnSync('strace', ['-V']).status === 0;

/** The system calls of a process that creates a session and appends to it, from the append's write on. */
async function callsOfAnAppend(durability: string): Promise<string[]> {
  const directory = await temporaryDirectory();
  const trace = join(directory, 'trace');
  const program = `
    import { openFileRepository } from ${OPEN};
    const repository = await openFileRepository({ directory: ${JSON.stringify(join(directory, 'data'))}, durability: '${durability}' });
    await repository.create({ id: 'a' });
    await repository.append({ sessionId: 'a', messages: [{ role: 'USER', content: 'find me' }] });
    process.stdout.write('answered');
    process.exit();
  `;
  const calls = 'trace=write,pwrite64,fdatasync,fsync';
  const command = [
    '-f',
    '-s',
    '400',
    '-e',
    calls,
    '-o',
    trace,
    process.execPath,
    '--input-type=module',
    '--eval',
    program,
  ];
  expect(spawnSync('strace', command).stdout.toString()).toBe('answered');
  const lines = readFileSync(trace, 'utf8').split('\n');
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
