import { describe, expect, it } from 'vitest';
import type { ChangesPage, SessionChange } from '../../../src/repository/changes.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { MUCH, type OpenStore, say } from './store.ts';

/** A change as the tests write it: what is null or empty is left out. */
export type Told = Partial<SessionChange> & Pick<SessionChange, 'kind' | 'sessionId'>;

/** The changes as tests compare them. */
export function told({ changes }: Pick<ChangesPage, 'changes'>): Told[] {
  return changes.map(({ kind, sessionId, formerParentId, fromPosition, ordinals }) => ({
    kind,
    sessionId,
    ...(formerParentId !== null && { formerParentId }),
    ...(fromPosition !== null && { fromPosition }),
    ...(ordinals.length > 0 && { ordinals }),
  }));
}

/** All changes since a mark, in one page. */
export async function changesSince(
  repository: SessionRepository,
  after: string,
  within: string | null = null,
): Promise<Told[]> {
  const page = await repository.changesSince({ within, after, limit: 10_000 });
  expect(page).toMatchObject({ isUpToDate: true, isReset: false });
  expect(page.mark).toBe(await repository.mark());
  return told(page);
}

export function describeChanges(store: OpenStore): void {
  /** What is told of `work` to a reader that was up to date before. */
  async function after(work: () => Promise<unknown>, within: string | null = null): Promise<Told[]> {
    const mark = await store.repository.mark();
    await work();
    return changesSince(store.repository, mark, within);
  }

  describe('changes since a mark', () => {
    it('are none where nothing happened', async () => {
      await store.chain('a', 'b');
      expect(await after(async () => {})).toEqual([]);
    });

    it.each<[string, (repository: SessionRepository) => Promise<unknown>, Told[]]>([
      ['a root', (repository) => repository.create({ id: 'new' }), [{ kind: 'CREATED', sessionId: 'new' }]],
      [
        'a child with messages',
        (repository) => repository.create({ id: 'new', parentId: 'a', messages: [say('x')] }),
        [
          { kind: 'CREATED', sessionId: 'new' },
          { kind: 'APPENDED', sessionId: 'new', fromPosition: 0 },
        ],
      ],
      [
        'an append',
        (repository) => repository.append({ sessionId: 'a', messages: [say('x'), say('y')] }),
        [{ kind: 'APPENDED', sessionId: 'a', fromPosition: 3 }],
      ],
      [
        'an update',
        (repository) => repository.update({ sessionId: 'a', title: 'x' }),
        [{ kind: 'UPDATED', sessionId: 'a' }],
      ],
      [
        'a rollback',
        (repository) => repository.truncate({ sessionId: 'a', keep: 1 }, null),
        [{ kind: 'TRUNCATED', sessionId: 'a', fromPosition: 1 }],
      ],
      [
        'a move',
        (repository) => repository.move({ sessionId: 'b', parentId: null }),
        [{ kind: 'MOVED', sessionId: 'b', formerParentId: 'a' }],
      ],
      [
        'an archival',
        (repository) => repository.archive({ sessionId: 'a', archived: true, subtree: true }),
        [
          { kind: 'UPDATED', sessionId: 'a' },
          { kind: 'UPDATED', sessionId: 'b' },
          { kind: 'UPDATED', sessionId: 'c' },
        ],
      ],
      [
        'a deletion',
        (repository) => repository.delete({ sessionId: 'b', mode: 'CASCADE' }),
        [
          { kind: 'DELETED', sessionId: 'b', formerParentId: 'a' },
          { kind: 'DELETED', sessionId: 'c', formerParentId: 'b' },
        ],
      ],
      [
        'a deletion that keeps the children',
        (repository) => repository.delete({ sessionId: 'b', mode: 'REPARENT' }),
        [
          { kind: 'MOVED', sessionId: 'c', formerParentId: 'b' },
          { kind: 'DELETED', sessionId: 'b', formerParentId: 'a' },
        ],
      ],
      [
        'all that a turn does to one session',
        async (repository) => {
          const messages = [say('z', { key: 'k' }), say('new')];
          await repository.writeHistory(
            { sessionId: 'a', keep: 2, messages, onKey: 'REPLACE', title: 't' },
            { messages: MUCH, removed: MUCH },
          );
        },
        [
          { kind: 'TRUNCATED', sessionId: 'a', fromPosition: 2 },
          { kind: 'REPLACED', sessionId: 'a', fromPosition: 1, ordinals: [1] },
          { kind: 'APPENDED', sessionId: 'a', fromPosition: 2 },
          { kind: 'UPDATED', sessionId: 'a' },
        ],
      ],
    ])('tell of %s', async (_, work, expected) => {
      await store.chain('a', 'b', 'c');
      const messages = [say('0'), say('1', { key: 'k' }), say('2')];
      await store.repository.append({ sessionId: 'a', messages });
      expect(await after(() => work(store.repository))).toEqual(expected);
    });

    it('stand in the order of each session’s latest change, once for each session', async () => {
      await store.chain('a', 'b', 'c');
      const append = (sessionId: string) => store.repository.append({ sessionId, messages: [say('x')] });
      const found = await after(async () => {
        for (const id of ['a', 'b', 'c', 'a', 'b']) await append(id);
      });
      expect(found.map(({ kind, sessionId }) => [kind, sessionId])).toEqual(
        ['c', 'a', 'b'].map((id) => ['APPENDED', id]),
      );
    });

    it('name at most 1,000 messages with another form, the lowest first', async () => {
      await store.create({ id: 'a' });
      const messages = Array.from({ length: 1_001 }, (_, n) => say(`${n}`, { key: `${n}` }));
      await store.repository.append({ sessionId: 'a', messages });
      const mark = await store.repository.mark();
      const others = messages.map((each) => ({ ...each, content: `${each.content}!` })).reverse();
      await store.repository.append({ sessionId: 'a', messages: others, onKey: 'REPLACE' });
      const [replaced, ...rest] = await changesSince(store.repository, mark);
      expect(replaced).toMatchObject({ kind: 'REPLACED', fromPosition: 0 });
      expect(replaced!.ordinals).toEqual(messages.slice(0, 1_000).map((_, n) => n));
      expect(rest).toEqual([]);
    });
  });

  describe('a page of changes', () => {
    it.each([1, 2, 7])(
      'of %i goes on where the last one ended, whatever is written in between',
      async (limit) => {
        await store.create({ id: 'root' });
        let mark = await store.repository.mark();
        for (let n = 0; n < 10; n += 1) await store.create({ id: `s${n}`, parentId: 'root' });
        const seen: string[] = [];
        for (let isUpToDate = false; !isUpToDate; ) {
          const page = await store.repository.changesSince({ within: 'root', after: mark, limit });
          expect(page.changes.length).toBeLessThanOrEqual(limit);
          seen.push(...page.changes.map(({ kind, sessionId }) => `${kind} ${sessionId}`));
          ({ mark, isUpToDate } = page);
          if (!isUpToDate && seen.length < 15)
            await store.create({ id: `late${seen.length}`, parentId: 'root' });
        }
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen.filter((each) => each.startsWith('CREATED s'))).toHaveLength(10);
        expect(seen.some((each) => each.startsWith('CREATED late'))).toBe(true);
        expect(mark).toBe(await store.repository.mark());
      },
    );

    it('can end within one mutation of many sessions', async () => {
      await store.create({ id: 'root' });
      for (let n = 0; n < 9; n += 1) await store.create({ id: `s${n}`, parentId: 'root' });
      let mark = await store.repository.mark();
      await store.repository.archive({ sessionId: 'root', archived: true, subtree: true });
      await store.repository.delete({ sessionId: 's3', mode: 'CASCADE' });
      const seen: string[] = [];
      for (let isUpToDate = false; !isUpToDate; ) {
        const page = await store.repository.changesSince({ within: null, after: mark, limit: 2 });
        seen.push(...page.changes.map(({ kind, sessionId }) => `${kind} ${sessionId}`));
        ({ mark, isUpToDate } = page);
      }
      const archived = ['root', 's0', 's1', 's2', 's4', 's5', 's6', 's7', 's8'];
      expect(seen).toEqual([...archived.map((id) => `UPDATED ${id}`), 'DELETED s3']);
    });

    it('has all changes of a session, also if these are more than were asked for', async () => {
      await store.create({ id: 'a' });
      const after = await store.repository.mark();
      await store.create({ id: 'b', messages: [say('x')] });
      const page = await store.repository.changesSince({ within: null, after, limit: 1 });
      expect(told(page).map(({ kind }) => kind)).toEqual(['CREATED', 'APPENDED']);
    });

    it('ends with its signal, and charges for what it passes over', async () => {
      await store.chain('root', 'other');
      const after = await store.repository.mark();
      for (let n = 0; n < 20; n += 1) await store.create({ parentId: 'root' });
      const request = { within: 'other', after, limit: 1 };
      const reason = new Error('gone');
      const read = store.repository.changesSince(request, { signal: AbortSignal.abort(reason) });
      await expect(read).rejects.toBe(reason);
      let walked = 0;
      const page = await store.repository.changesSince(request, { onWalk: (rows) => (walked += rows) });
      expect(page).toMatchObject({ changes: [], isUpToDate: true });
      expect(walked).toBeGreaterThanOrEqual(20);
      const refused = new Error('too far');
      const onWalk = () => {
        throw refused;
      };
      await expect(store.repository.changesSince(request, { onWalk })).rejects.toBe(refused);
    });
  });
}
