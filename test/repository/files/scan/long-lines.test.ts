import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync, readlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  decodeRawLine,
  encodeLine,
  LINE_BYTES_MAX,
  lineSteps,
  splitLines,
} from '../../../../src/repository/files/format/line.ts';
import { scanLines } from '../../../../src/repository/files/scan/scan-lines.ts';
import { DeadlineExceededError } from '../../../../src/repository/read-options.ts';
import { contents, say, TestStore } from '../store.ts';

const FILES = join(import.meta.dirname, '../../../../src/repository/files');
const MIB = 1024 * 1024;

/** A file of `size` zeros, with other bytes here and there, that is nowhere in memory. */
function sparse(size: number, parts: readonly { readonly at: number; readonly bytes: Buffer }[]) {
  let read = 0;
  const chunk = Buffer.alloc(MIB);
  return {
    read(offset: number): Buffer {
      const found = chunk.subarray(0, Math.max(0, Math.min(MIB, size - offset)));
      found.fill(0);
      for (const { at, bytes } of parts) {
        const from = Math.max(at, offset);
        const to = Math.min(at + bytes.length, offset + found.length);
        if (from < to) bytes.copy(found, from - offset, from - at, to - at);
      }
      read += found.length;
      return found;
    },
    get bytesRead() {
      return read;
    },
  };
}

const line = (seq: number) => encodeLine({ seq });

it('a long line that ends in no checksum is not held, is read once, and costs no other line anything', () => {
  const [first, last] = [line(1), line(2)];
  const end = 200 * MIB;
  const file = sparse(end + 1 + last.length, [
    { at: 0, bytes: first },
    { at: end, bytes: Buffer.from('\n') },
    { at: end + 1, bytes: last },
  ]);
  const accepted: object[] = [];
  const scanned = scanLines(file.read, null, (record) => {
    accepted.push(record);
    return null;
  });
  expect(accepted).toMatchObject([{ seq: 1 }, { seq: 2 }]);
  expect(scanned).toMatchObject({
    faults: [{ line: 2, reason: 'the line does not end in a checksum' }],
    count: 3,
    end: end + 1 + last.length,
    torn: false,
  });
  expect(file.bytesRead).toBeLessThan(end + 5 * MIB);
});

it('a line that is longer than any line may be is damage, even if it ends like one', () => {
  const start = line(1).length;
  const ending = Buffer.from(',"crc":"00000000"}\n');
  const at = start + LINE_BYTES_MAX;
  const file = sparse(at + ending.length, [
    { at: 0, bytes: line(1) },
    { at, bytes: ending },
  ]);
  const [, long] = splitLines(file.read);
  expect(long).toMatchObject({ bytes: null, offset: start, length: LINE_BYTES_MAX + ending.length - 1 });
  expect(decodeRawLine(long!)).toEqual({ fault: expect.stringContaining('longer than') });
});

it('a long line of a record is read as a whole', () => {
  const long = encodeLine({ text: 'x'.repeat(5 * MIB) });
  const bytes = Buffer.concat([line(1), long, line(2)]);
  const chunk = Buffer.alloc(MIB);
  const read = (offset: number) =>
    chunk.subarray(0, bytes.copy(chunk, 0, offset, Math.min(bytes.length, offset + MIB)));
  const lines = [...splitLines(read).map((each) => ({ ...each, bytes: Buffer.from(each.bytes!) }))];
  expect(lines.map(({ offset }) => offset)).toEqual([0, line(1).length, line(1).length + long.length]);
  expect(Buffer.concat(lines.flatMap((each) => [each.bytes, Buffer.from('\n')])).equals(bytes)).toBe(true);
  expect([...lineSteps(read)].filter((step) => step === null).length).toBeGreaterThan(5);
});

it('a file of garbage has no more faults than can be reported', () => {
  const garbage = Buffer.concat([line(1), Buffer.alloc(50_000, 'x\n')]);
  const scan = (acknowledged: number | null, bytes: Buffer) =>
    scanLines(
      (offset) => bytes.subarray(offset),
      acknowledged,
      () => null,
    );
  const scanned = scan(null, Buffer.concat([garbage, line(2)]));
  expect(scanned.faults).toHaveLength(1_001);
  expect(scanned.faults.at(-1)).toEqual({ line: null, reason: '24000 more lines cannot be read' });
  expect(scanned).toMatchObject({ count: 25_002, torn: false });
  expect(scan(null, garbage)).toMatchObject({ count: 25_001, torn: false, end: garbage.length });
  expect(scan(line(1).length, garbage)).toMatchObject({
    count: 1,
    torn: true,
    end: line(1).length,
    faults: [],
  });
  expect(scan(line(1).length + 20, garbage)).toMatchObject({
    count: 11,
    torn: true,
    end: line(1).length + 20,
  });
});

const TAIL_BYTES = Number(process.env.TAIL_MIB ?? 120) * MIB;
/** What a process takes without the tail, and some more: one that holds the tail takes three times its bytes. */
const MEMORY_BYTES = 200 * MIB;

/**
 * Opens a store whose files were put ends of nothing but zeros, reads and writes, and checks, repairs and reads it again. Prints what it
 * found, how many turns of the event loop others had meanwhile, and the most memory it took.
 */
const PROGRAM = `
  import { lstatSync, mkdirSync, readdirSync, truncateSync } from 'node:fs';
  const { openFileRepository, openFileRepositoryForReading } = await import(${JSON.stringify(join(FILES, 'open.ts'))});
  const { checkDataDirectory } = await import(${JSON.stringify(join(FILES, 'tools/check.ts'))});
  const { repairDataDirectory } = await import(${JSON.stringify(join(FILES, 'tools/repair.ts'))});
  const [directory, a, b, tail] = process.argv.slice(1);
  const lengthen = (path) => truncateSync(path, lstatSync(path).size + Number(tail));
  const contents = async (repository, sessionId) => {
    const [page] = await repository.historyOf([{ sessionId, page: { limit: 9, from: 'start' } }], 1e6);
    return page.items.map(({ content }) => content).join();
  };
  const said = {};

  mkdirSync(directory + '/journal', { recursive: true });
  const { writeFileSync } = await import('node:fs');
  writeFileSync(directory + '/journal/1.journal', '');
  for (const path of [a, directory + '/store.jsonl', directory + '/journal/1.journal']) lengthen(path);
  said.found = (await checkDataDirectory({ directory })).problems.length;
  const reader = await openFileRepositoryForReading({ directory });
  said.read = await contents(reader, 'a');
  await reader.close();
  const repository = await openFileRepository({ directory });
  said.start = await contents(repository, 'a');

  lengthen(b);
  let turns = 0;
  let counting = true;
  const count = () => { turns += 1; if (counting) setImmediate(count); };
  count();
  said.running = await contents(repository, 'b');
  said.damage = (await repository.findMany(['b']))[0].damage.length;
  said.turnsOfRead = turns;
  turns = 0;
  await repository.append({ sessionId: 'b', messages: [{ role: 'USER', content: 'next' }] });
  said.turnsOfWrite = turns;
  counting = false;
  said.written = await contents(repository, 'b');
  await repository.close();

  lengthen(b);
  const problems = (await checkDataDirectory({ directory })).problems.map(({ path }) => path);
  await repairDataDirectory({ directory }, problems.filter((path) => path.endsWith('.jsonl')));
  said.repaired = (await checkDataDirectory({ directory })).problems.length;
  const torn = readdirSync(directory + '/torn').map((name) => lstatSync(directory + '/torn/' + name));
  said.torn = torn.map(({ size }) => size);
  said.blocks = Math.max(...torn.map(({ blocks }) => blocks));
  said.memory = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify(said));
`;

it('ends of files larger than the memory keep no start, read, write, check or repair from its work', async () => {
  const store = await TestStore.make();
  await store.during(async (repository) => {
    for (const id of ['a', 'b']) await repository.create({ id, messages: [say('one'), say('two')] });
  });
  const paths = ['a', 'b'].map((id) => store.sessionFile(id));
  const program = ['--input-type=module', '--eval', PROGRAM, store.directory, ...paths, `${TAIL_BYTES}`];
  const { stdout, stderr } = spawnSync(process.execPath, program, { encoding: 'utf8' });
  expect(stderr).toBe('');
  const said = JSON.parse(stdout);
  expect(said).toMatchObject({
    found: 1,
    read: 'one,two',
    start: 'one,two',
    running: 'one,two',
    damage: 1,
    written: 'one,two,next',
    repaired: 0,
    torn: [TAIL_BYTES, TAIL_BYTES, TAIL_BYTES, TAIL_BYTES],
  });
  // Zeros take no room.
  expect(said.blocks * 512).toBeLessThan(MIB);
  expect(said.turnsOfRead).toBeGreaterThan(5);
  expect(said.turnsOfWrite).toBeGreaterThan(5);
  expect(said.memory).toBeLessThan(MEMORY_BYTES);
});

it('a store that closes ends the scan of a large file', async () => {
  const store = await TestStore.make();
  await store.during((repository) => repository.create({ id: 'a', messages: [say('one')] }));
  const repository = await store.open();
  truncateSync(store.sessionFile('a'), 64 * 1024 * MIB);
  const page = { limit: 9, from: 'start' } as const;
  const read = repository.historyOf([{ sessionId: 'a', page }], 1e6).catch((error: Error) => error);
  await repository.close();
  expect(await read).toMatchObject({ message: expect.stringContaining('closing'), isRetryable: true });
});

it.runIf(process.platform === 'linux')(
  'a read waits for the scan of a large file until its deadline, and the scan ends with the last read',
  async () => {
    const store = await TestStore.make();
    await store.during((repository) => repository.create({ id: 'a', messages: [say('one')] }));
    const repository = await store.open();
    const path = store.sessionFile('a');
    const { size } = lstatSync(path);
    truncateSync(path, 64 * 1024 * MIB);
    const requests = [{ sessionId: 'a', page: { limit: 9, from: 'start' } }] as const;
    const leaving = new AbortController();
    const left = repository
      .historyOf(requests, 1e6, { signal: leaving.signal })
      .catch((error: Error) => error);
    // A deadline could pass before the scan has begun.
    await expect.poll(() => isOpen(path), { interval: 5 }).toBe(true);
    const late = repository.historyOf(requests, 1e6, { deadline: performance.now() + 200 });
    await expect(late).rejects.toThrow(DeadlineExceededError);
    expect(isOpen(path)).toBe(true);
    leaving.abort(new Error('left'));
    expect(await left).toMatchObject({ message: 'left' });
    await expect.poll(() => isOpen(path)).toBe(false);
    truncateSync(path, size);
    expect(await contents(repository, 'a')).toEqual(['one']);
  },
);

function isOpen(path: string): boolean {
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  });
}
