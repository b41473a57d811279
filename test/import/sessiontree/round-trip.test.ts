import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { sessiontree } from '../../../src/export/sessiontree/sessiontree.ts';
import { allTops } from '../../../src/export/tops.ts';
import { SESSION_ORDER_FIELDS, SHORT_METADATA_BYTES } from '../../../src/model/session.ts';
import { USAGE_DIMENSIONS } from '../../../src/model/usage-report.ts';
import { openFileRepository } from '../../../src/repository/files/open.ts';
import { checkDataDirectory } from '../../../src/repository/files/tools/check.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { ALL, conversation, idsOf, MUCH, say, WHOLE } from '../../repository/contract/store.ts';
import { writeOfEveryKind } from '../../repository/files/format/every-kind.ts';
import { mutations } from '../../repository/properties/mutations.ts';
import { childrenRequests } from '../../support/children.ts';
import { temporaryDirectory } from '../../support/repository.ts';
import { allFieldsOf } from './all-fields.ts';
import { exportOf, importInto } from './lab.ts';

/** `SEQUENCES=1000 vitest run test/import/sessiontree` is the long form. */
const SEQUENCES = Number(process.env.SEQUENCES ?? 8);
const MS_PER_SEQUENCE = 5_000;

async function open(directory: string): Promise<SessionRepository> {
  const repository = await openFileRepository({ directory, durability: 'os' });
  onTestFinished(() => repository.close());
  return repository;
}

async function idsIn(repository: SessionRepository): Promise<string[]> {
  const order = { field: 'CREATED_AT', direction: 'ASC' } as const;
  return (await repository.list({ archived: 'INCLUDE' }, order, ALL)).items.map(({ id }) => id).toSorted();
}

/** Every answer about the sessions of a store, apart from the numbers that order its writes. */
async function answersOf(repository: SessionRepository) {
  const ids = await idsIn(repository);
  const sessions = (await repository.findMany(ids)).map((session) => {
    const { sequence: _, arrival: __, ...rest } = session!;
    return rest;
  });
  const histories = await repository.historyOf(
    ids.map((sessionId) => ({ sessionId, page: ALL })),
    MUCH.bytes,
  );
  const messages = histories.flatMap(({ items }) => items);
  const counted = [];
  for (const field of SESSION_ORDER_FIELDS) {
    const rootsOnly = field === 'TREE_LAST_ACTIVE_AT';
    const { items } = await repository.list(
      { archived: 'INCLUDE', rootsOnly },
      { field, direction: 'ASC' },
      ALL,
    );
    counted.push(
      items.map(({ createdAt, lastActiveAt, treeLastActiveAt }) =>
        [createdAt, lastActiveAt, treeLastActiveAt].map(Number),
      ),
    );
  }
  return {
    sessions,
    metadata: await repository.metadataOf(ids),
    messages,
    times: counted.map((times) => times.toSorted()),
    details: await repository.copyDetailsOf(ids),
    children: (await repository.childrenOf(childrenRequests(ids, ALL))).map(({ items }) => idsOf(items)),
    forks: (await repository.forksOf(ids.map((sessionId) => ({ sessionId, page: ALL })))).map(({ items }) =>
      idsOf(items).toSorted(),
    ),
    ancestors: (await repository.ancestorsOf(ids)).map(idsOf),
    keyed: idsOf(
      await repository.findByKeys(
        sessions.flatMap(({ key }) =>
          key === null ? [] : [null, 'ann', 'bob'].map((ownerId) => ({ key, ownerId })),
        ),
      ),
    ),
    messagesByKey: await repository.findMessagesByKey(
      messages.flatMap(({ sessionId, key }) => (key === null ? [] : [{ sessionId, key }])),
      MUCH.bytes,
    ),
    rollups: await repository.rollupsOf(ids),
    models: await repository.modelUsagesOf(ids),
    usage: await repository.usageReport({ by: USAGE_DIMENSIONS }),
    archived: await repository.count({ archived: 'ONLY' }),
  };
}

/** The messages with a word, wherever they are: their ids. */
async function found(repository: SessionRepository, query: string): Promise<string[]> {
  const { hits, isComplete } = await repository.search({
    query,
    limit: 1_000,
    fields: ['CONTENT', 'REASONING', 'TOOL_CALLS'],
    roles: ['USER', 'ASSISTANT', 'TOOL', 'SYSTEM', 'EVENT'],
  });
  expect(isComplete).toBe(true);
  return hits.map(({ sessionId, ordinal }) => `${sessionId}:${ordinal}`).toSorted();
}

it('a store of every kind of mutation comes back whole, and goes on as the original does', async () => {
  const original = await open(await temporaryDirectory());
  await writeOfEveryKind(original);
  await original.create({ id: 'long-metadata', metadata: { text: 'x'.repeat(SHORT_METADATA_BYTES) } });
  const text = await exportOf(original);
  const directory = await temporaryDirectory();
  let copy = await open(directory);
  const { report } = await importInto(copy, [text]);
  expect(report.lines().at(-1)).toMatch(/^Imported \d\d new sessions, 0 changed, 0 unchanged, 0 faults/);
  expect(report.lines()).toHaveLength(1);

  const ids = await idsIn(original);
  expect(ids.length).toBeGreaterThan(20);
  expect(await answersOf(copy)).toEqual(await answersOf(original));
  expect(await allFieldsOf(copy, ids)).toEqual(await allFieldsOf(original, ids));
  for (const word of ['paid', '1', 'again', 'copied', 'hm'])
    expect(await found(copy, word), word).toEqual(await found(original, word));
  expect(await exportOf(copy)).toBe(text);

  await copy.close();
  expect(await checkDataDirectory({ directory })).toMatchObject({ problems: [] });
  for (const name of ['index.db', 'index.clean.json']) await rm(join(directory, name), { force: true });
  copy = await open(directory);
  expect(await answersOf(copy)).toEqual(await answersOf(original));
  expect(await exportOf(copy)).toBe(text);

  const createdAt = new Date('2026-05-06T07:08:09.010Z');
  const usage = { inputTokens: 5, outputTokens: 1, costUsd: 0.7 };
  for (const repository of [original, copy]) {
    for (const session of await repository.findMany(ids)) {
      const { id, archivedAt, historyLength } = session!;
      if (archivedAt) await repository.archive({ sessionId: id, archived: false, subtree: false });
      await repository.append({ sessionId: id, messages: [say('on', { createdAt, usage, key: 'on' })] });
      await repository.append({
        sessionId: id,
        messages: [say('off', { createdAt, usage, key: 'on' })],
        onKey: 'REPLACE',
      });
      await repository.truncate({ sessionId: id, keep: Math.max(1, historyLength - 1) }, MUCH);
      await repository.writeHistory(
        { sessionId: id, messages: [say('end', { createdAt })], status: 'COMPLETED' },
        WHOLE,
      );
      await repository.fork({ sessionId: id, id: `${id.slice(0, 100)}-f`, asRoot: false, createdAt });
    }
    await repository.move({ sessionId: 'late', parentId: 'keyed' });
    await repository.delete({ sessionId: 'Run.7', mode: 'REPARENT' });
  }
  // Times of now differ.
  const timeless = async (repository: SessionRepository) =>
    JSON.parse(
      JSON.stringify(await answersOf(repository), (name, value) =>
        /(?:At|^times)$/.test(name) ? null : value,
      ),
    ) as unknown;
  expect(await timeless(copy)).toEqual(await timeless(original));
});

it(
  'any sequence of mutations comes back whole',
  async () => {
    await fc.assert(
      fc.asyncProperty(mutations, async (steps) => {
        const original = await openFileRepository({
          directory: await temporaryDirectory(),
          durability: 'os',
        });
        const copy = await openFileRepository({ directory: await temporaryDirectory(), durability: 'os' });
        try {
          for (const { store } of steps) await store(original).catch(() => {});
          const text = await exportOf(original);
          const { report } = await importInto(copy, [text]);
          expect(report.lines()).toHaveLength(1);
          expect(await answersOf(copy)).toEqual(await answersOf(original));
          expect(await exportOf(copy)).toBe(text);
          const again = await importInto(original, [text]);
          expect(again.report).toMatchObject({
            complete: true,
            sessions: { new: 0, unchanged: report.sessions.new },
          });
        } finally {
          await original.close();
          await copy.close();
        }
      }),
      {
        numRuns: SEQUENCES,
        interruptAfterTimeLimit: SEQUENCES * MS_PER_SEQUENCE,
        markInterruptAsFailure: true,
      },
    );
  },
  SEQUENCES * MS_PER_SEQUENCE * 2,
);

it('an export has no message that came after the session was read, and says what it lacks', async () => {
  const reader = await open(await temporaryDirectory());
  await reader.create({ id: 's', messages: conversation(150) });
  const faults: string[] = [];
  const source = { reader, tops: allTops(reader), onFault: (fault: string) => void faults.push(fault) };
  let text = '';
  let isChanged = false;
  for await (const chunk of sessiontree.write(source)) {
    text += chunk;
    if (isChanged || !text.includes('"s:99"')) continue;
    isChanged = true;
    await reader.truncate({ sessionId: 's', keep: 120 }, null);
    await reader.append({ sessionId: 's', messages: conversation(30) });
  }
  const { version, historyLength, nextOrdinal, history } = JSON.parse(text);
  expect({ version, historyLength, nextOrdinal }).toEqual({
    version: 1,
    historyLength: 150,
    nextOrdinal: 150,
  });
  expect(history).toHaveLength(120);
  expect(faults).toEqual(['s: 30 of 150 messages cannot be read.']);
});
