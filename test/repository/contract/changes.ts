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
  });
}
