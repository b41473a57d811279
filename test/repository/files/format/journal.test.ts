import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { sessionPath } from '../../../../src/repository/files/format/layout.ts';
import { encodeLine } from '../../../../src/repository/files/format/line.ts';
import { openFileRepository } from '../../../../src/repository/files/open.ts';
import { temporaryDirectory } from '../../../support/repository.ts';
import { conversation, say } from '../../contract/store.ts';
import { answersOf, hasPython, readStore } from '../second-reader.ts';

/** Belong to the process, or are caches: a killed process leaves some, and needs none. */
const OF_PROCESS = /^(lock|owner\.json|index\.|search\.)/;

interface Entry {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

describe.skipIf(!hasPython)('the second reader, of a directory whose process was killed', () => {
  /** The store as the process left it; its answers then. */
  const killed = mkdtempSync(join(tmpdir(), 'sessiontree-'));
  let answers: Awaited<ReturnType<typeof answersOf>>;
  let directory: string;

  beforeAll(async () => {
    const running = mkdtempSync(join(tmpdir(), 'sessiontree-'));
    const repository = await openFileRepository({ directory: running });
    await repository.create({ id: 'root', messages: conversation(2) });
    await repository.create({ id: 'gone', parentId: 'root' });
    await repository.create({ id: 'Child', parentId: 'root' });
    await repository.append({ sessionId: 'Child', messages: [say('first', { key: 'k' }), say('other')] });
    await repository.append({
      sessionId: 'Child',
      messages: [say('second', { key: 'k' })],
      onKey: 'REPLACE',
    });
    await repository.append({ sessionId: 'Child', messages: conversation(3) });
    await repository.delete({ sessionId: 'gone', mode: 'RESTRICT' });
    await repository.move({ sessionId: 'Child', parentId: null });
    answers = await answersOf(repository);
    cpSync(running, killed, { recursive: true, filter: (path) => !OF_PROCESS.test(basename(path)) });
    await repository.close();
    rmSync(running, { recursive: true });
  });

  afterAll(() => rmSync(killed, { recursive: true }));

  beforeEach(async () => {
    directory = await temporaryDirectory();
    cpSync(killed, directory, { recursive: true });
  });

  const file = (id: string) => join(directory, sessionPath(id));
  const log = () => join(directory, 'store.jsonl');
  const journal = () => {
    const [name, ...more] = readdirSync(join(directory, 'journal'));
    expect(more).toEqual([]);
    return join(directory, 'journal', name!);
  };

  function edit(path: string, change: (bytes: Buffer) => Buffer): void {
    writeFileSync(path, change(readFileSync(path)));
  }

  /** The journal's entries for a file, in order. */
  function entriesOf(path: string): Entry[] {
    return readFileSync(journal(), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{"op":"write",'))
      .map((line) => JSON.parse(line) as Entry)
      .filter((entry) => entry.path === path);
  }

  /** The answers of a repository after its start. The second reader reports losses by file, not by session. */
  async function answersAfterStart() {
    const repository = await openFileRepository({ directory });
    onTestFinished(() => repository.close());
    const sessions = await answersOf(repository);
    return sessions.map((one) => ({ ...one, damage: one.damage.filter(({ line }) => line !== null) }));
  }

  /** Compares what the second reader reads with these, and what it reports with `reported`. */
  async function compare(reported: readonly string[]) {
    const read = readStore(directory);
    expect(read.unreadable.map(({ path }) => path)).toEqual(reported);
    expect(read.sessions).toEqual(await answersAfterStart());
    return read.sessions;
  }

  const shortened = (path: string, part: number) =>
    edit(path, (bytes) => bytes.subarray(0, bytes.length * part));

  it.each([
    ['all files are whole', () => {}],
    ['a session has lost its end', () => shortened(file('Child'), 0.4)],
    ['a session has lost everything', () => truncateSync(file('Child'), 0)],
    ['a session has lost its file', () => rmSync(file('Child'))],
    [
      'zeros are in the place of what was lost',
      () => edit(file('Child'), (b) => Buffer.from(b).fill(0, b.length / 2)),
    ],
    [
      'the log has lost its end, with the deletion of a session that has its file',
      () => shortened(log(), 0.5),
    ],
    [
      'all files have lost their ends',
      () => {
        for (const path of [file('root'), file('Child'), log()]) shortened(path, 0.7);
      },
    ],
  ])('reads all that was acknowledged where %s', async (_, lose) => {
    lose();
    expect(await compare([])).toEqual(answers);
  });

  it('changes no file', () => {
    shortened(file('Child'), 0.4);
    rmSync(file('root'));
    const before = readFileSync(file('Child'));
    expect(readStore(directory).sessions).toEqual(answers);
    expect(readFileSync(file('Child'))).toEqual(before);
    expect(() => readFileSync(file('root'))).toThrow('ENOENT');
  });

  it('brings no deleted session back', async () => {
    expect(entriesOf(sessionPath('gone'))).toHaveLength(1);
    expect(readdirSync(join(directory, 'sessions'), { recursive: true })).not.toContain(
      sessionPath('gone').slice(9),
    );
    expect(await compare([])).toHaveLength(2);
  });

  it('restores what follows other bytes, and reports these', async () => {
    const [, second, third] = entriesOf(sessionPath('Child'));
    edit(file('Child'), (bytes) => {
      const changed = Buffer.from(bytes.subarray(0, third!.offset));
      changed[second!.offset + 5]! ^= 1;
      return changed;
    });
    const read = readStore(directory);
    expect(new Set(read.unreadable.map(({ path }) => path))).toEqual(new Set([sessionPath('Child')]));
    expect(read.sessions).toEqual(await answersAfterStart());
    expect(read.sessions).not.toEqual(answers);
  });

  it('uses nothing that goes on behind the end of a file', async () => {
    const [first, second] = entriesOf(sessionPath('Child'));
    // The journal without the second entry, and the file without what both say.
    edit(journal(), (bytes) => {
      const line = bytes.indexOf(
        `{"op":"write","batch":`,
        bytes.indexOf(`"path":"${sessionPath('Child')}","offset":${second!.offset},`) - 60,
      );
      const end = bytes.indexOf('\n', line) + 1 + second!.length;
      return Buffer.concat([bytes.subarray(0, line), bytes.subarray(end)]);
    });
    expect(entriesOf(sessionPath('Child'))[1]!.offset).toBeGreaterThan(second!.offset);
    edit(file('Child'), (bytes) => bytes.subarray(0, first!.offset + first!.length));
    await compare([sessionPath('Child')]);
  });

  it('uses no journal of another store', async () => {
    edit(journal(), (bytes) => {
      const end = bytes.indexOf('\n') + 1;
      return Buffer.concat([encodeLine({ op: 'journal', store: 'another' }), bytes.subarray(end)]);
    });
    shortened(file('Child'), 0.4);
    expect(await compare([])).not.toEqual(answers);
  });

  it('uses the entries of a journal whose first line cannot be read', async () => {
    edit(journal(), (bytes) => Buffer.concat([Buffer.from('?'), bytes]));
    shortened(file('Child'), 0.4);
    const read = readStore(directory);
    expect(read.sessions).toEqual(answers);
    expect(read.unreadable).toMatchObject([{ path: expect.stringMatching(/^journal\//) }]);
  });

  it('reports a part of the journal that cannot be read, and uses the rest', async () => {
    const [, second] = entriesOf(sessionPath('Child'));
    edit(journal(), (bytes) => {
      const at = bytes.indexOf(`"path":"${sessionPath('Child')}","offset":${second!.offset},`);
      const changed = Buffer.from(bytes);
      changed[at + 3]! ^= 1;
      return changed;
    });
    const read = readStore(directory);
    expect(read.unreadable).toMatchObject([{ path: expect.stringMatching(/^journal\//) }]);
    expect(read.sessions).toEqual(answers);
  });

  it('takes an end of the journal that was cut short for nothing', async () => {
    edit(journal(), (bytes) => bytes.subarray(0, bytes.lastIndexOf('\n{"op":"write",') + 40));
    expect(await compare([])).toEqual(answers);
  });

  it('lets a later entry undo what an earlier one holds', async () => {
    const entries = entriesOf(sessionPath('Child'));
    const { offset } = entries.at(-1)!;
    edit(journal(), (bytes) => {
      const end = bytes.lastIndexOf('\n') + 1;
      const undo = { op: 'write', batch: 1_000, path: sessionPath('Child'), offset, length: 0 };
      return Buffer.concat([bytes.subarray(0, end), encodeLine(undo)]);
    });
    edit(file('Child'), (bytes) => bytes.subarray(0, offset));
    expect(await compare([])).not.toEqual(answers);
  });
});
