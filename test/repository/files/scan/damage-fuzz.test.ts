import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFileRepository } from '../../../../src/repository/files/open.ts';
import { conversation, operation, say } from '../../contract/store.ts';
import { answersOf, hasPython, readStore, removeIndex } from '../second-reader.ts';

const PLACES = 1_000_000;

/** Kinds of damage to a file's bytes. `at` and `to` are places in the file, from 0 to 1. */
const DAMAGES: Record<string, (bytes: Buffer, at: number, to: number) => Buffer> = {
  flip(bytes, at, to) {
    const byte = Math.floor(at * bytes.length);
    return Buffer.concat([
      bytes.subarray(0, byte),
      Buffer.from([(bytes[byte] ?? 0) ^ (1 << Math.floor(to * 8))]),
      bytes.subarray(byte + 1),
    ]);
  },
  cut: (bytes, at) => bytes.subarray(0, Math.floor(at * bytes.length)),
  zero: (bytes, at, to) => {
    const start = Math.floor(at * bytes.length);
    const end = Math.min(bytes.length, start + Math.floor((to * bytes.length) / 4));
    return Buffer.from(bytes).fill(0, start, end);
  },
  dropLine: (bytes, at) => ofLines(bytes, (lines) => lines.toSpliced(Math.floor(at * lines.length), 1)),
  repeatLine: (bytes, at, to) =>
    ofLines(bytes, (lines) => {
      const line = lines[Math.floor(at * lines.length)]!;
      return lines.toSpliced(Math.floor(to * lines.length), 0, line);
    }),
  carriageReturns: (bytes, at) =>
    ofLines(bytes, (lines) =>
      lines.map((line, n) =>
        n >= Math.floor(at * lines.length) && n < lines.length - 1 ? `${line}\r` : line,
      ),
    ),
  byteOrderMark: (bytes, at) =>
    ofLines(bytes, (lines) => {
      const line = Math.floor(at * lines.length);
      return lines.with(line, `\xef\xbb\xbf${lines[line]}`);
    }),
  zeroLine: (bytes, at) =>
    ofLines(bytes, (lines) => {
      const line = Math.floor(at * lines.length);
      return lines.with(line, '\0'.repeat(lines[line]!.length));
    }),
};

/** A line is missing amid the last group, whose last line is there: the group is damaged, not torn. */
const AMID_LAST_GROUP: [string, number, number][] = [['dropLine', 0.9, 0]];

/** A file that ends within a group, of which a line is damaged, too: both are the torn tail. */
const BAD_PART_OF_TORN_GROUP: [string, number, number][] = [
  ['cut', 0.23527, 0],
  ['flip', 0.70831, 0.6],
];

function ofLines(bytes: Buffer, change: (lines: string[]) => string[]): Buffer {
  return Buffer.from(change(bytes.toString('latin1').split('\n')).join('\n'), 'latin1');
}

describe.skipIf(!hasPython)('a session file that was damaged anyhow', () => {
  let whole: string;

  beforeAll(async () => {
    whole = await mkdtemp(join(tmpdir(), 'sessiontree-'));
    const repository = await openFileRepository({ directory: whole });
    await repository.create({ id: 'a', messages: conversation(2) });
    await repository.append({ sessionId: 'a', messages: conversation(1) });
    await repository.update({ sessionId: 'a', title: 'title', metadata: { k: 1 } });
    await repository.append({ sessionId: 'a', messages: conversation(4) });
    await repository.create({ id: 'child', parentId: 'a' });
    const keyed = (content: string, outputTokens: number) =>
      say(content, { key: 'k', usage: { inputTokens: 1, outputTokens, costUsd: 0.1 * outputTokens } });
    const replacing = { sessionId: 'a', onKey: 'REPLACE' } as const;
    await repository.append({ sessionId: 'a', messages: [keyed('first form', 1), ...conversation(2)] });
    await repository.append({ ...replacing, messages: [keyed('second form', 2), say('after it')] });
    await repository.append({ ...replacing, messages: [keyed('second form', 2)] }, operation('1', 'none'));
    const change = {
      keep: 6,
      messages: [...conversation(2), keyed('third form', 4)],
      status: 'RUNNING',
    } as const;
    await repository.writeHistory({ ...replacing, ...change }, { messages: null, removed: null });
    await repository.append({ ...replacing, messages: [keyed('fourth form', 3)] });
    await repository.append({ sessionId: 'a', messages: conversation(3) });
    await repository.close();
  });

  afterAll(() => rm(whole, { recursive: true }));

  async function open(directory: string, indexed: boolean) {
    if (!indexed) await removeIndex(directory);
    return openFileRepository({ directory });
  }

  /** Checks a store whose file of session "a" was damaged in these ways. */
  async function check(directory: string, damages: readonly [string, number, number][]) {
    const [path] = (await readdir(join(directory, 'sessions'), { recursive: true })).filter((each) =>
      each.endsWith('/a.jsonl'),
    );
    const file = join(directory, 'sessions', path!);
    let bytes: Buffer = await readFile(file);
    for (const [name, at, to] of damages) bytes = DAMAGES[name]!(bytes, at, to);
    await writeFile(file, bytes);

    const read = readStore(directory);
    let repository = await open(directory, false);
    try {
      const found = await answersOf(repository);
      expect(read.sessions).toEqual(found);
      expect(await answersOf(repository)).toEqual(found);
      const [session] = await repository.findMany(['a']);
      if (!session) return;

      const { messages } = await repository.append({ sessionId: 'a', messages: [say('new')] });
      const more = await repository.append({ sessionId: 'a', messages: conversation(3) });
      const after = await answersOf(repository);
      const history = after.find(({ id }) => id === 'a')!.history;
      const ordinals = [...messages, ...more.messages].map(({ ordinal }) => ordinal);
      expect(history.slice(-4).map(({ ordinal }) => ordinal)).toEqual(ordinals);
      const known = found.find(({ id }) => id === 'a')!.history;
      expect(history.slice(0, -4)).toEqual(known);
      for (const indexed of [true, false]) {
        await repository.close();
        expect(readStore(directory).sessions).toEqual(after);
        repository = await open(directory, indexed);
        expect(await answersOf(repository)).toEqual(after);
      }
    } finally {
      await repository.close();
    }
  }

  it('is read the same by the repository and by the second reader, and what is written after stays', async () => {
    // Each byte is as likely as any other: doubles would nearly all be next to 0.
    const place = fc.noBias(fc.integer({ min: 0, max: PLACES - 1 }).map((n) => n / PLACES));
    const damage = fc.tuple(fc.constantFrom(...Object.keys(DAMAGES)), place, place);
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 2 }), async (damages) => {
        const directory = await mkdtemp(join(tmpdir(), 'sessiontree-'));
        try {
          await cp(whole, directory, { recursive: true });
          await check(directory, damages);
        } finally {
          await rm(directory, { recursive: true });
        }
      }),
      {
        numRuns: 40,
        interruptAfterTimeLimit: 10_000,
        examples: [[AMID_LAST_GROUP], [BAD_PART_OF_TORN_GROUP]],
      },
    );
  }, 60_000);
});
