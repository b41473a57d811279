import { describe, expect, it } from 'vitest';
import { DeadlineExceededError, type ReadOptions } from '../../../src/repository/read-options.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { childrenRequests } from '../../support/children.ts';
import { ALL, conversation, MUCH, type OpenStore, PLENTY_OF_BYTES, say } from './store.ts';

type Read = (repository: SessionRepository, options: ReadOptions) => Promise<unknown>;

const ORDER = { field: 'CREATED_AT', direction: 'ASC' } as const;
const HISTORY = { sessionId: 'b', page: ALL };

const FILTER = { agentName: 'nobody' };

/** Reads that step over what is not part of their answers. */
const WALKS: Record<string, Read> = {
  countDescendants: (repository, options) => repository.countDescendants(['a'], null, null, options),
  countChildren: (repository, options) =>
    repository.countChildren([{ parentId: 'a', filter: FILTER }], options),
  'childrenOf with a filter': (repository, options) =>
    repository.childrenOf([{ parentId: 'a', page: ALL, filter: FILTER }], options),
  'descendantsOf with a filter': (repository, options) =>
    repository.descendantsOf(['a'], ALL, null, FILTER, options),
  'countDescendants with a filter': (repository, options) =>
    repository.countDescendants(['a'], null, FILTER, options),
  rollupsOf: (repository, options) => repository.rollupsOf(['a'], options),
  modelUsagesOf: (repository, options) => repository.modelUsagesOf(['a'], options),
  usageReport: (repository, options) => repository.usageReport({ by: ['DAY'], within: 'a' }, options),
  'list with a filter': (repository, options) =>
    repository.list({ userId: 'ann', metadata: { k: 1 } }, ORDER, ALL, options),
  'count with a filter': (repository, options) => repository.count({ userId: 'ann' }, options),
  'count of metadata': (repository, options) => repository.count({ metadata: { k: 1 } }, options),
  countHistory: (repository, options) => repository.countHistory([{ sessionId: 'b' }], options),
  'historyOf a role': (repository, options) =>
    repository.historyOf([{ ...HISTORY, roles: ['TOOL'] }], PLENTY_OF_BYTES, options),
  planDelete: (repository, options) => repository.planDelete({ sessionId: 'a', mode: 'CASCADE' }, options),
};

const PLAIN_READS: Record<string, Read> = {
  findMany: (repository, options) => repository.findMany(['a', 'b'], options),
  childrenOf: (repository, options) => repository.childrenOf(childrenRequests(['a'], ALL), options),
  descendantsOf: (repository, options) => repository.descendantsOf(['a'], ALL, null, null, options),
  forksOf: (repository, options) => repository.forksOf([{ sessionId: 'b', page: ALL }], options),
  ancestorsOf: (repository, options) => repository.ancestorsOf(['c'], options),
  historyOf: (repository, options) => repository.historyOf([HISTORY], PLENTY_OF_BYTES, options),
  findMessages: (repository, options) =>
    repository.findMessages([{ sessionId: 'b', ordinal: 0 }], PLENTY_OF_BYTES, options),
  findToolResults: (repository, options) =>
    repository.findToolResults([{ sessionId: 'b', ordinal: 0, toolCallId: 'c' }], PLENTY_OF_BYTES, options),
  findSpawned: (repository, options) =>
    repository.findSpawned([{ sessionId: 'b', ordinal: 0, toolCallId: 'c' }], options),
  list: (repository, options) => repository.list({}, ORDER, ALL, options),
  count: (repository, options) => repository.count({}, options),
  planTruncate: (repository, options) =>
    repository.planTruncate({ sessionId: 'b', keep: 0 }, { ...MUCH, ...options }),
};

const READS = Object.entries({ ...PLAIN_READS, ...WALKS });

export function describeBounds(store: OpenStore): void {
  describe('a read that is over', () => {
    it.each(READS)('%s rejects with the reason of a signal that was aborted', async (_name, read) => {
      await populate(store);
      const reason = new Error('nobody waits');
      await expect(read(store.repository, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    });

    it.each(READS)('%s rejects past its deadline', async (_name, read) => {
      await populate(store);
      const late = read(store.repository, { deadline: performance.now() - 1 });
      await expect(late).rejects.toBeInstanceOf(DeadlineExceededError);
    });

    it.each(READS)('%s answers as ever before that', async (_name, read) => {
      await populate(store);
      const bounds = { signal: new AbortController().signal, deadline: performance.now() + 1e9 };
      expect(await read(store.repository, bounds)).toEqual(await read(store.repository, {}));
    });
  });

  describe('a read that walks', () => {
    it.each(Object.entries(WALKS))('%s tells of the rows, and can be ended by that', async (_name, read) => {
      await populate(store);
      const refusal = new Error('too far');
      const refused = read(store.repository, {
        onWalk: () => {
          throw refusal;
        },
      });
      await expect(refused).rejects.toBe(refusal);
      let rows = 0;
      await read(store.repository, {
        onWalk: (more) => {
          expect(more).toBeGreaterThan(0);
          rows += more;
        },
      });
      expect(rows).toBeGreaterThan(0);
    });

    it('tells of none where all that is read is part of the answer', async () => {
      await populate(store);
      const walked: string[] = [];
      for (const [name, read] of Object.entries(PLAIN_READS))
        await read(store.repository, { onWalk: () => walked.push(name) });
      expect(walked).toEqual([]);
    });
  });
}

async function populate(store: OpenStore): Promise<void> {
  await store.create({ id: 'a', userId: 'ann', metadata: { k: 1 } });
  await store.create({ id: 'b', parentId: 'a', messages: conversation(4) });
  await store.repository.append({ sessionId: 'b', messages: [say('', { role: 'TOOL', toolCallId: 'c' })] });
  await store.create({ id: 'c', parentId: 'b', spawnedBy: { toolCallId: 'c' } });
}
