import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { sessionPath } from '../../../../src/repository/files/format/layout.ts';
import { encodeLine } from '../../../../src/repository/files/format/line.ts';
import { contents, exchange, say, TestStore } from '../store.ts';

let store: TestStore;

/** A root, a child with three exchanges, and a grandchild; stopped cleanly, without an index. */
beforeEach(async () => {
  store = await TestStore.make();
  await store.during(async (repository) => {
    await repository.create({ id: 'root' });
    await repository.create({ id: 'child', parentId: 'root' });
    await repository.create({ id: 'grandchild', parentId: 'child', messages: [say('hello')] });
    for (const n of [1, 2, 3]) await repository.append({ sessionId: 'child', messages: exchange(n) });
  });
  rmSync(store.path('index.db'));
});

const flipBit = (bytes: Buffer, offset: number) => {
  const flipped = Buffer.from(bytes);
  flipped[offset]! ^= 1;
  return flipped;
};

const lineStart = (bytes: Buffer, line: number) => {
  let offset = 0;
  for (let n = 1; n < line; n += 1) offset = bytes.indexOf('\n', offset) + 1;
  return offset;
};

describe('a file that is no session', () => {
  it.each([
    ['empty', Buffer.alloc(0)],
    ['filled with NUL', Buffer.alloc(4096)],
    ['cut within its first line', Buffer.from('{"seq":1,"at":"2026-')],
    ['foreign', Buffer.from('{"session_id":"planner"}\n')],
  ])('is set aside and reported when it is %s, and hides nothing else', async (_, bytes) => {
    writeFileSync(store.sessionFile('child'), bytes);
    const repository = await store.open();

    const { sessionCount, quarantined } = await repository.status();
    expect(sessionCount).toBe(2);
    expect(new Map(quarantined.map(({ path, reason }) => [path, reason]))).toEqual(
      new Map([
        [sessionPath('child'), expect.any(String)],
        [sessionPath('grandchild'), 'its parent "child" cannot be read: it is served as a root'],
      ]),
    );
    expect(store.said).toContainEqual(expect.objectContaining({ level: 'warn', message: 'quarantined' }));
    expect(readFileSync(store.sessionFile('child'))).toEqual(bytes);

    const [child, grandchild] = await repository.findMany(['child', 'grandchild']);
    expect(child).toBeNull();
    expect(grandchild).toMatchObject({ parentId: 'child', rootId: 'grandchild', depth: 0 });
    expect(await contents(repository, 'grandchild')).toEqual(['hello']);
    await expect(repository.create({ id: 'child' })).rejects.toMatchObject({ name: 'SessionExistsError' });
  });

  it('is set aside when its name or its folder is not that of its session', async () => {
    const bytes = readFileSync(store.sessionFile('child'));
    const inWrongFolder = store.path('sessions', '00', 'child.jsonl');
    for (const path of [inWrongFolder, store.sessionFile('another')])
      mkdirSync(dirname(path), { recursive: true });
    writeFileSync(inWrongFolder, bytes);
    writeFileSync(store.sessionFile('another'), bytes);
    writeFileSync(store.path('sessions', '00', 'README'), 'hello');
    const { quarantined, sessionCount } = await store.during((repository) => repository.status());
    expect(sessionCount).toBe(3);
    expect(quarantined.map(({ path }) => path).sort()).toEqual(
      ['sessions/00/README', 'sessions/00/child.jsonl', sessionPath('another')].sort(),
    );
  });

  it('is not followed when it is a link to a file elsewhere', async () => {
    const target = store.path('elsewhere.jsonl');
    cpSync(store.sessionFile('child'), target);
    rmSync(store.sessionFile('child'));
    symlinkSync(target, store.sessionFile('child'));
    const { quarantined } = await store.during((repository) => repository.status());
    expect(quarantined).toContainEqual(
      expect.objectContaining({ path: sessionPath('child'), reason: expect.stringContaining('plain file') }),
    );
  });
});

describe('a damaged line', () => {
  it('is reported with its number, and the rest of the session is served with the gap shown', async () => {
    store.edit('child', (bytes) => flipBit(bytes, lineStart(bytes, 3) + 40));
    const repository = await store.open();
    const [child] = await repository.findMany(['child']);
    expect(child).toMatchObject({
      historyLength: 6,
      version: 4,
      damage: [{ line: 3, reason: expect.stringContaining('checksum') }],
    });
    const [page] = await repository.historyOf(
      [{ sessionId: 'child', page: { limit: 10, from: 'start' } }],
      1e6,
    );
    expect(page!.items.map(({ position, content }) => [position, content])).toEqual([
      [0, 'question 1'],
      [1, 'answer 1'],
      [4, 'question 3'],
      [5, 'answer 3'],
    ]);
    expect(await repository.countHistory([{ sessionId: 'child' }])).toEqual([4]);
    expect((await repository.status()).quarantined).toMatchObject([
      { path: sessionPath('child'), reason: expect.stringMatching(/^line 3: /) },
    ]);
  });

  it('is found when it is read, though the index was built before it happened', async () => {
    await store.during(async () => {});
    store.edit('child', (bytes) => flipBit(bytes, lineStart(bytes, 2) + 60));
    const repository = await store.open();
    expect(await contents(repository, 'child')).toEqual(['question 2', 'answer 2', 'question 3', 'answer 3']);
    const [child] = await repository.findMany(['child']);
    expect(child!.damage).toMatchObject([{ line: 2 }]);
    await repository.append({ sessionId: 'child', messages: [say('more')] });
    expect((await contents(repository, 'child')).at(-1)).toBe('more');
  });

  it('that is gone leaves a gap in the versions, which is reported', async () => {
    store.edit('child', (bytes) => {
      const lines = bytes.toString().split('\n');
      return Buffer.from(lines.toSpliced(2, 1).join('\n'));
    });
    const [child] = await store.during((repository) => repository.findMany(['child']));
    expect(child!.damage).toMatchObject([{ line: 3, reason: expect.stringContaining('missing') }]);
  });

  it.each([
    ['the first line', 5],
    ['a line within', 6],
    ['the last line', 7],
  ])('of a group that is gone is reported where the gap is: %s', async (_, gone) => {
    await store.during(async (repository) => {
      await repository.append({ sessionId: 'child', messages: [say('a'), say('b'), say('c')] });
      await repository.append({ sessionId: 'child', messages: [say('d')] });
    });
    rmSync(store.path('index.db'));
    store.edit('child', (bytes) =>
      Buffer.from(
        bytes
          .toString()
          .split('\n')
          .toSpliced(gone - 1, 1)
          .join('\n'),
      ),
    );
    const [child] = await store.during((repository) => repository.findMany(['child']));
    const reason = 'before this line, a part of a mutation is missing';
    expect(child!.damage).toMatchObject([{ line: gone, reason }]);
    expect(child!.messageCount).toBe(3 + 3);
  });

  it('of the log hides no session', async () => {
    await store.during((repository) => repository.delete({ sessionId: 'grandchild', mode: 'RESTRICT' }));
    const log = readFileSync(store.path('store.jsonl'));
    writeFileSync(store.path('store.jsonl'), flipBit(log, 5));
    rmSync(store.path('index.db'));
    const repository = await store.open();
    expect(await repository.status()).toMatchObject({
      sessionCount: 2,
      quarantined: [{ path: 'store.jsonl', reason: expect.stringMatching(/^line 1: /) }],
    });
    await expect(repository.create({ id: 'grandchild' })).rejects.toMatchObject({
      name: 'SessionExistsError',
    });
  });
});

describe('a torn tail', () => {
  it.each([1, 17, 18, 19, 100])(
    'of %i bytes is kept aside and cut, and the session goes on',
    async (length) => {
      const whole = readFileSync(store.sessionFile('child'));
      const last = whole.subarray(lineStart(whole, 4));
      const torn = last.subarray(0, length);
      writeFileSync(store.sessionFile('child'), Buffer.concat([whole.subarray(0, -last.length), torn]));

      const repository = await store.open();
      expect(await contents(repository, 'child')).toEqual([
        'question 1',
        'answer 1',
        'question 2',
        'answer 2',
      ]);
      expect((await repository.status()).quarantined).toEqual([]);
      const [kept] = readdirSync(store.path('torn'));
      expect(readFileSync(store.path('torn', kept!))).toEqual(torn);

      await repository.append({ sessionId: 'child', messages: [say('on we go')] });
      expect((await contents(repository, 'child')).at(-1)).toBe('on we go');
      expect(store.lines('child')).toHaveLength(4);
    },
  );

  it('that lacks only its newline is whole, and gets it', async () => {
    store.edit('child', (bytes) => bytes.subarray(0, -1));
    const repository = await store.open();
    expect(await contents(repository, 'child')).toHaveLength(6);
    await repository.append({ sessionId: 'child', messages: [say('next')] });
    await repository.close();
    rmSync(store.path('index.db'));
    expect(await store.during((again) => contents(again, 'child'))).toHaveLength(7);
  });

  it('that is a whole line and one wrong byte is a damaged newline, and is put right', async () => {
    store.edit('child', (bytes) => bytes.fill(0x0b, bytes.length - 1));
    const repository = await store.open();
    expect(await contents(repository, 'child')).toHaveLength(6);
    expect(readFileSync(store.sessionFile('child')).at(-1)).toBe(0x0a);
    expect(store.said.map(({ message }) => message)).toContain('put the damaged newline at its end right');
    await repository.append({ sessionId: 'child', messages: [say('next')] });
    expect(store.lines('child')).toHaveLength(5);
  });

  it('of a group of lines takes the whole group with it', async () => {
    await store.during((repository) =>
      repository.append({ sessionId: 'child', messages: [say('a'), say('b'), say('c')] }),
    );
    rmSync(store.path('index.db'));
    store.edit('child', (bytes) => bytes.subarray(0, lineStart(bytes, 7)));
    const repository = await store.open();
    expect(await contents(repository, 'child')).toHaveLength(6);
    expect(store.lines('child')).toHaveLength(4);
  });

  it('past what the index knew as acknowledged is cut, newline or not', async () => {
    await store.during(async () => {});
    rmSync(store.path('index.clean.json'));
    appendFileSync(store.sessionFile('child'), 'half a wri\n');
    const repository = await store.open();
    expect(await contents(repository, 'child')).toHaveLength(6);
    expect((await repository.status()).quarantined).toEqual([]);
    expect(store.lines('child')).toHaveLength(4);
  });

  it('within what the index knew as acknowledged is damage, and stays', async () => {
    await store.during(async () => {});
    rmSync(store.path('index.clean.json'));
    store.edit('child', (bytes) => Buffer.concat([flipBit(bytes, bytes.length - 30), Buffer.from('x')]));
    const repository = await store.open();
    const [child] = await repository.findMany(['child']);
    expect(child!.damage).toMatchObject([{ line: 4 }]);
    expect(store.lines('child')).toHaveLength(4);
  });
});

describe('a store whose log is gone', () => {
  it('keeps its sessions: they say which store it was', async () => {
    const before = JSON.parse(readFileSync(store.path('store.jsonl'), 'utf8')).store;
    rmSync(store.path('store.jsonl'));
    expect(await store.during((repository) => repository.status())).toMatchObject({
      sessionCount: 3,
      quarantined: [],
    });
    expect(JSON.parse(readFileSync(store.path('store.jsonl'), 'utf8')).store).toBe(before);
  });
});

it('a session file from elsewhere never leaves its folder', async () => {
  mkdirSync(dirname(store.sessionFile('x')), { recursive: true });
  const line = encodeLine({
    seq: 99,
    at: '2026-01-01T00:00:00.000Z',
    version: 1,
    op: 'create',
    store: 'x',
    id: '../../outside',
  });
  writeFileSync(store.sessionFile('x'), line);
  expect((await store.during((repository) => repository.status())).quarantined).toHaveLength(1);
});
