import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { sessionPath } from '../../../../src/repository/files/format/layout.ts';
import { encodeLine } from '../../../../src/repository/files/format/line.ts';
import { repairLine } from '../../../../src/repository/files/tools/repair-line.ts';
import { contents, exchange, say, TestStore } from '../store.ts';

let store: TestStore;

beforeEach(async () => {
  store = await TestStore.make();
  await store.during(async (repository) => {
    await repository.create({ id: 'root' });
    await repository.create({ id: 'child', parentId: 'root', title: 'kept' });
    for (const n of [1, 2, 3]) await repository.append({ sessionId: 'child', messages: exchange(n) });
    await repository.create({ id: 'gone' });
    await repository.delete({ sessionId: 'gone', mode: 'RESTRICT' });
  });
});

const problems = () => store.problems();
const repair = () => store.repair();

describe('repair', () => {
  it('puts right whichever single bit of a line was flipped', () => {
    const lines = fc.record({
      seq: fc.nat(),
      op: fc.constant('append'),
      content: fc.string({ unit: 'grapheme' }),
    });
    fc.assert(
      fc.property(lines, fc.nat(), (record, place) => {
        const line = encodeLine(record).subarray(0, -1);
        const bit = place % (line.length * 8);
        const flipped = Buffer.from(line);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        expect(repairLine(flipped)).toEqual(line);
      }),
      { numRuns: 300 },
    );
  });

  it('brings a file back to what it was, whichever bit of it was flipped, and keeps the damaged one', async () => {
    const whole = readFileSync(store.sessionFile('child'));
    // One place of each kind, and the newlines.
    const newline = whole.indexOf('\n') * 8;
    for (const bit of [
      3,
      999,
      newline,
      newline + 2,
      newline + 7,
      whole.length * 8 - 40,
      whole.length * 8 - 18,
    ]) {
      const flipped = Buffer.from(whole);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(store.sessionFile('child'), flipped);
      expect(await repair(), `bit ${bit}`).toContainEqual({
        path: sessionPath('child'),
        what: expect.stringContaining('flipped bit'),
      });
      expect(readFileSync(store.sessionFile('child'))).toEqual(whole);
      expect(await problems()).toEqual([]);
      const kept = readdirSync(store.path('torn')).map((name) => readFileSync(store.path('torn', name)));
      expect(kept).toContainEqual(flipped);
      rmSync(store.path('torn'), { recursive: true });
    }
  });

  it('joins a line that one flipped bit cut in two with a newline', async () => {
    // "*" is a newline with one bit more.
    await store.during((repository) => repository.append({ sessionId: 'root', messages: [say('a*b')] }));
    const whole = readFileSync(store.sessionFile('root'));
    const at = whole.indexOf('*');
    writeFileSync(store.sessionFile('root'), Buffer.from(whole).fill('\n', at, at + 1));
    await repair();
    expect(readFileSync(store.sessionFile('root'))).toEqual(whole);
    expect(await problems()).toEqual([]);
  });

  it('puts the log right, so that what was deleted stays so', async () => {
    const log = readFileSync(store.path('store.jsonl'));
    writeFileSync(
      store.path('store.jsonl'),
      Buffer.from(log).fill(log.at(-50)! ^ 8, log.length - 50, log.length - 49),
    );
    await repair();
    expect(readFileSync(store.path('store.jsonl'))).toEqual(log);
    expect(await problems()).toEqual([]);
  });

  it('cuts a torn tail, keeps it, and builds the index again', async () => {
    store.edit('child', (bytes) => Buffer.concat([bytes, Buffer.from('{"seq":9')]));
    writeFileSync(store.path('index.db'), 'noise');
    const done = await repair();
    expect(done).toContainEqual({ path: sessionPath('child'), what: expect.stringContaining('torn tail') });
    expect(done).toContainEqual({ path: 'index.db', what: 'built again' });
    expect(readdirSync(store.path('torn'))).toHaveLength(1);
    expect(await problems()).toEqual([]);
  });

  it('leaves what it cannot mend as it is, and the check goes on to report it', async () => {
    const whole = readFileSync(store.sessionFile('child'));
    const noise = Buffer.from(whole).fill('noise', whole.length - 60, whole.length - 40);
    writeFileSync(store.sessionFile('child'), noise);
    await repair();
    expect(readFileSync(store.sessionFile('child'))).toEqual(noise);
    expect(await problems()).toMatchObject([
      { path: sessionPath('child'), reason: expect.stringMatching(/^line 4/) },
    ]);
    expect(await store.during((repository) => contents(repository, 'child'))).toHaveLength(4);
  });

  it('is refused while a server has the directory', async () => {
    const repository = await store.open();
    await expect(repair()).rejects.toThrow(/in use by process/);
    await repository.append({ sessionId: 'child', messages: [say('still here')] });
  });
});
