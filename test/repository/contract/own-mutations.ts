import { describe, expect, it } from 'vitest';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { nextMillisecond, type OpenStore, RETURNS, say } from './store.ts';

type Change = [name: string, change: (repository: SessionRepository) => Promise<unknown>];

/** Each changes `a`, which is a child of `root` and has the child `child`. `other` is a root. */
const OWN: Change[] = [
  ['an append', (repository) => repository.append({ sessionId: 'a', messages: [say('two')] })],
  ['an update', (repository) => repository.update({ sessionId: 'a', title: 'new' })],
  ['a rollback', (repository) => repository.truncate({ sessionId: 'a', keep: 0 }, null)],
  ['a move', (repository) => repository.move({ sessionId: 'a', parentId: 'other' })],
  [
    'an archival with its tree',
    (repository) => repository.archive({ sessionId: 'root', archived: true, subtree: true }),
  ],
  ['the deletion of its parent', (repository) => repository.delete({ sessionId: 'root', mode: 'REPARENT' })],
];

/** None changes `a` itself. */
const OTHERS: Change[] = [
  ['a spawned child', (repository) => repository.create({ parentId: 'a', status: 'RUNNING' })],
  ['a fork', (repository) => repository.fork({ sessionId: 'a', asRoot: false })],
  ['a change of its child', (repository) => repository.update({ sessionId: 'child', status: 'FAILED' })],
  ['a move of its child', (repository) => repository.move({ sessionId: 'child', parentId: 'other' })],
  ['a move of its parent', (repository) => repository.move({ sessionId: 'root', parentId: 'other' })],
  [
    'an archival of its parent alone',
    (repository) => repository.archive({ sessionId: 'root', archived: true, subtree: false }),
  ],
  [
    'an unarchival that finds it not archived',
    (repository) => repository.archive({ sessionId: 'root', archived: false, subtree: true }),
  ],
];

export function describeOwnMutations(store: OpenStore): void {
  const status = { status: 'WAITING', statusMessage: 'which?' } as const;

  async function populate() {
    for (const id of ['root', 'other']) await store.create({ id });
    await store.create({ id: 'a', parentId: 'root', messages: [say('one')], ...status });
    await store.create({ id: 'child', parentId: 'a' });
    const { version, updatedAt, statusChangedAt } = await store.find('a');
    await nextMillisecond();
    return { version, updatedAt, statusChangedAt };
  }

  describe('a session', () => {
    it.each(OWN)(
      'has a new version, written now, after %s, and the status that it had',
      async (_, change) => {
        const { version, updatedAt, statusChangedAt } = await populate();
        await change(store.repository);
        const session = await store.find('a');
        expect(session).toMatchObject({ version: version + 1, ...status, statusChangedAt });
        expect(session.updatedAt.getTime()).toBeGreaterThan(updatedAt.getTime());
        for (const how of RETURNS) {
          await store.comeBack(how);
          expect(await store.find('a')).toEqual(session);
        }
      },
    );

    it.each(OTHERS)('has the version and the time of its last write after %s', async (_, change) => {
      const before = await populate();
      await change(store.repository);
      for (const how of ['at once', ...RETURNS] as const) {
        if (how !== 'at once') await store.comeBack(how);
        expect(await store.find('a')).toMatchObject({ ...before, ...status });
      }
    });
  });
}
