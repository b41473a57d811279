import { describe, expect, it } from 'vitest';
import type { ReadOptions } from '../../../src/repository/read-options.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { conversation, type OpenStore } from './store.ts';

type Count = (repository: SessionRepository, options: ReadOptions) => Promise<number | readonly number[]>;

const FILTER = { agentName: 'coder' };

const COUNTS: Record<string, Count> = {
  countChildren: (repository, options) =>
    repository.countChildren(
      ['top', 'c1', 'none'].map((parentId) => ({ parentId })),
      options,
    ),
  'countChildren with a filter': (repository, options) =>
    repository.countChildren([{ parentId: 'top', filter: FILTER }], options),
  countDescendants: (repository, options) =>
    repository.countDescendants(['top', 'c1', 'none'], null, null, options),
  'countDescendants to a depth': (repository, options) =>
    repository.countDescendants(['top', 'c1'], 1, null, options),
  'countDescendants with a filter': (repository, options) =>
    repository.countDescendants(['top', 'c1'], null, FILTER, options),
  countForks: (repository, options) =>
    repository.countForks([{ sessionId: 'top' }, { sessionId: 'c1' }], options),
  countHistory: (repository, options) =>
    repository.countHistory([{ sessionId: 'top' }, { sessionId: 'c1' }], options),
  'countHistory of a role': (repository, options) =>
    repository.countHistory([{ sessionId: 'top', roles: ['USER'] }], options),
  count: (repository, options) => repository.count({}, options),
  'count with archived ones': (repository, options) => repository.count({ archived: 'INCLUDE' }, options),
  'count with a filter': (repository, options) => repository.count(FILTER, options),
  'count of metadata': (repository, options) => repository.count({ metadata: { k: 1 } }, options),
  'count of statuses': (repository, options) => repository.count({ statuses: ['RUNNING', 'IDLE'] }, options),
};

export function describeCountLimits(store: OpenStore): void {
  describe('a count with a limit', () => {
    it.each(Object.entries(COUNTS))('%s is the count, or the limit', async (_name, count) => {
      await populate(store);
      const all = [await count(store.repository, {})].flat();
      expect(Math.max(...all)).toBeGreaterThan(1);
      for (const countLimit of [1, 2, 3, 5, 8, 1_000]) {
        const limited = [await count(store.repository, { countLimit })].flat();
        expect(limited).toEqual(all.map((each) => Math.min(each, countLimit)));
      }
    });
  });
}

async function populate(store: OpenStore): Promise<void> {
  await store.create({ id: 'top', messages: conversation(7), metadata: { k: 1 } });
  for (const id of ['c1', 'c2', 'c3', 'c4'])
    await store.create({ id, parentId: 'top', agentName: 'coder', metadata: { k: 1 } });
  for (const id of ['g1', 'g2', 'g3'])
    await store.create({ id, parentId: 'c1', agentName: 'coder', status: 'RUNNING' });
  for (const id of ['f1', 'f2', 'f3']) await store.repository.fork({ sessionId: 'top', id, asRoot: true });
  for (const sessionId of ['f1', 'f2'])
    await store.repository.archive({ sessionId, archived: true, subtree: false });
}
