import { operationOf } from '../../../src/model/operation.ts';
import type { PostgresRepository } from '../../../src/repository/postgres/postgres-repository.ts';
import { ALL, conversation, PLENTY_OF_BYTES } from '../contract/store.ts';

const LIMIT = { messages: 100, bytes: PLENTY_OF_BYTES };
const LIMITS = { messages: LIMIT, removed: LIMIT };
const PAGE = { limit: 2, from: 'end' } as const;

/** A call of a method of the repository about the tree of "top", and perhaps those of other sessions. */
export interface Call {
  readonly method: string;
  readonly what?: string;
  readonly others?: readonly string[];
  readonly run: (repository: PostgresRepository, mark: string) => Promise<unknown>;
}

/** The sessions of the tree, which have come from three. */
export const MEMBERS = ['top', 'child', 'grandchild', 'came', 'came-too'];

/** Calls of every method about a tree. */
export const CALLS: readonly Call[] = [
  { method: 'findMany', run: (repository) => repository.findMany(MEMBERS) },
  { method: 'findMany', what: 'of one', run: (repository) => repository.findMany(['came']) },
  { method: 'metadataOf', run: (repository) => repository.metadataOf(MEMBERS) },
  { method: 'metadataOf', what: 'of one', run: (repository) => repository.metadataOf(['came']) },
  { method: 'findByKeys', run: (repository) => repository.findByKeys([{ key: 'key', ownerId: 'ada' }]) },
  {
    method: 'areInSight',
    run: (repository) => repository.areInSight(MEMBERS, { ownerId: 'ada', withinId: 'top' }),
  },
  {
    method: 'childrenOf',
    run: (repository) => repository.childrenOf(MEMBERS.map((parentId) => ({ parentId, page: PAGE }))),
  },
  {
    method: 'childrenOf',
    what: 'with a filter',
    run: (repository) =>
      repository.childrenOf(
        MEMBERS.map((parentId) => ({ parentId, page: ALL, filter: { archived: 'EXCLUDE' } })),
      ),
  },
  {
    method: 'countChildren',
    run: (repository) => repository.countChildren(MEMBERS.map((parentId) => ({ parentId }))),
  },
  { method: 'descendantsOf', run: (repository) => repository.descendantsOf(['top'], PAGE, null) },
  {
    method: 'descendantsOf',
    what: 'behind a key, with a filter',
    run: (repository) =>
      repository.descendantsOf(['top'], { ...ALL, after: 'child' }, 2, { archived: 'EXCLUDE' }),
  },
  { method: 'countDescendants', run: (repository) => repository.countDescendants(['top', 'came'], null) },
  { method: 'ancestorsOf', run: (repository) => repository.ancestorsOf(MEMBERS) },
  {
    method: 'forksOf',
    others: ['fork'],
    run: (repository) => repository.forksOf([{ sessionId: 'top', page: ALL }]),
  },
  { method: 'countForks', run: (repository) => repository.countForks([{ sessionId: 'top' }]) },
  {
    method: 'historyOf',
    run: (repository) =>
      repository.historyOf(
        MEMBERS.map((sessionId) => ({ sessionId, page: PAGE })),
        PLENTY_OF_BYTES,
      ),
  },
  {
    method: 'historyOf',
    what: 'at places',
    run: (repository) =>
      repository.historyOf(
        MEMBERS.map((sessionId) => ({ sessionId, page: ALL, place: { ordinal: 1 } })),
        PLENTY_OF_BYTES,
      ),
  },
  {
    method: 'countHistory',
    run: (repository) =>
      repository.countHistory(MEMBERS.map((sessionId) => ({ sessionId, roles: ['USER'] as const }))),
  },
  {
    method: 'findMessages',
    run: (repository) =>
      repository.findMessages(
        MEMBERS.map((sessionId) => ({ sessionId, ordinal: 0 })),
        PLENTY_OF_BYTES,
      ),
  },
  {
    method: 'findMessagesByKey',
    run: (repository) =>
      repository.findMessagesByKey([{ sessionId: 'came', key: 'message key' }], PLENTY_OF_BYTES),
  },
  {
    method: 'findToolResults',
    run: (repository) =>
      repository.findToolResults([{ sessionId: 'top', ordinal: 3, toolCallId: 'call 1' }], PLENTY_OF_BYTES),
  },
  {
    method: 'findSpawned',
    run: (repository) => repository.findSpawned([{ sessionId: 'top', ordinal: 3, toolCallId: 'call 1' }]),
  },
  { method: 'rollupsOf', run: (repository) => repository.rollupsOf(MEMBERS) },
  { method: 'modelUsagesOf', run: (repository) => repository.modelUsagesOf(MEMBERS) },
  { method: 'copyDetailsOf', run: (repository) => repository.copyDetailsOf(MEMBERS) },
  {
    method: 'usageReport',
    run: (repository) => repository.usageReport({ by: ['MODEL'], within: 'top', from: new Date(1) }),
  },
  {
    method: 'search',
    run: (repository) => repository.search({ query: 'message', within: 'top', limit: 10 }),
  },
  {
    method: 'search',
    what: 'beneath a session, for a phrase',
    run: (repository) =>
      repository.search({ query: '"message 1"', within: 'came', limit: 1, filter: { archived: 'EXCLUDE' } }),
  },
  {
    method: 'snippetsOf',
    run: (repository) =>
      repository.snippetsOf(
        { query: 'message' },
        MEMBERS.map((sessionId) => ({ sessionId, ordinal: 1 })),
      ),
  },
  {
    method: 'changesSince',
    run: async (repository, mark) => {
      await repository.append({ sessionId: 'came', messages: conversation(2) });
      await repository.update({ sessionId: 'child', title: 'changed' });
      return await repository.changesSince({ within: 'top', after: mark, limit: 100 });
    },
  },
  {
    method: 'create',
    run: (repository) => repository.create({ title: 'a root', messages: conversation(2) }),
  },
  {
    method: 'create',
    what: 'of a child',
    run: (repository) => repository.create({ parentId: 'came', key: 'new', messages: conversation(2) }),
  },
  { method: 'getOrCreate', run: (repository) => repository.getOrCreate({ id: 'new', parentId: 'top' }) },
  {
    method: 'append',
    run: (repository) => repository.append({ sessionId: 'came', messages: conversation(2) }),
  },
  {
    method: 'append',
    what: 'to several sessions at once',
    run: (repository) =>
      Promise.all(MEMBERS.map((sessionId) => repository.append({ sessionId, messages: conversation(2) }))),
  },
  {
    method: 'append',
    what: 'over a message with the same key',
    run: (repository) =>
      repository.append({
        sessionId: 'came',
        messages: [{ role: 'USER', content: 'other', key: 'message key' }],
        onKey: 'REPLACE',
      }),
  },
  {
    method: 'append',
    what: 'again',
    run: async (repository) => {
      const operation = operationOf('again', 'append', {});
      for (let n = 0; n < 2; n += 1)
        await repository.append({ sessionId: 'came', messages: conversation(2) }, operation, LIMIT);
    },
  },
  {
    method: 'writeHistory',
    run: (repository) =>
      repository.writeHistory(
        { sessionId: 'top', keep: 2, messages: conversation(2), status: 'COMPLETED' },
        LIMITS,
      ),
  },
  {
    method: 'update',
    run: (repository) =>
      repository.update({ sessionId: 'came', title: 'other', key: 'other', status: 'RUNNING' }),
  },
  { method: 'planDelete', run: (repository) => repository.planDelete({ sessionId: 'top', mode: 'CASCADE' }) },
  {
    method: 'planDelete',
    what: 'whose children become roots',
    run: (repository) => repository.planDelete({ sessionId: 'top', mode: 'REPARENT' }),
  },
  {
    method: 'delete',
    run: (repository) => repository.delete({ sessionId: 'child', mode: 'CASCADE', purge: true }),
  },
  {
    method: 'delete',
    what: 'of a tree, in the background',
    run: (repository) => repository.delete({ sessionId: 'top', mode: 'CASCADE' }),
  },
  {
    method: 'delete',
    what: 'of a root whose children become roots',
    run: (repository) => repository.delete({ sessionId: 'top', mode: 'REPARENT' }),
  },
  {
    method: 'fork',
    run: (repository) => repository.fork({ sessionId: 'came', id: 'new', asRoot: false }),
  },
  {
    method: 'fork',
    what: 'as a root',
    run: (repository) => repository.fork({ sessionId: 'came', id: 'new', asRoot: true }),
  },
  {
    method: 'restore',
    run: async (repository) => {
      const [session] = await repository.findMany(['child']);
      await repository.restore({
        ...session!,
        metadata: {},
        id: 'new',
        key: null,
        forkedFrom: null,
        historyLength: 0,
        nextOrdinal: 0,
        paid: null,
        async *messages() {},
      });
    },
  },
  { method: 'move', run: (repository) => repository.move({ sessionId: 'came', parentId: 'child' }) },
  {
    method: 'move',
    what: 'out of the tree',
    run: (repository) => repository.move({ sessionId: 'came', parentId: null }),
  },
  {
    method: 'move',
    what: 'into another tree',
    others: ['other'],
    run: (repository) => repository.move({ sessionId: 'child', parentId: 'other' }),
  },
  {
    method: 'archive',
    run: (repository) => repository.archive({ sessionId: 'top', archived: true, subtree: true }),
  },
  {
    method: 'planTruncate',
    run: (repository) => repository.planTruncate({ sessionId: 'top', keep: 1 }, LIMIT),
  },
  {
    method: 'truncate',
    run: (repository) => repository.truncate({ sessionId: 'top', keep: 1, purge: true }, LIMIT),
  },
  {
    method: 'redact',
    others: ['fork'],
    run: (repository) =>
      repository.redact({
        messages: [
          { sessionId: 'top', ordinal: 0 },
          { sessionId: 'came', ordinal: 1 },
        ],
        copies: true,
        reason: 'a secret',
      }),
  },
];
