import type { JsonObject } from '../../../../src/model/json.ts';
import { ZERO_USAGE } from '../../../../src/model/usage.ts';
import type { RestoreSession } from '../../../../src/repository/mutations.ts';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { conversation, MUCH, operation, say } from '../../contract/store.ts';
import { writeHistoriesOfEveryKind } from './every-history.ts';

const AT = new Date('2026-01-02T03:04:05.006Z');
const none = async function* () {};

/** A fork of two messages, of which the second was replaced, and others rolled back. */
const RESTORED: RestoreSession = {
  id: '',
  parentId: null,
  userId: 'u',
  key: null,
  title: 't',
  agentName: 'a',
  project: 'p',
  status: 'FAILED',
  statusMessage: 'm',
  statusChangedAt: new Date('2026-01-03T03:04:05.006Z'),
  spawnedBy: { sessionId: 'child', messageId: 'child:1', toolCallId: 'c1' },
  metadata: { a: 1 },
  createdAt: AT,
  lastActiveAt: new Date('2026-01-04T03:04:05.006Z'),
  updatedAt: new Date('2026-01-05T03:04:05.006Z'),
  version: 9,
  archivedAt: new Date('2026-01-06T03:04:05.006Z'),
  forkedFrom: { sessionId: 'child', messageId: 'child:1', historyLength: 2 },
  historyLength: 3,
  nextOrdinal: 9,
  paid: [
    {
      day: '2026-01-02',
      model: null,
      responseCount: 2,
      usage: { ...ZERO_USAGE, inputTokens: 3, costUsd: '0.3', pricedCount: 2 },
    },
    {
      day: '2026-01-03',
      model: 'm',
      responseCount: 1,
      usage: { ...ZERO_USAGE, cacheReadTokens: 1, cacheWriteTokens: 2, reasoningTokens: 3 },
    },
  ],
  async *messages() {
    const usage = { inputTokens: 1, outputTokens: 0, costUsd: 0.1 };
    yield { ...say('copied', { usage }), ordinal: 0, createdAt: AT, replacedAt: null };
    yield {
      ...say('replaced', { usage, key: 'k' }),
      ordinal: 1,
      createdAt: AT,
      replacedAt: new Date('2026-01-03T04:04:05.006Z'),
    };
    yield { ...say('own'), ordinal: 5, createdAt: AT, replacedAt: null };
  },
};

/** Makes every mutation at least once, with every input that leaves a trace of its own in the files. */
export async function writeOfEveryKind(repository: SessionRepository): Promise<void> {
  const metadata: JsonObject = JSON.parse('{"__proto__":{"a":[1e21,0.1,5e-324,null]},"ä":"\u2028😀"}');
  const usage = { inputTokens: Number.MAX_SAFE_INTEGER, outputTokens: 0, costUsd: 0.000_001 };
  await repository.create({
    id: 'Run.7',
    userId: 'ünï',
    title: '"t"\n',
    metadata,
    messages: conversation(3),
  });
  await repository.create({ id: 'run.7', createdAt: new Date('1999-12-31T23:59:59.999Z') });
  await repository.create({ id: `${'aB'.repeat(63)}.-`, parentId: 'Run.7', lastActiveAt: new Date(0) });
  await repository.create({ parentId: 'run.7', title: '', userId: '' }, operation('1', 'create'));
  await repository.create({ id: 'child', parentId: 'Run.7', messages: [say('first')] });
  await repository.create({ id: 'gone', parentId: 'child', messages: conversation(4) });
  await repository.create({ id: 'Gone2', parentId: 'gone', userId: 'u' }, operation('10', 'create'));
  await repository.append({ sessionId: 'gone', messages: conversation(2) }, operation('11', 'append'));
  await repository.append({ sessionId: 'child', messages: [say('one')] });
  await repository.append({ sessionId: 'child', messages: conversation(2) }, operation('2', 'append'));
  await repository.append({ sessionId: 'child', messages: conversation(7) });
  await repository.append({
    sessionId: 'run.7',
    messages: [
      say('\u0001\r\n\u2028"\\ 👩‍👩‍👧', { name: 'n', toolCallId: 't', payload: [], usage, metadata }),
      say('', { role: 'TOOL', payload: false, createdAt: new Date('2001-02-03T04:05:06.007Z') }),
      say('', { name: '', toolCallId: '', payload: '', usage: { inputTokens: 1, outputTokens: 2 } }),
      say('', { payload: 0 }),
      say('', { payload: {} }),
    ],
  });
  await repository.append({
    sessionId: 'child',
    messages: [
      say('', { role: 'EVENT', kind: 'compaction' }),
      say('\u0001😀', {
        role: 'ASSISTANT',
        reasoning: 'hm',
        toolCalls: [
          { toolCallId: 'c1', name: 'n', arguments: JSON.parse('{"a":"\\u0000\\ud800"}') },
          { toolCallId: 'c2', name: 'n' },
        ],
        model: 'm',
        usage: { ...usage, cacheReadTokens: 3, cacheWriteTokens: 2, reasoningTokens: 1 },
        createdAt: new Date('2030-02-03T04:05:06.007Z'),
      }),
      say('', { role: 'TOOL', toolCallId: 'c1', isError: true, isCopy: true, usage }),
    ],
  });
  await repository.append({
    sessionId: 'child',
    messages: [say('', { key: 'k' }), say('', { key: ' \u2028😀' })],
  });
  await repository.append({
    sessionId: 'child',
    messages: [say('', { createdAt: new Date('2031-02-03T04:05:06.007Z') })],
  });
  await repository.create({
    id: 'spawned',
    parentId: 'child',
    agentName: 'planner',
    project: 'p',
    status: 'WAITING',
    statusMessage: 'w',
    spawnedBy: { messageId: 'child:1', toolCallId: 'c1' },
  });
  await repository.update({ sessionId: 'spawned', status: 'RUNNING', agentName: null, project: 'q' });
  await repository.update({ sessionId: 'spawned', statusMessage: 'm', spawnedBy: { toolCallId: 'c2' } });
  await repository.update({ sessionId: 'child', title: 'new', metadata: { a: 1, b: { c: 2 } } });
  await repository.update(
    { sessionId: 'child', title: null, metadata: { a: null } },
    operation('3', 'update'),
  );
  await repository.update({ sessionId: 'run.7', metadata: {} });
  await repository.update({ sessionId: 'Run.7', title: '', metadata: { ä: null, ['__proto__']: null } });
  await repository.update({ sessionId: 'child', setMetadata: { b: { d: null }, n: null } });
  await repository.create({ id: 'keyed', messages: [say('', { key: 'a' }), say('', { key: 'b' })] });
  await repository.truncate({ sessionId: 'keyed', keep: 1 }, MUCH);
  await repository.append({ sessionId: 'keyed', messages: [say('again', { key: 'b' })] });
  await repository.fork({ sessionId: 'keyed', id: 'keyed-copy', asRoot: true });
  await repository.update({ sessionId: 'keyed', key: ' \u2028😀' });
  await repository.create({ id: 'keyed-child', parentId: 'keyed', key: 'k', title: 't' });
  await repository.update({ sessionId: 'keyed-child', key: null });
  await repository.fork({ sessionId: 'keyed', id: 'keyed-fork', key: 'k', asRoot: false });
  const usage2 = { inputTokens: 3, outputTokens: 4, costUsd: 0.1 };
  await repository.create({ id: 'branch', messages: [say('paid', { usage: usage2 }), ...conversation(3)] });
  await repository.truncate({ sessionId: 'branch', keep: 2 }, MUCH, operation('5', 'truncate'));
  await repository.append({ sessionId: 'branch', messages: conversation(1) });
  await repository.fork({ sessionId: 'branch', id: 'copy', asRoot: false }, operation('6', 'fork'));
  await repository.fork({ sessionId: 'copy', id: 'empty-copy', asRoot: true, createdAt: new Date(0) });
  await repository.create({ id: 'between', parentId: 'branch' });
  for (const id of ['x1', 'x2']) await repository.create({ id, parentId: 'between' });
  await repository.move({ sessionId: 'copy', parentId: 'between' }, operation('7', 'move'));
  await repository.append({ sessionId: 'copy', messages: conversation(1) });
  await repository.archive({ sessionId: 'branch', subtree: true, archived: true }, operation('8', 'archive'));
  await repository.archive({ sessionId: 'x1', subtree: true, archived: false });
  await repository.archive({ sessionId: 'x1', subtree: false, archived: true, archivedAt: new Date(0) });
  await repository.update({ sessionId: 'x2', title: 'archived' });
  await repository.move({ sessionId: 'empty-copy', parentId: 'branch' });
  await repository.delete({ sessionId: 'between', mode: 'REPARENT' }, operation('9', 'delete'));
  await repository.delete({ sessionId: 'gone', mode: 'CASCADE' }, operation('4', 'delete'));
  await writeHistoriesOfEveryKind(repository);
  await repository.restore({ ...RESTORED, id: 'restored', parentId: 'child' });
  await repository.restore({
    ...RESTORED,
    id: 'restored-1',
    version: 1,
    paid: null,
    archivedAt: null,
    historyLength: 0,
    messages: none,
  });
  await repository.append({ sessionId: 'restored-1', messages: conversation(1) });
  await Promise.all([
    repository.append({ sessionId: 'child', messages: [say('x'.repeat(300_000))] }),
    repository.append({ sessionId: 'child', messages: conversation(3) }),
    repository.create({ id: 'late', parentId: 'child' }),
  ]);
}
