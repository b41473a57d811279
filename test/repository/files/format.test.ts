import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canonicalJson, type JsonObject } from '../../../src/model/json.ts';
import { openFileRepository } from '../../../src/repository/files/open.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { conversation, MUCH, operation, say } from '../contract/store.ts';
import { answersOf, hasPython, readStore, removeIndex } from './second-reader.ts';

describe.skipIf(!hasPython)('a reader written from FORMAT.md alone (python3)', () => {
  let directory: string;
  let repository: SessionRepository;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sessiontree-'));
    repository = await openFileRepository({ directory });
  });

  afterEach(async () => {
    await repository.close();
    await rm(directory, { recursive: true });
  });

  /** The one file whose name begins so. */
  async function fileOf(name: string): Promise<string> {
    const paths = await readdir(join(directory, 'sessions'), { recursive: true });
    const [found, ...more] = paths.filter((path) => path.endsWith(`/${name}.jsonl`));
    expect(more).toEqual([]);
    return join(directory, 'sessions', found!);
  }

  async function writeOfEveryKind() {
    const metadata: JsonObject = JSON.parse('{"__proto__":{"a":[1e21,0.1,5e-324,null]},"ä":"\u2028😀"}');
    const usage = { inputTokens: Number.MAX_SAFE_INTEGER, outputTokens: 0, costUsd: 0.000_001 };
    await repository.create({
      id: 'Run.7',
      userId: 'ünï',
      title: '"t"\n',
      metadata,
      messages: conversation(3),
    });
    await repository.create({ id: 'run.7', createdAt: new Date('1999-12-31T23:59:59.999Z') });
    await repository.create({ id: `${'aB'.repeat(63)}.-`, parentId: 'Run.7', lastActiveAt: new Date(0) });
    await repository.create({ parentId: 'run.7', title: '', userId: '' }, operation('1', 'create'));
    await repository.create({ id: 'child', parentId: 'Run.7', messages: [say('first')] });
    await repository.create({ id: 'gone', parentId: 'child', messages: conversation(4) });
    await repository.create({ id: 'Gone2', parentId: 'gone' });
    await repository.append({ sessionId: 'child', messages: [say('one')] });
    await repository.append({ sessionId: 'child', messages: conversation(2) }, operation('2', 'append'));
    await repository.append({ sessionId: 'child', messages: conversation(7) });
    await repository.append({
      sessionId: 'run.7',
      messages: [
        say('\u0001\r\n\u2028"\\ 👩‍👩‍👧', { name: 'n', toolCallId: 't', payload: [], usage, metadata }),
        say('', { role: 'TOOL', payload: false, createdAt: new Date('2001-02-03T04:05:06.007Z') }),
        say('', { name: '', toolCallId: '', payload: '', usage: { inputTokens: 1, outputTokens: 2 } }),
        say('', { payload: 0 }),
        say('', { payload: {} }),
      ],
    });
    await repository.update({ id: 'child', title: 'new', metadata: { a: 1, b: { c: 2 } } });
    await repository.update({ id: 'child', title: null, metadata: { a: null } }, operation('3', 'update'));
    await repository.update({ id: 'run.7', metadata: {} });
    await repository.update({ id: 'Run.7', title: '', metadata: { ä: null, ['__proto__']: null } });
    const usage2 = { inputTokens: 3, outputTokens: 4, costUsd: 0.1 };
    await repository.create({ id: 'branch', messages: [say('paid', { usage: usage2 }), ...conversation(3)] });
    await repository.truncate(
      { sessionId: 'branch', length: 2, dryRun: false },
      MUCH,
      operation('5', 'truncate'),
    );
    await repository.append({ sessionId: 'branch', messages: conversation(1) });
    await repository.fork({ sessionId: 'branch', id: 'copy', asRoot: false }, operation('6', 'fork'));
    await repository.fork({ sessionId: 'copy', id: 'empty-copy', asRoot: true });
    await repository.create({ id: 'between', parentId: 'branch' });
    for (const id of ['x1', 'x2']) await repository.create({ id, parentId: 'between' });
    await repository.move({ id: 'copy', parentId: 'between' }, operation('7', 'move'));
    await repository.append({ sessionId: 'copy', messages: conversation(1) });
    await repository.archive({ id: 'branch', subtree: true, archived: true }, operation('8', 'archive'));
    await repository.archive({ id: 'x1', subtree: true, archived: false });
    await repository.update({ id: 'x2', title: 'archived' });
    await repository.move({ id: 'empty-copy', parentId: 'branch' });
    await repository.delete({ id: 'between', mode: 'REPARENT', dryRun: false }, operation('9', 'delete'));
    await repository.delete({ id: 'gone', mode: 'CASCADE', dryRun: false }, operation('4', 'delete'));
    await Promise.all([
      repository.append({ sessionId: 'child', messages: [say('x'.repeat(300_000))] }),
      repository.append({ sessionId: 'child', messages: conversation(3) }),
      repository.create({ id: 'late', parentId: 'child' }),
    ]);
  }

  it('reads what the file repository wrote, of every kind, while it is open and when it is closed', async () => {
    await writeOfEveryKind();
    const expected = await answersOf(repository);
    expect(expected.length).toBe(11);
    const beside = readStore(directory);
    expect(beside).toMatchObject({ status: 0, unreadable: [], deleted: ['between', 'gone', 'Gone2'] });
    expect(beside.sessions).toEqual(expected);
    expect(canonicalJson(beside.sessions)).toBe(canonicalJson(expected));
    await repository.close();
    expect(readStore(directory)).toEqual(beside);
    repository = await openFileRepository({ directory });
    expect(await answersOf(repository)).toEqual(expected);
  });

  it('refuses a store of another format', async () => {
    await repository.close();
    const path = join(directory, 'store.jsonl');
    const text = (await readFile(path, 'utf8')).replace('"format":1', '"format":2').slice(0, -19);
    await writeFile(path, `${withChecksum(text)}\n`);
    expect(() => readStore(directory)).toThrow('expected format 1, got 2');
    await expect(openFileRepository({ directory })).rejects.toThrow(/format/);
  });

  /** Puts what `change` makes of its lines in the place of a session's file, the store being closed. */
  async function rewrite(name: string, change: (lines: string[]) => string[]) {
    const path = await fileOf(name);
    const lines = (await readFile(path, 'utf8')).split('\n');
    await writeFile(path, change(lines).join('\n'));
  }

  const garble = (line: string) => line.replace(/.(?=.{30}$)/, (letter) => (letter === 'x' ? 'y' : 'x'));

  async function garbleLineOf(name: string, line: number) {
    const lines = (await readFile(join(directory, name), 'utf8')).split('\n');
    await writeFile(join(directory, name), lines.with(line, garble(lines[line]!)).join('\n'));
  }

  const withChecksum = (text: string) => `${text},"crc":"${crc32(text).toString(16).padStart(8, '0')}"}`;

  async function placeFor(path: string): Promise<string> {
    const place = join(directory, 'sessions', path);
    await mkdir(dirname(place), { recursive: true });
    return place;
  }

  const DAMAGES: [string, () => Promise<unknown>][] = [
    ['a line in the middle', () => rewrite('child', (lines) => lines.with(3, garble(lines[3]!)))],
    ['a line of an update', () => rewrite('child', (lines) => lines.with(11, garble(lines[11]!)))],
    ['a line in a group', () => rewrite('child', (lines) => lines.with(6, garble(lines[6]!)))],
    ['a line that is gone', () => rewrite('child', (lines) => lines.toSpliced(2, 1))],
    ['a line of a group that is gone', () => rewrite('child', (lines) => lines.toSpliced(6, 1))],
    [
      'a last line with its newline',
      () => rewrite('child', (lines) => lines.with(-2, garble(lines.at(-2)!))),
    ],
    ['a torn line', () => rewrite('child', (lines) => lines.with(-1, lines.at(-2)!.slice(0, 40)))],
    [
      'a torn line in a group',
      () => rewrite('child', (lines) => [...lines.slice(0, -2), lines.at(-2)!.slice(0, -9)]),
    ],
    ['a group cut between lines', () => rewrite('child', (lines) => [...lines.slice(0, -2), ''])],
    ['a last line without its newline', () => rewrite('child', (lines) => lines.slice(0, -1))],
    ['a line of NULs', () => rewrite('child', (lines) => lines.with(4, '\0'.repeat(lines[4]!.length)))],
    ['NULs at the end', () => rewrite('child', (lines) => lines.with(-1, '\0'.repeat(512)))],
    ['a line that is no JSON object', () => rewrite('child', (lines) => lines.toSpliced(4, 0, '[]'))],
    ['an empty line', () => rewrite('child', (lines) => lines.toSpliced(4, 0, ''))],
    ['a first line', () => rewrite('child', (lines) => lines.with(0, garble(lines[0]!)))],
    ['a first line that is gone', () => rewrite('child', (lines) => lines.slice(1))],
    ['an empty file', () => rewrite('child', () => [])],
    ['a file of NULs', () => rewrite('child', () => ['\0'.repeat(4096)])],
    ['a file that is gone', async () => rm(await fileOf('child'))],
    ['a root', () => rewrite('run.7', (lines) => lines.with(0, garble(lines[0]!)))],
    ['a line that stands twice', () => rewrite('child', (lines) => lines.toSpliced(5, 0, lines[2]!))],
    [
      'a last line that stands twice',
      () => rewrite('run.7', (lines) => lines.toSpliced(-1, 0, lines.at(-2)!)),
    ],
    ['a first line that stands twice', () => rewrite('run.7', (lines) => [lines[0]!, ...lines])],
    ['a deletion', () => garbleLineOf('store.jsonl', 1)],
    ['a file under another name', async () => copyFile(await fileOf('child'), await placeFor('83/x.jsonl'))],
    [
      'a file in another folder',
      async () => copyFile(await fileOf('child'), await placeFor('00/child.jsonl')),
    ],
    ['a link', async () => symlink(await fileOf('child'), await placeFor('83/x.jsonl'))],
    ['the identity of the store', () => garbleLineOf('store.jsonl', 0)],
    ['another file', async () => writeFile(await placeFor('notes.txt'), 'note')],
    ['another file in a folder', async () => writeFile(await placeFor('29/notes.txt'), 'note')],
    ['another folder', async () => copyFile(await fileOf('child'), await placeFor('old/child.jsonl'))],
    ['an unfinished file', async () => writeFile(await placeFor('29/.child.jsonl.1.tmp'), '{"op":')],
  ];

  it('sees the same of a file from another store, before it is adopted and after', async () => {
    await writeOfEveryKind();
    await repository.close();
    await rewrite('run.7', (lines) =>
      lines.with(0, withChecksum(lines[0]!.slice(0, -18).replace(/"store":"[^"]*"/, '"store":"another"'))),
    );
    expect(readStore(directory).unreadable).toMatchObject([
      { path: expect.stringMatching('/run.7.jsonl'), reason: 'it belongs to the store another' },
      // The child that it has had here.
      { reason: 'its parent run.7 cannot be read' },
    ]);
    await removeIndex(directory);
    repository = await openFileRepository({ directory });
    const adopted = readStore(directory);
    expect(adopted.unreadable).toEqual([]);
    expect(adopted.sessions.at(-1)).toMatchObject({ id: 'run.7', version: 4 });
    expect(adopted.sessions).toEqual(await answersOf(repository));
  });

  it.each(DAMAGES)('sees the same damage as the file repository: %s', async (_name, damage) => {
    await writeOfEveryKind();
    await repository.close();
    await damage();
    await removeIndex(directory);
    const before = readStore(directory);
    repository = await openFileRepository({ directory });
    const expected = await answersOf(repository);
    expect(before.sessions).toEqual(expected);
    const { quarantined } = await repository.status();
    expect(before.unreadable.map(({ path }) => path).sort()).toEqual(
      quarantined.map(({ path }) => path).sort(),
    );
    expect(readStore(directory).sessions).toEqual(expected);
  });
});
