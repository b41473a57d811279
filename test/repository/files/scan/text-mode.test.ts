import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { sessionPath } from '../../../../src/repository/files/format/layout.ts';
import { contents, exchange, TestStore } from '../store.ts';

/* Copies in text mode, as FTP clients, version control and editors make them, end lines in CR LF and put a byte order mark first. */

let store: TestStore;
const FILES = ['root', 'child'] as const;
const SAID = ['question 1', 'answer 1', 'question 2', 'answer 2', 'question 3', 'answer 3'];

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

const crlf = (text: string) => text.replaceAll('\n', '\r\n');
const CONVERSIONS: Record<string, (text: string) => string> = {
  'CR LF in all lines': crlf,
  'CR LF in all lines but the first': (text) => text.replaceAll(/(?<=\n.*)\n/g, '\r\n'),
  'CR LF in the last line': (text) => text.replace(/\n$/, '\r\n'),
  'CR CR LF in all lines': (text) => crlf(crlf(text)),
  'a byte order mark': (text) => `\ufeff${text}`,
  'a byte order mark, and CR LF in all lines': (text) => `\ufeff${crlf(text)}`,
  'a byte order mark in its middle': (text) => text.replace(/\n(?=.*\n$)/, '\n\ufeff'),
};

const problems = () => store.problems();
const repair = () => store.repair();

const REASON =
  /(the line ends in CR LF|a byte order mark stands before the line).*"sessiontree check --repair" repairs it/;

async function expectWhole(): Promise<void> {
  expect(await problems()).toEqual([]);
  await store.during(async (repository) => {
    expect(await contents(repository, 'child')).toEqual(SAID);
    expect(await repository.findMany(['child'])).toMatchObject([
      { title: 'kept', parentId: 'root', version: 4, depth: 1, damage: [] },
    ]);
    expect((await repository.status()).quarantined).toEqual([]);
    await expect(repository.create({ id: 'gone' })).rejects.toThrow(/deleted/);
  });
  rmSync(store.path('index.db'));
  expect(await store.during((repository) => contents(repository, 'child'))).toEqual(SAID);
}

describe.each(Object.keys(CONVERSIONS))('%s', (name) => {
  const convert = (path: string) => writeFileSync(path, CONVERSIONS[name]!(readFileSync(path, 'utf8')));

  it.each([true, false])(
    'is said of a session, taken out, and kept aside; met by a server: %s',
    async (isMet) => {
      const file = store.sessionFile('child');
      const good = readFileSync(file);
      convert(file);
      const bad = readFileSync(file);
      if (isMet) {
        await store.during(async (repository) => {
          await contents(repository, 'child');
          const { quarantined } = await repository.status();
          expect(quarantined.length).toBeGreaterThan(0);
          for (const { path, reason } of quarantined)
            expect({ path, reason }).toEqual({
              path: sessionPath('child'),
              reason: expect.stringMatching(REASON),
            });
        });
        // Nothing was treated as an unfinished write.
        expect(readFileSync(file)).toEqual(bad);
        expect(existsSync(store.path('torn'))).toBe(false);
      }
      const found = (await problems()).filter(({ path }) => path !== 'index.db');
      expect(found.length).toBeGreaterThan(0);
      for (const problem of found)
        expect(problem).toEqual({ path: sessionPath('child'), reason: expect.stringMatching(REASON) });
      expect(await repair()).toContainEqual({
        path: sessionPath('child'),
        what: expect.stringMatching(/^took out what a copy in text mode had put into \d lines?$/),
      });
      expect(readFileSync(file)).toEqual(good);
      const kept = readdirSync(store.path('torn')).map((each) => readFileSync(store.path('torn', each)));
      expect(kept).toContainEqual(bad);
      await expectWhole();
    },
  );

  it('is said of the whole store, and taken out', async () => {
    const files = [store.path('store.jsonl'), ...FILES.map((id) => store.sessionFile(id))];
    const good = files.map((file) => readFileSync(file));
    files.forEach(convert);
    rmSync(store.path('index.db'));
    const found = await problems();
    expect(found).toContainEqual({ path: 'store.jsonl', reason: expect.stringMatching(REASON) });
    await repair();
    expect(files.map((file) => readFileSync(file))).toEqual(good);
    await expectWhole();
  });
});

it('the index outlives the repair of the log: it knows versions that a file has lost', async () => {
  store.edit('child', (bytes) => bytes.subarray(0, bytes.lastIndexOf(0x0a, -2) + 1));
  writeFileSync(store.path('store.jsonl'), crlf(readFileSync(store.path('store.jsonl'), 'utf8')));
  const versions = () =>
    store.during(async (repository) => {
      await contents(repository, 'child');
      return (await repository.findMany(['child'])).map((session) => session?.version);
    });
  expect(await versions()).toEqual([4]);
  expect(await repair()).not.toContainEqual(expect.objectContaining({ path: 'index.db' }));
  expect(await versions()).toEqual([4]);
});

it('a flipped bit in a line that ends in CR LF is put right as well', async () => {
  const file = store.sessionFile('child');
  const good = readFileSync(file);
  const bad = Buffer.from(crlf(good.toString()));
  bad[bad.length - 60]! ^= 4;
  writeFileSync(file, bad);
  await repair();
  expect(readFileSync(file)).toEqual(good);
  await expectWhole();
});
