import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFileRepository } from '../../../../src/repository/files/open.ts';
import { temporaryDirectory } from '../../../support/repository.ts';

const OPEN = JSON.stringify(new URL('../../../../src/repository/files/open.ts', import.meta.url).href);
const hasStrace = spawnSync('strace', ['-V']).status === 0;

/** The system calls of a process that runs `program` and prints what is to be `said`. */
function callsOf(program: string, directory: string, calls: string, said = 'answered'): string[] {
  const trace = join(directory, 'trace');
  const node = [process.execPath, '--input-type=module', '--eval', program];
  const run = spawnSync('strace', ['-f', '-y', '-s', '400', '-e', `trace=${calls}`, '-o', trace, ...node]);
  expect(run.stdout.toString(), run.stderr.toString()).toBe(said);
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

describe.skipIf(!hasStrace)('a write of many parts (seen with strace; skipped where there is none)', () => {
  const ROUNDS = 3;
  const KINDS = ['append', 'write', 'create', 'write that creates'] as const;

  /** Mutations of each kind in turn, one at a time, in a store that has been written to before. */
  const program = (data: string) => `
    import { openFileRepository } from ${OPEN};
    const repository = await openFileRepository({ directory: ${JSON.stringify(data)} });
    const limit = { messages: 1_000, bytes: 1_000_000 };
    const one = { messages: [{ role: 'USER', content: 'one' }] };
    const writeParts = async (sessionId, round) => {
      const { isNew, removedCount, messages } = await repository.writeHistory(
        {
          sessionId,
          create: { agentName: 'planner' },
          dropLast: 20,
          onKey: 'REPLACE',
          messages: Array.from({ length: 50 }, (_, n) => ({ role: 'USER', content: 'round ' + round, key: n % 2 ? 'k' + n : null })),
          title: 'Round ' + round,
          status: round % 2 ? 'RUNNING' : 'WAITING',
          metadata: { round },
        },
        { messages: limit, removed: limit },
      );
      const replaced = messages.filter(({ replacedAt }) => replacedAt).length;
      if (!isNew && (removedCount !== 20 || replaced === 0)) throw new Error('Not all parts were written.');
    };
    await repository.create({ id: 'one' });
    for (let round = 0; round < 2; round += 1) {
      await repository.append({ sessionId: 'one', ...one });
      await writeParts('parts', round);
    }
    for (let round = 0; round < ${ROUNDS}; round += 1) {
      process.stdout.write('append;');
      await repository.append({ sessionId: 'one', ...one });
      process.stdout.write('write;');
      await writeParts('parts', 2 + round);
      process.stdout.write('create;');
      await repository.create({ id: 'created' + round, ...one });
      process.stdout.write('write that creates;');
      await writeParts('made' + round, 2 + round);
    }
    process.stdout.write('answered');
    process.exit();
  `;

  interface Calls {
    /** How often a file of a session was written. */
    written: number;
    /** The files that were synced, in order. */
    readonly synced: string[];
  }

  /** What each mutation of a kind did to the files of the store. The caches are written in the background, in their own time. */
  async function callsOfEach(): Promise<Map<string, Calls[]>> {
    const directory = await temporaryDirectory();
    const data = join(directory, 'data');
    const said = `${KINDS.map((kind) => `${kind};`)
      .join('')
      .repeat(ROUNDS)}answered`;
    const found = new Map<string, Calls[]>(KINDS.map((kind) => [kind, []]));
    let last: Calls | null = null;
    for (const line of callsOf(
      program(data),
      directory,
      'write,pwrite64,writev,pwritev,fdatasync,fsync',
      said,
    )) {
      const kind = /^\d+ +write\(1<.*"([a-z ]+);?"/.exec(line)?.[1];
      if (kind) {
        last = { written: 0, synced: [] };
        found.get(kind)?.push(last);
      }
      const [, call, file = ''] = /^\d+ +(\w+)\(\d+<([^>]*)>/.exec(line) ?? [];
      if (!last || !file.startsWith(`${data}/`) || /\/(index|search)\.db/.test(file)) continue;
      const name = file.slice(data.length + 1);
      if (call!.endsWith('sync')) last.synced.push(name);
      else if (name.startsWith('sessions/')) last.written += 1;
    }
    return found;
  }

  it('is one write and as many syncs as an append of one message; or as a creation, if it creates the session', async () => {
    const calls = await callsOfEach();
    const [append] = calls.get('append')!;
    expect(append).toEqual({ written: 1, synced: ['journal/1.journal'] });
    const [create] = calls.get('create')!;
    expect(create).toMatchObject({ written: 1 });
    for (const [n, kind] of KINDS.entries())
      expect(calls.get(kind), kind).toEqual(Array(ROUNDS).fill(n < 2 ? append : create));
  });
});
