import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sessionPath } from '../../../../src/repository/files/format/layout.ts';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { temporaryDirectory } from '../../../support/repository.ts';
import { MUCH, operation } from '../../contract/store.ts';
import { TestStore } from '../store.ts';
import { leak, leaks, ODD, TOKEN } from './leaks.ts';

/** A session all of whose texts are secret. */
const secret = (id: string, parentId: string | null = null) => ({
  id,
  parentId,
  key: `${TOKEN} ${id}`,
  title: `${TOKEN} of ${ODD}`,
  project: TOKEN,
  agentName: TOKEN,
  // The owner of a deleted session stays known, so that its retries are answered to nobody else.
  userId: 'ann',
  statusMessage: TOKEN,
  metadata: { [TOKEN]: ODD },
  messages: [leak({ key: TOKEN, kind: TOKEN })],
});
const indexed = (repository: SessionRepository) => repository.search({ query: TOKEN, limit: 1 });

describe('a purging deletion', () => {
  it('leaves nothing of the sessions in any file', async () => {
    const store = await TestStore.make();
    const { directory } = store;
    const repository = await store.open();
    await repository.create({
      id: 'other',
      title: 'other',
      messages: [{ role: 'USER', content: 'innocent' }],
    });
    await repository.create(secret('a'), operation('create', 'a'));
    await repository.create(secret('b', 'a'));
    await repository.update({ sessionId: 'b', title: `${TOKEN} again` }, operation('update', 'b'));
    await repository.append({ sessionId: 'b', messages: [leak({ key: `${TOKEN}2` })] });
    await indexed(repository);
    mkdirSync(join(directory, 'torn'));
    writeFileSync(join(directory, 'torn', 'b.jsonl.12.1760000000000'), TOKEN);
    expect(leaks(directory)).toEqual(
      expect.arrayContaining([sessionPath('a'), join('torn', 'b.jsonl.12.1760000000000')]),
    );
    expect(leaks(directory)).toContainEqual(expect.stringMatching(/^index\.db/));
    expect(leaks(directory)).toContainEqual(expect.stringMatching(/^search\.db/));
    expect(leaks(directory)).toContainEqual(expect.stringMatching(/^journal/));

    const remove = () =>
      repository.delete({ sessionId: 'a', mode: 'CASCADE', purge: true }, operation('delete', 'a'));
    const deleted = await remove();
    expect(deleted).toEqual({ parentId: null, deletedIds: ['a', 'b'], reparentedIds: [] });
    expect(leaks(directory)).toEqual([]);
    expect(readFileSync(join(directory, 'store.jsonl'), 'utf8')).not.toContain('"last"');
    expect(await remove()).toEqual(deleted);
    await expect(repository.create(secret('a'), operation('create', 'a'))).rejects.toMatchObject({
      name: 'StorageError',
      isRetryable: false,
    });
    await expect(repository.create({ id: 'b' })).rejects.toMatchObject({ name: 'SessionExistsError' });
    expect(await repository.search({ query: 'innocent', limit: 1 })).toMatchObject({
      hits: [{ sessionId: 'other' }],
    });
    await repository.close();
    expect(leaks(directory)).toEqual([]);
    expect(await store.problems()).toEqual([]);
    for (const name of readdirSync(directory)) if (name.startsWith('index.db')) rmSync(join(directory, name));
    await store.during(async (rebuilt) => {
      expect(
        await rebuilt.delete({ sessionId: 'a', mode: 'CASCADE', purge: true }, operation('delete', 'a')),
      ).toEqual(deleted);
    });
  });

  it('of many sessions leaves nothing in pages of the index that were divided, and reads go on meanwhile', async () => {
    const store = await TestStore.make();
    const repository = await store.open();
    await repository.create({ id: 'top' });
    const count = 600;
    await Promise.all(
      Array.from({ length: count }, (_, n) => {
        const [parentId, title] = n % 2 ? ['top', `${TOKEN}${n}`] : [null, `kept ${n}`];
        return repository.create({
          id: `s${n}`,
          parentId,
          title,
          metadata: { note: `${title}${'.'.repeat(n)}` },
        });
      }),
    );
    await Promise.all(
      Array.from({ length: count / 3 }, (_, n) =>
        repository.update({
          sessionId: `s${n * 3}`,
          metadata: { note: `${n % 2 ? TOKEN : ''}${'x'.repeat(7 * n)}` },
        }),
      ),
    );
    expect(leaks(store.directory)).toContainEqual(expect.stringMatching(/^index\.db/));
    const deletion = repository.delete({ sessionId: 'top', mode: 'CASCADE', purge: true });
    const listed = Promise.all(Array.from({ length: 20 }, (_, n) => repository.findMany([`s${n * 2}`])));
    expect((await deletion).deletedIds).toHaveLength(count / 2 + 1);
    for (const [session] of await listed) expect(session).not.toBeNull();
    expect(leaks(store.directory)).toEqual([]);
    await repository.create({ id: 'after', title: 'after' });
    await repository.close();
    expect(await store.problems()).toEqual([]);
  });

  it('that is refused purges nothing, and leaves nothing to complete', async () => {
    const store = await TestStore.make();
    const repository = await store.open();
    await repository.create(secret('a'));
    await repository.create(secret('b', 'a'));
    await expect(repository.delete({ sessionId: 'a', mode: 'RESTRICT', purge: true })).rejects.toMatchObject({
      name: 'SessionHasChildrenError',
    });
    expect(existsSync(join(store.directory, 'redaction.json'))).toBe(false);
    expect(await repository.findMany(['a', 'b'])).toMatchObject([{ id: 'a' }, { id: 'b' }]);
  });
});

describe('a purging truncation', () => {
  it('leaves nothing of the dropped messages in any file, and all that was paid', async () => {
    const store = await TestStore.make();
    const { directory } = store;
    const repository = await store.open();
    const usage = { inputTokens: 3, outputTokens: 4, costUsd: 0.5 };
    await repository.create({
      id: 'a',
      messages: [
        { role: 'USER', content: 'stays', key: 'k' },
        leak({ key: TOKEN, kind: TOKEN, toolCallId: TOKEN, usage }),
        leak({ toolCalls: [{ toolCallId: TOKEN, name: TOKEN }] }),
      ],
    });
    await repository.append({
      sessionId: 'a',
      messages: [leak({ key: TOKEN, content: 'another form', usage })],
      onKey: 'REPLACE',
    });
    await indexed(repository);
    expect(leaks(directory)).toContainEqual(expect.stringMatching(/^index\.db/));
    const paid = () => repository.usageReport({ by: ['MODEL', 'DAY'] });
    const before = await paid();
    const truncate = () =>
      repository.truncate({ sessionId: 'a', keep: 1, purge: true }, MUCH, operation('truncate', 'a'));
    const first = await truncate();
    expect(first).toMatchObject({
      session: { version: 3, historyLength: 1 },
      removedCount: 2,
      removed: [{ content: 'another form' }, { ordinal: 2 }],
    });
    expect(leaks(directory)).toEqual([]);
    expect(await paid()).toEqual(before);
    const again = await truncate();
    expect(again).toMatchObject({ removedCount: 2, session: { version: 3 } });
    expect(again.removed).toMatchObject([
      { ordinal: 1, content: '', key: null, kind: null, toolCalls: [], toolCallId: null },
      { ordinal: 2, content: '', toolCalls: [] },
    ]);
    await repository.append({ sessionId: 'a', messages: [{ role: 'USER', content: 'new', key: 'n' }] });
    await repository.close();
    expect(leaks(directory)).toEqual([]);
    expect(await store.problems()).toEqual([]);
  });

  it('that drops nothing raises the version, as any other', async () => {
    const store = await TestStore.make();
    const repository = await store.open();
    await repository.create({ id: 'a', messages: [leak()] });
    const truncate = () =>
      repository.truncate({ sessionId: 'a', keep: 1, purge: true }, MUCH, operation('truncate', 'a'));
    expect(await truncate()).toMatchObject({ session: { version: 2 }, removedCount: 0, removed: [] });
    expect(await truncate()).toMatchObject({ session: { version: 2 }, removedCount: 0, removed: [] });
    await expect(repository.truncate({ sessionId: 'a', keep: 2, purge: true }, MUCH)).rejects.toMatchObject({
      name: 'InvalidInputError',
    });
  });
});

describe('a purge that is killed', () => {
  const KILLED = join(import.meta.dirname, 'killed-redaction.ts');

  it.each([
    ['delete', { sessionId: 'a', mode: 'CASCADE', purge: true }],
    ['truncate', { sessionId: 'a', keep: 0, purge: true }],
  ])(
    'is completed by the next start, or has not begun: %s',
    async (method, input) => {
      const store = await TestStore.make();
      await store.during(async (repository) => {
        await repository.create(
          method === 'delete' ? secret('a') : { id: 'a', messages: [leak({ key: TOKEN })] },
        );
        await indexed(repository);
      });
      const run = (directory: string, nth: number) =>
        spawnSync(process.execPath, [KILLED, directory, `${nth}`, JSON.stringify(input), method], {
          encoding: 'utf8',
        });
      const copyOf = async () => {
        const directory = await temporaryDirectory();
        await cp(store.directory, directory, { recursive: true });
        return directory;
      };
      const whole = run(await copyOf(), 0);
      expect(whole).toMatchObject({ status: 0, stderr: '' });
      const calls = whole.stdout.split('\n').length;
      const stride = process.env.EVERY_POINT ? 1 : Math.ceil(calls / 2);
      for (let nth = process.env.EVERY_POINT ? 1 : 2; nth <= calls; nth += stride) {
        const killed = TestStore.at(await copyOf());
        const { signal } = run(killed.directory, nth);
        // The number of calls depends on what the journal writes together.
        if (signal === null && nth > 1) break;
        expect(signal).toBe('SIGKILL');
        await killed.during(async (repository) => {
          const [session] = await repository.findMany(['a']);
          const isDone = method === 'delete' ? session === null : session!.historyLength === 0;
          expect(leaks(killed.directory).length === 0).toBe(isDone);
        });
        expect(existsSync(join(killed.directory, 'redaction.json'))).toBe(false);
        expect(await killed.problems()).toEqual([]);
      }
    },
    60_000,
  );
});
