import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sessionPath } from '../../../src/repository/files/format/layout.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { conversation, historyOf, idsOf, MUCH, say } from '../../repository/contract/store.ts';
import { removeIndex } from '../../repository/files/second-reader.ts';
import { TestStore } from '../../repository/files/store.ts';
import { openTestRepository } from '../../support/repository.ts';
import { exportOf, importInto } from './lab.ts';

interface Line {
  [member: string]: unknown;
  history: { [member: string]: unknown }[];
}

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
const textOf = (lines: readonly object[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

/** A tree of four: `top`, with `a` and `b`, and `c` beneath `a`. */
async function aTree(): Promise<{ readonly original: SessionRepository; readonly text: string }> {
  const original = await openTestRepository();
  await original.create({ id: 'top', userId: 'ada', key: 'k', messages: conversation(3) });
  for (const [id, parentId] of [
    ['a', 'top'],
    ['b', 'top'],
    ['c', 'a'],
  ] as const)
    await original.create({ id, parentId, messages: [say(id)] });
  await original.truncate({ sessionId: 'top', keep: 1 }, MUCH);
  return { original, text: await exportOf(original) };
}

async function treeOf(repository: SessionRepository): Promise<string[]> {
  const order = { field: 'CREATED_AT', direction: 'ASC' } as const;
  const { items } = await repository.list({ archived: 'INCLUDE' }, order, { limit: 100, from: 'start' });
  return items.map(({ id, parentId, version }) => `${id} < ${parentId} v${version}`).toSorted();
}

const WHOLE_TREE = ['a < top v1', 'b < top v1', 'c < a v1', 'top < null v2'];

describe('restoring an export', () => {
  it('adds the sessions to those of the store, and does so once', async () => {
    const { text } = await aTree();
    const store = await openTestRepository();
    await store.create({ id: 'other', messages: [say('stays')] });
    expect((await importInto(store, [text])).said).toEqual([
      'Imported 4 new sessions, 0 changed, 0 unchanged, 0 faults; 4 messages written.',
    ]);
    expect(await treeOf(store)).toEqual([...WHOLE_TREE.slice(0, 3), 'other < null v1', 'top < null v2']);
    expect((await importInto(store, [text])).said).toEqual([
      'Imported 0 new sessions, 0 changed, 4 unchanged, 0 faults; 0 messages written.',
    ]);
    // The same twice in the files is no fault either.
    const another = await openTestRepository();
    expect((await importInto(another, [text, text])).said.at(-1)).toContain(
      '4 new sessions, 0 changed, 4 unchanged, 0 faults',
    );
  });

  it('counts sessions as unchanged whatever form the file has for them', async () => {
    const usage = { inputTokens: 2, outputTokens: 1 };
    const createdAt = '2026-01-31T12:00:00Z';
    const toolCalls = [{ toolCallId: 't', name: 'n' }];
    const minimal = {
      id: 's',
      createdAt,
      version: 1,
      forkedFrom: { sessionId: 'elsewhere', historyLength: 1 },
      history: [
        { id: 's:0', role: 'USER', content: 'copied', createdAt, usage },
        {
          id: 's:1',
          role: 'ASSISTANT',
          content: 'x',
          createdAt: '2026-01-31T12:00:01.000999Z',
          usage,
          toolCalls,
        },
      ],
    };
    const store = await openTestRepository();
    expect((await importInto(store, [textOf([minimal])])).report.sessions).toMatchObject({ new: 1 });
    const other = { ...minimal, title: null, metadata: {}, lastActiveAt: '2026-01-31T12:00:00.000Z' };
    expect((await importInto(store, [textOf([minimal, other])])).said).toEqual([
      'Imported 0 new sessions, 0 changed, 2 unchanged, 0 faults; 0 messages written.',
    ]);
    const differing = [
      { ...minimal, lastActiveAt: '2026-01-31T12:00:00.001Z' },
      { ...minimal, history: minimal.history.slice(0, 1) },
      { ...minimal, history: [{ ...minimal.history[0], isError: true }, minimal.history[1]] },
    ];
    expect((await importInto(store, [textOf(differing)])).report.sessions).toMatchObject({ faulty: 3 });
  });

  it('leaves a session that went on, or is another, as it is, and says so', async () => {
    const { original, text } = await aTree();
    await original.append({ sessionId: 'a', messages: [say('later')] });
    const lines = linesOf(text);
    lines[3]!.history[0]!.content = 'b, in other words';
    lines[2]!.title = 'a title';
    const { said, report } = await importInto(original, [textOf(lines)]);
    expect(report.complete).toBe(false);
    expect(said).toEqual([
      'Not imported:',
      '  0.jsonl:2: the session "a" is there already, with version 2 in place of 1: it stays as it is',
      '  0.jsonl:3: the session "c" is there already, with the same version and another content: it stays as it is',
      '  0.jsonl:4: the session "b" is there already, with the same version and another content: it stays as it is',
      'Imported 0 new sessions, 0 changed, 1 unchanged, 3 faults; 0 messages written.',
    ]);
    expect(await original.findMany(['b', 'c'])).toMatchObject([{ version: 1 }, { title: null }]);
  });

  it('brings back nothing that was deleted in the store, and counts that', async () => {
    const { original, text } = await aTree();
    await original.delete({ sessionId: 'a', mode: 'CASCADE' });
    const { said, report } = await importInto(original, [text]);
    expect(report.complete).toBe(true);
    expect(said).toEqual([
      'Left out, because they were deleted here: 2 sessions.',
      'Imported 0 new sessions, 0 changed, 2 unchanged, 0 faults; 0 messages written.',
    ]);
    expect(await treeOf(original)).toEqual(['b < top v1', 'top < null v2']);
  });

  it('takes a session whose file cannot be read for no deleted one', async () => {
    const { text } = await aTree();
    const store = await TestStore.make();
    await store.during((repository) => importInto(repository, [text]));
    store.edit('a', (bytes) => bytes.fill('#', 0, 9));
    await removeIndex(store.directory);
    const again = () => store.during((repository) => importInto(repository, [text]));
    const { said, report } = await again();
    expect(report.sessions).toMatchObject({ new: 0, unchanged: 3, faulty: 1, deletedHere: 0 });
    expect(said[1]).toContain('0.jsonl:2: The id "a" is taken: a file that cannot be read has it');
    await rm(store.sessionFile('a'));
    expect((await again()).report.sessions).toMatchObject({ new: 1, unchanged: 3, faulty: 0 });
    expect(await treeOf(await store.open())).toEqual(WHOLE_TREE);
  });

  it('makes a session whose parent is missing a root, which it stays', async () => {
    const { text } = await aTree();
    const [top, a, c, b] = text
      .trimEnd()
      .split('\n')
      .map((line) => `${line}\n`);
    const store = await openTestRepository();
    expect((await importInto(store, [c! + b!])).said.slice(0, 3)).toEqual([
      'Notes:',
      '  0.jsonl:1: its parent "a" is neither in the files nor in the store: it came in as a root',
      '  0.jsonl:2: its parent "top" is neither in the files nor in the store: it came in as a root',
    ]);
    const { said, report } = await importInto(store, [top! + a! + c! + b!]);
    expect(report.complete).toBe(true);
    expect(said).toContain(
      '  0.jsonl:3: its parent "a" is there; the session was restored as a root before, and stays one',
    );
    expect(said.at(-1)).toContain('2 new sessions, 0 changed, 2 unchanged, 0 faults');
    expect(await treeOf(store)).toEqual(['a < top v1', 'b < null v1', 'c < null v1', 'top < null v2']);
  });

  it('finds parents in any file, and in any order; siblings are in the order of the files', async () => {
    const { text } = await aTree();
    const [top, a, c, b] = linesOf(text);
    const store = await openTestRepository();
    const { report } = await importInto(store, [textOf([c!, b!]), textOf([a!]), textOf([top!])]);
    expect(report.lines()).toHaveLength(1);
    expect(await treeOf(store)).toEqual(WHOLE_TREE);
    const [children] = await store.childrenOf([{ parentId: 'top', page: { limit: 9, from: 'start' } }]);
    expect(idsOf(children!.items)).toEqual(['a', 'b']);
  });

  it('cuts the link that closes a circle of parents', async () => {
    const lines = linesOf((await aTree()).text);
    lines[0]!.parentId = 'c';
    const store = await openTestRepository();
    const { said } = await importInto(store, [textOf(lines)]);
    expect(said[1]).toMatch(/its parent "\w+" is neither in the files nor in the store/);
    expect(said.at(-1)).toContain('4 new sessions');
  });

  it('reports lines that are no session with file and line, and takes in all others', async () => {
    const { text } = await aTree();
    const [top, a, c, b] = linesOf(text) as [Line, Line, Line, Line];
    const bad: [object | string, string][] = [
      ['{"id":"x",', 'the line is cut, or no JSON object'],
      ['{"id":"x","version":}', 'the line is no JSON object'],
      [
        '{"id":"x","version":1,"createdAt":"2026-01-31T12:00:00Z","history":[1]}',
        'history.0 is too large, or no JSON object',
      ],
      ['{"id":"x","history":[]}', 'version: expected a whole number up to 2^53 - 1, got nothing'],
      [{ ...top, id: '../x' }, 'expected the "id" of a session'],
      [{ ...top, id: 'x', version: 0 }, 'version: expected 1 or more, got 0'],
      // Nothing could be written to such sessions any more.
      [{ ...top, id: 'x', version: 2 ** 31 - 1 }, 'version: expected at most 2^30, got 2147483647'],
      [{ ...a, nextOrdinal: 2 ** 53 - 1 }, 'nextOrdinal: expected at most 2^52'],
      [{ ...a, history: [{ ...a.history[0], id: `a:${2 ** 53 - 1}` }] }, 'a number of at most 2^52'],
      [
        { ...top, id: 'x', key: 'y', createdAt: 'today' },
        'createdAt: expected a time as 2026-01-31T12:00:00.000Z',
      ],
      [{ ...a, updatedAt: '2026-02-30T12:00:00.000Z' }, 'updatedAt: expected a time as'],
      [{ ...a, paid: [{ day: '2026-02-30' }] }, 'paid.0.day: expected a day as 2026-01-31'],
      [{ ...a, paid: [{ costUsd: '9'.repeat(1_000_000) }] }, 'paid.0.costUsd: expected a decimal number'],
      [{ ...top, id: 'x', key: 'y' }, 'history.0.id: expected the id of a message of "x", got "top:0"'],
      [
        {
          ...a,
          history: [
            { ...a.history[0], id: 'a:1' },
            { ...a.history[0], id: 'a:1' },
          ],
        },
        'history.1.id: expected a number above 1, got 1',
      ],
      [{ ...a, history: [{ ...a.history[0], content: 5 }] }, 'history.0.content'],
      [{ ...a, title: 'x\0' }, 'title: expected well-formed Unicode without NUL'],
    ];
    const others = await openTestRepository();
    for (const [line, reason] of bad) {
      const text = typeof line === 'string' ? line : JSON.stringify(line);
      const { report } = await importInto(others, [`${textOf([b])}${text}\n${JSON.stringify(c)}`]);
      expect(report.faults, reason).toMatchObject([{ line: 2, reason: expect.stringContaining(reason) }]);
      expect(await treeOf(others)).toEqual(['b < null v1', 'c < null v1']);
    }
    const store = await openTestRepository();
    const { report } = await importInto(store, [text.slice(0, -30)]);
    expect(report.faults).toMatchObject([{ line: 4, reason: 'the file ends within the line' }]);
    expect(await treeOf(store)).toEqual(WHOLE_TREE.filter((line) => !line.startsWith('b')));
  });

  it('reports a session whose key is taken, and takes in all others', async () => {
    const { text } = await aTree();
    const store = await openTestRepository();
    await store.create({ id: 'holder', userId: 'ada', key: 'k' });
    const { said, report } = await importInto(store, [text]);
    expect(report).toMatchObject({ complete: false, sessions: { new: 3, faulty: 1 } });
    expect(said[1]).toBe(
      '  0.jsonl:1: The key "k" is taken: the session "holder" has it. Choose another, or use that session.',
    );
  });

  it('takes texts as other tools write them, and counts members that no export writes', async () => {
    const { original, text } = await aTree();
    const sorted = (value: unknown): unknown =>
      typeof value !== 'object' || value === null || Array.isArray(value)
        ? value
        : Object.fromEntries(
            Object.entries(value)
              .toSorted(([one], [other]) => (one < other ? -1 : 1))
              .map(([name, held]) => [name, sorted(held)]),
          );
    const lines = linesOf(text).map((line) => ({
      ...(sorted(line) as Line),
      history: line.history.map(sorted),
    }));
    const more = lines.map((line) => ({
      ...line,
      later: 1,
      history: line.history.map((message) => ({ ...(message as object), mood: 'x' })),
    }));
    const store = await openTestRepository();
    const { said } = await importInto(store, [`\ufeff${textOf(more).replaceAll('\n', '\r\n')}`]);
    expect(said).toEqual([
      'No place in the store: message.mood (4), session.later (4).',
      'Imported 4 new sessions, 0 changed, 0 unchanged, 0 faults; 4 messages written.',
    ]);
    expect(await exportOf(store)).toBe(await exportOf(original));
    expect((await importInto(store, [textOf(more)])).said.at(-1)).toContain('4 unchanged');
  });

  it('takes files without what only an exact copy needs, and files that lack messages', async () => {
    const usage = { inputTokens: 2, outputTokens: 1, costUsd: 0.25 };
    const original = await openTestRepository();
    await original.create({
      id: 's',
      messages: [say('0', { usage }), say('1', { usage }), say('2', { usage })],
    });
    const [line] = linesOf(await exportOf(original));
    const { nextOrdinal: _, paid: __, ...old } = line!;
    const store = await openTestRepository();
    const { said } = await importInto(store, [
      textOf([{ ...old, history: [line!.history[0]!, line!.history[2]!] }]),
    ]);
    expect(said.slice(0, 2)).toEqual(['Notes:', '  0.jsonl:1: the file lacks 1 of its 3 messages']);
    expect(await store.findMany(['s'])).toMatchObject([
      { historyLength: 2, messageCount: 2, usage: { inputTokens: 4, costUsd: 0.5 } },
    ]);
    const { messages } = await store.append({ sessionId: 's', messages: [say('next')] });
    expect(messages).toMatchObject([{ ordinal: 3, position: 2 }]);
    expect((await historyOf({ repository: store } as never, 's')).map(({ ordinal }) => ordinal)).toEqual([
      0, 2, 3,
    ]);
  });

  it('takes the export of a session whose damage leaves less than nothing paid', async () => {
    const store = await TestStore.make();
    const damaged = await store.open();
    const paid = (inputTokens: number, costUsd: number) =>
      say('', { key: 'k', usage: { inputTokens, outputTokens: 0, costUsd } });
    await damaged.create({ id: 's' });
    await damaged.append({ sessionId: 's', messages: [paid(8, 0.8)] });
    await damaged.append({ sessionId: 's', messages: [paid(1, 0.1)], onKey: 'REPLACE' });
    await damaged.close();
    const path = join(store.directory, sessionPath('s'));
    await writeFile(
      path,
      (await readFile(path, 'utf8')).replace(
        '"inputTokens":8,"outputTokens":0,"costUsd":0.8}}]',
        '"inputTokens":9,"outputTokens":0,"costUsd":0.8}}]',
      ),
    );
    await rm(join(store.directory, 'index.db'));
    const text = await exportOf(await store.open());
    expect(linesOf(text)).toMatchObject([{ usage: { inputTokens: 0 }, paid: [] }]);
    const copy = await openTestRepository();
    expect((await importInto(copy, [text])).said.at(-1)).toContain(
      '1 new session, 0 changed, 0 unchanged, 0 faults',
    );
    expect(linesOf(await exportOf(copy))).toMatchObject([
      { version: 3, paid: [], usage: { inputTokens: 0 } },
    ]);
  });

  it('says in a dry run what would come in, and writes nothing', async () => {
    const { original, text } = await aTree();
    const store = await openTestRepository();
    const lines = linesOf(text);
    const before = await store.mark();
    const { said } = await importInto(store, [textOf([...lines, { ...lines[1], id: 'x' }])], {
      isDryRun: true,
    });
    expect(said).toEqual([
      'Not imported:',
      '  0.jsonl:5: history.0.id: expected the id of a message of "x", got "a:0"',
      'Would import 4 new sessions, 0 changed, 0 unchanged, 1 fault; 4 messages to write.',
    ]);
    expect(await store.mark()).toBe(before);
    expect((await importInto(original, [text], { isDryRun: true })).said.at(-1)).toContain(
      'Would import 0 new sessions, 0 changed, 4 unchanged',
    );
  });

  it('keeps the limits of the store', async () => {
    const { text } = await aTree();
    const store = await openTestRepository();
    const { report } = await importInto(store, [text], { limits: { keyBytes: 0 } });
    expect(report.faults).toMatchObject([
      { line: 1, reason: expect.stringContaining('(the limit keyBytes)') },
    ]);
    expect(report.sessions).toMatchObject({ new: 3, faulty: 1 });
  });
});
