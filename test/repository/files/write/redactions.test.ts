import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { NewMessage } from '../../../../src/model/message.ts';
import { sessionPath } from '../../../../src/repository/files/format/layout.ts';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { temporaryDirectory } from '../../../support/repository.ts';
import { historyOf } from '../../contract/store.ts';
import { TestStore } from '../store.ts';
import { leak, leaks, TOKEN } from './leaks.ts';

const at = (sessionId: string, ...ordinals: number[]) => ordinals.map((ordinal) => ({ sessionId, ordinal }));
const redact = (repository: SessionRepository, ...messages: { sessionId: string; ordinal: number }[]) =>
  repository.redact({ messages, copies: true, reason: 'a leak' });
const indexed = (repository: SessionRepository) => repository.search({ query: TOKEN, limit: 1 });

const DATABASES = /^(search|index)\.db(-wal)?$/;

describe('a redaction', () => {
  it('leaves nothing in any file: earlier forms, dropped messages, forks, the journal, search', async () => {
    const store = await TestStore.make();
    const { directory } = store;
    const repository = await store.open();
    await repository.create({ id: 'a', messages: [leak({ key: 'k' }), leak({ key: 'l' }), leak()] });
    await repository.fork({ id: 'f', sessionId: 'a', asRoot: true });
    await repository.fork({ id: 'g', sessionId: 'f', asRoot: true });
    await indexed(repository);
    await repository.append({ sessionId: 'a', messages: [leak({ key: 'k', kind: 'x' })], onKey: 'REPLACE' });
    await repository.append({
      sessionId: 'a',
      messages: [{ role: 'USER', content: 'clean', key: 'l' }],
      onKey: 'REPLACE',
    });
    await repository.truncate({ sessionId: 'a', keep: 2 }, null);
    await repository.append({ sessionId: 'a', messages: [{ role: 'USER', content: 'innocent' }] });
    await indexed(repository);
    const files = leaks(directory);
    expect(files).toEqual(expect.arrayContaining(['a', 'f', 'g'].map(sessionPath)));
    expect(files).toContainEqual(expect.stringMatching(/^journal/));
    expect(files).toContainEqual(expect.stringMatching(DATABASES));

    const size = statSync(join(directory, sessionPath('a'))).size;
    await redact(repository, ...at('a', 0, 1, 2));
    expect(leaks(directory)).toEqual([]);
    expect(statSync(join(directory, sessionPath('a'))).size).toBeGreaterThan(size);
    expect(await repository.search({ query: 'innocent', limit: 2 })).toMatchObject({
      hits: [{ sessionId: 'a' }],
    });
    await repository.close();
    expect(leaks(directory)).toEqual([]);
    expect(existsSync(join(directory, 'redaction.json'))).toBe(false);
    expect(await store.problems()).toEqual([]);
    const warned = store.said.filter(({ level }) => level === 'warn' || level === 'error');
    expect(warned).toEqual([]);
  });

  it('goes on beside reads and writes, whose answers are whole', async () => {
    const store = await TestStore.make();
    const repository = await store.open();
    const count = 40;
    const messages = Array.from({ length: count }, (_, n) => leak({ key: `${n}` }));
    await repository.create({ id: 'a', messages });
    const reads = Array.from({ length: 20 }, () => historyOf({ repository } as never, 'a'));
    const writes = [1, 2, 3].map((n) =>
      repository.append({ sessionId: 'a', messages: [{ role: 'USER', content: `${n}` }] }),
    );
    const redacted = redact(repository, ...at('a', ...Array.from({ length: count }, (_, n) => n)));
    const more = Array.from({ length: 20 }, () => historyOf({ repository } as never, 'a'));
    for (const history of await Promise.all([...reads, ...more]))
      expect(history.length).toBeGreaterThanOrEqual(count);
    await Promise.all([redacted, ...writes]);
    expect(leaks(store.directory)).toEqual([]);
    expect(await historyOf({ repository } as never, 'a')).toHaveLength(count + 3);
  });

  it('takes cut tails, repaired files and copies of the journal out of torn/, and nothing else', async () => {
    const store = await TestStore.make();
    await store.during((repository) => repository.create({ id: 'a', messages: [leak()] }));
    const torn = join(store.directory, 'torn');
    mkdirSync(torn, { recursive: true });
    const kept = ['a.jsonl.12.1760000000000', 'a.jsonl.whole.1760000000000', '3.journal.1760000000000'];
    for (const name of kept) writeFileSync(join(torn, name), TOKEN);
    const others = [
      'ab.jsonl.12.1760000000000',
      'a.jsonl.b.jsonl.12.1760000000000',
      'store.jsonl.12.1760000000000',
    ];
    for (const name of others) writeFileSync(join(torn, name), 'of others');
    // Torn by a crash: the next start cuts it.
    appendFileSync(join(store.directory, sessionPath('a')), `{"seq":9,"content":"${TOKEN}`);
    const repository = await store.open();
    await indexed(repository);
    expect(leaks(store.directory)).toEqual(
      expect.arrayContaining([...kept.map((name) => join('torn', name)), sessionPath('a')]),
    );
    await redact(repository, ...at('a', 0));
    expect(leaks(store.directory)).toEqual([]);
    expect(readdirSync(torn).sort()).toEqual(others.sort());
  });

  it.each([
    ['an earlier form', 'replace', (line: string) => line.replace('"crc":"', '"crc":"x')],
    ['its only form', 'append', (line: string) => line.replace('"at":"2', '"at":"3')],
    [
      'its only form, of which even the kind cannot be read',
      'append',
      (line: string) => line.replace('"op":"', '"xx:"'),
    ],
  ])('overwrites a damaged line that may hold the message: %s', async (_, op, damage) => {
    const store = await TestStore.make();
    await store.during(async (repository) => {
      await repository.create({
        id: 'a',
        messages: [leak({ key: 'k' }), { role: 'USER', content: 'other' }],
      });
      const write = (message: NewMessage) =>
        repository.append({ sessionId: 'a', messages: [message], onKey: 'REPLACE' });
      await write(leak({ key: 'k', kind: 'changed' }));
      if (op === 'replace') await write({ role: 'USER', content: 'clean', key: 'k' });
    });
    const path = join(store.directory, sessionPath('a'));
    const lines = readFileSync(path, 'utf8').split('\n');
    const n = lines.findIndex((line) => line.includes(`"op":"${op}"`));
    lines[n] = damage(lines[n]!);
    writeFileSync(path, lines.join('\n'));
    const repository = await store.open();
    await redact(repository, ...at('a', 0));
    expect(leaks(store.directory)).toEqual([]);
    expect(await repository.damageOf(['a'])).toMatchObject([[{ line: n + 1 }]]);
    expect((await historyOf({ repository } as never, 'a')).at(-1)).toMatchObject({
      content: 'other',
      redactedAt: null,
    });
    await repository.close();
    expect(await store.problems()).toMatchObject([{ path: sessionPath('a') }]);
  });

  it('leaves a damaged line alone that cannot hold it', async () => {
    const store = await TestStore.make();
    await store.during(async (repository) => {
      await repository.create({ id: 'a', messages: [leak(), { role: 'USER', content: 'other' }] });
    });
    const path = join(store.directory, sessionPath('a'));
    writeFileSync(path, readFileSync(path, 'utf8').replace('other', 'Other'));
    const repository = await store.open();
    await redact(repository, ...at('a', 0));
    expect(leaks(store.directory)).toEqual([]);
    expect(readFileSync(path, 'utf8')).toContain('Other');
  });

  it('of a file in text mode is refused, with what to do, and changes nothing', async () => {
    const store = await TestStore.make();
    await store.during(async (repository) => {
      await repository.create({ id: 'a', messages: [leak(), leak()] });
    });
    const path = join(store.directory, sessionPath('a'));
    const [create, ...rest] = readFileSync(path, 'utf8').split('\n');
    writeFileSync(path, [create, ...rest.map((line) => (line === '' ? '' : `${line}\r`))].join('\n'));
    const before = readFileSync(path);
    const repository = await store.open();
    await expect(redact(repository, ...at('a', 0))).rejects.toMatchObject({
      name: 'StorageError',
      message: expect.stringMatching(/Line 2 of sessions.*check --repair/),
    });
    expect(readFileSync(path)).toEqual(before);
    expect(existsSync(join(store.directory, 'redaction.json'))).toBe(false);
  });

  it('is refused where a fork is quarantined, or a file is gone, and says which', async () => {
    const store = await TestStore.make();
    await store.during(async (repository) => {
      await repository.create({ id: 'a', messages: [leak()] });
      await repository.fork({ id: 'f', sessionId: 'a', asRoot: true });
    });
    const path = join(store.directory, sessionPath('f'));
    writeFileSync(path, readFileSync(path, 'utf8').replace('"at":"2', '"at":"3'));
    await store.during(async (repository) => {
      await expect(redact(repository, ...at('a', 0))).rejects.toMatchObject({
        name: 'StorageError',
        message: expect.stringMatching(/f\.jsonl is the file of a fork/),
      });
      expect(await repository.findMany(['a'])).toMatchObject([{ version: 1 }]);
      rmSync(join(store.directory, sessionPath('a')));
      mkdirSync(join(store.directory, sessionPath('a')));
      await expect(
        repository.redact({ messages: at('a', 0), copies: false, reason: '' }),
      ).rejects.toMatchObject({ name: 'StorageError' });
    });
    expect(existsSync(join(store.directory, 'redaction.json'))).toBe(false);
  });

  it('finds what another program has added to the file', async () => {
    const store = await TestStore.make();
    const repository = await store.open();
    await repository.create({ id: 'a', messages: [{ role: 'USER', content: 'x' }] });
    const path = join(store.directory, sessionPath('a'));
    const other = await TestStore.make();
    await other.during((there) => there.create({ id: 'a', messages: [leak()] }));
    // The same session of another copy of the store, with another message.
    const line = readFileSync(path, 'utf8').split('\n')[0]!;
    const store2 = /"store":"([^"]+)"/.exec(line)![1]!;
    expect(store2).not.toBe('');
    const leaked = readFileSync(join(other.directory, sessionPath('a')), 'utf8').split('\n')[1]!;
    const { encodeLine } = await import('../../../../src/repository/files/format/line.ts');
    const { crc: _, part: __, parts: ___, ...record } = JSON.parse(leaked) as Record<string, unknown>;
    appendFileSync(path, encodeLine({ ...record, version: 2, seq: 2, ordinal: 1, position: 1 }));
    await redact(repository, ...at('a', 0));
    expect(leaks(store.directory)).not.toEqual([]);
    await redact(repository, ...at('a', 1));
    expect(leaks(store.directory)).toEqual([]);
  });
});

describe('a redaction that is killed', () => {
  const KILLED = join(import.meta.dirname, 'killed-redaction.ts');

  it('is completed by the next start, wherever it was, or has not begun', async () => {
    const store = await TestStore.make();
    await store.during(async (repository) => {
      await repository.create({ id: 'a', messages: [leak({ key: 'k' }), leak()] });
      await repository.append({
        sessionId: 'a',
        messages: [leak({ key: 'k', kind: 'x' })],
        onKey: 'REPLACE',
      });
      await repository.fork({ id: 'f', sessionId: 'a', asRoot: true });
      await indexed(repository);
    });
    const input = JSON.stringify({ messages: at('a', 0, 1), copies: true, reason: 'a leak' });
    const run = (directory: string, nth: number) =>
      spawnSync(process.execPath, [KILLED, directory, `${nth}`, input], { encoding: 'utf8' });
    const copyOf = async () => {
      const directory = await temporaryDirectory();
      await cp(store.directory, directory, { recursive: true });
      return directory;
    };
    const whole = run(await copyOf(), 0);
    expect(whole).toMatchObject({ status: 0, stderr: '' });
    const calls = whole.stdout.split('\n').length;
    const begun = new Set<boolean>();
    // Each point takes a process and a start of the store.
    const stride = process.env.EVERY_POINT ? 1 : Math.ceil(calls / 3);
    for (let nth = 1; nth <= calls; nth += stride) {
      const killed = TestStore.at(await copyOf());
      const { signal } = run(killed.directory, nth);
      // The number of calls depends on what the journal writes together.
      if (signal === null && nth > 1) break;
      expect(signal).toBe('SIGKILL');
      const hasBegun = existsSync(join(killed.directory, 'redaction.json'));
      begun.add(hasBegun);
      const named = (await killed.problems()).some(({ path }) => path === 'redaction.json');
      expect(named).toBe(hasBegun);
      await killed.during(async (repository) => {
        if (hasBegun) expect(leaks(killed.directory)).toEqual([]);
        for (const id of ['a', 'f']) {
          const history = await historyOf({ repository } as never, id);
          expect(new Set(history.map(({ redactedAt }) => redactedAt !== null)).size).toBe(1);
        }
        await redact(repository, ...at('a', 0, 1));
        expect(leaks(killed.directory)).toEqual([]);
        expect((await repository.findMany(['a', 'f'])).map((session) => session?.version)).toEqual([3, 2]);
      });
      expect(await killed.problems()).toEqual([]);
      rmSync(killed.directory, { recursive: true });
    }
    expect(begun).toEqual(new Set([true, false]));
  }, 60_000);
});
