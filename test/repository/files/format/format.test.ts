import { mkdtempSync } from 'node:fs';
import { copyFile, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { canonicalJson } from '../../../../src/model/json.ts';
import { openFileRepository } from '../../../../src/repository/files/open.ts';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { temporaryDirectory } from '../../../support/repository.ts';
import { say } from '../../contract/store.ts';
import { answersOf, hasPython, readStore, removeIndex } from '../second-reader.ts';
import { BY_HAND, writeKindsByHand } from './by-hand.ts';
import { writeOfEveryKind } from './every-kind.ts';
import { withChecksum } from './lines.ts';

describe.skipIf(!hasPython)('a reader written from FORMAT.md alone (python3)', () => {
  /** A store in which every mutation was made, and its answers then. */
  const whole = mkdtempSync(join(tmpdir(), 'sessiontree-'));
  let answers: Awaited<ReturnType<typeof answersOf>>;
  /** A copy of it, which no process has open. */
  let directory: string;

  beforeAll(async () => {
    const repository = await openFileRepository({ directory: whole });
    await writeOfEveryKind(repository);
    answers = await answersOf(repository);
    await repository.close();
  });

  afterAll(() => rm(whole, { recursive: true }));

  beforeEach(async () => {
    directory = await temporaryDirectory();
    await cp(whole, directory, { recursive: true });
  });

  async function open(): Promise<SessionRepository> {
    const repository = await openFileRepository({ directory });
    onTestFinished(() => repository.close());
    return repository;
  }

  /** The one file whose name has this prefix. */
  async function fileOf(name: string): Promise<string> {
    const paths = await readdir(join(directory, 'sessions'), { recursive: true });
    const [found, ...more] = paths.filter((path) => path.endsWith(`/${name}.jsonl`));
    expect(more).toEqual([]);
    return join(directory, 'sessions', found!);
  }

  it('reads what the file repository wrote, of every kind, while it is open and when it is closed', async () => {
    expect(answers.length).toBe(24);
    const closed = readStore(directory);
    expect(closed).toMatchObject({
      status: 0,
      unreadable: [],
      deleted: ['between', 'gone', 'Gone2', 'forms-gone'],
    });
    expect(closed.sessions).toEqual(answers);
    expect(canonicalJson(closed.sessions)).toBe(canonicalJson(answers));
    expect(await answersOf(await open())).toEqual(answers);

    directory = await temporaryDirectory();
    const repository = await open();
    await writeOfEveryKind(repository);
    expect(readStore(directory).sessions).toEqual(await answersOf(repository));
  });

  it('reads kinds that no mutation writes yet as the file repository does', async () => {
    writeKindsByHand(directory);
    const read = readStore(directory);
    expect(read).toMatchObject({ status: 0, unreadable: [] });
    const before = answers.find(({ id }) => id === BY_HAND)!;
    const [message] = before.history;
    expect(read.sessions.find((session) => 'id' in session && session.id === BY_HAND)).toMatchObject({
      version: before.version + 40,
      lastActiveAt: '2030-11-24T03:47:29.557Z',
      usage: { inputTokens: 9, outputTokens: 7, cacheReadTokens: 1, costUsd: 3.0125 },
      history: [
        {
          id: `${BY_HAND}:0`,
          content: '',
          key: null,
          usage: message!.usage,
          replacedAt: message!.replacedAt,
        },
      ],
    });

    const repository = await open();
    expect(await answersOf(repository)).toEqual(read.sessions);
    await repository.archive({ sessionId: BY_HAND, archived: false, subtree: false });
    const { messages } = await repository.append({ sessionId: BY_HAND, messages: [say('next')] });
    expect(messages[0]).toMatchObject({ ordinal: 70, position: 1 });
    expect(readStore(directory).sessions).toEqual(await answersOf(repository));
  });

  /** Rewrites a session's file with `change` applied to its lines. The store must be closed. */
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

  async function placeFor(path: string): Promise<string> {
    const place = join(directory, 'sessions', path);
    await mkdir(dirname(place), { recursive: true });
    return place;
  }

  /** Does `change` with the place of the nth line with a record of this kind in the file of "forms". */
  const rewriteAt = (op: string, nth: number, change: (lines: string[], at: number) => string[]) =>
    rewrite('forms', (lines) => {
      const places = [...lines.keys()].filter((at) => lines[at]!.includes(`"op":"${op}"`));
      return change(lines, places.at(nth)!);
    });
  const garbleAt = (op: string, nth: number) =>
    rewriteAt(op, nth, (lines, at) => lines.with(at, garble(lines[at]!)));

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
    [
      'a last line with a byte order mark and without its newline',
      () => rewrite('child', (lines) => [...lines.slice(0, -2), `\ufeff${lines.at(-2)}`]),
    ],
    ['lines that end in CR LF', () => rewrite('child', (lines) => lines.join('\r\n').split(/(?<=\r)\n/))],
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
    ['the line of an earlier form', () => garbleAt('append', 0)],
    ['the line of a form between two others', () => garbleAt('replace', 0)],
    ['the line of the last form', () => garbleAt('replace', -1)],
    ['a rollback in a group', () => garbleAt('truncate', 0)],
    [
      'a rollback and what it appended, which has another form later',
      () =>
        rewriteAt('truncate', -1, (lines, at) =>
          lines.map((line, n) => (n === at || n === at + 1 ? garble(line) : line)),
        ),
    ],
    [
      'a replacement that stands twice',
      () => rewriteAt('replace', 1, (lines, at) => lines.toSpliced(at, 0, lines[at]!)),
    ],
    [
      'an operation that changed nothing, which stands twice',
      () => rewriteAt('none', 0, (lines, at) => lines.toSpliced(at, 0, lines[at]!)),
    ],
    [
      'an operation that changed nothing, which stands again later',
      () => rewriteAt('none', 0, (lines, at) => lines.toSpliced(at + 2, 0, lines[at]!)),
    ],
    [
      'a mutation that is gone before an operation that changed nothing',
      () => rewriteAt('none', 0, (lines, at) => lines.toSpliced(at - 2, 2)),
    ],
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
    await rewrite('run.7', (lines) =>
      lines.with(0, withChecksum(lines[0]!.slice(0, -18).replace(/"store":"[^"]*"/, '"store":"another"'))),
    );
    expect(readStore(directory).unreadable).toMatchObject([
      { path: expect.stringMatching('/run.7.jsonl'), reason: 'it belongs to the store another' },
      // The child that the session has in this store.
      { reason: 'its parent run.7 cannot be read' },
    ]);
    await removeIndex(directory);
    const repository = await open();
    const adopted = readStore(directory);
    expect(adopted.unreadable).toEqual([]);
    expect(adopted.sessions.at(-1)).toMatchObject({ id: 'run.7', version: 4 });
    expect(adopted.sessions).toEqual(await answersOf(repository));
  });

  it.each(DAMAGES)('sees the same damage as the file repository: %s', async (_name, damage) => {
    await damage();
    await removeIndex(directory);
    const before = readStore(directory);
    const repository = await open();
    const expected = await answersOf(repository);
    expect(before.sessions).toEqual(expected);
    const { quarantined } = await repository.status();
    expect(before.unreadable.map(({ path }) => path).sort()).toEqual(
      quarantined.map(({ path }) => path).sort(),
    );
    expect(readStore(directory).sessions).toEqual(expected);
  });
});
