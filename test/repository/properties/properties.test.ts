import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Session } from '../../../src/model/session.ts';
import { openFileRepository } from '../../../src/repository/files/open.ts';
import type { UsageReportRequest } from '../../../src/repository/reads.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { childrenRequests } from '../../support/children.ts';
import { naiveReport } from '../contract/naive-usage.ts';
import { ALL, completePage, idsOf, MUCH } from '../contract/store.ts';
import { CALLS, KEYS, USERS, WORDS } from './arguments.ts';
import { Model } from './model.ts';
import { mutations } from './mutations.ts';

/** `npm run test:properties` is the long form. */
const SEQUENCES = Number(process.env.SEQUENCES ?? 75);
/** A generous limit: on a machine under heavy load, a sequence takes up to 1,500 ms. */
const MS_PER_SEQUENCE = 5_000;
/** One sequence in this many is searched, because a search starts a thread. */
const SEARCHED = 10;

/** Everything is read after one mutation in this many. The caches must then show later mutations. */
const READ_AFTER = 4;
const reads = fc.infiniteStream(fc.nat(READ_AFTER - 1).map((n) => n === 0));

const LATEST = { limit: 2, from: 'end' } as const;
const UNDER_WAY = ['RUNNING', 'WAITING'] as const;
const OLDEST_FIRST = { field: 'CREATED_AT', direction: 'ASC' } as const;

async function expectAsModelled(repository: SessionRepository, model: Model): Promise<void> {
  for (const archived of ['EXCLUDE', 'INCLUDE', 'ONLY'] as const) {
    expect(idsOf((await repository.list({ archived }, OLDEST_FIRST, ALL)).items)).toEqual(
      model.list(archived),
    );
    expect(await repository.count({ archived })).toBe(model.list(archived).length);
    const underWay = { archived, statuses: UNDER_WAY };
    const found = await repository.list(underWay, OLDEST_FIRST, ALL);
    expect(idsOf(found.items)).toEqual(model.list(archived, UNDER_WAY));
    expect(await repository.count(underWay)).toBe(found.items.length);
  }
  const ids = model.list('INCLUDE');
  expect((await repository.status()).quarantined).toEqual([]);
  expect(await repository.findMany([...model.deleted])).toEqual([...model.deleted].map(() => null));
  const sessions = await repository.findMany(ids);
  const histories = await repository.historyOf(
    ids.map((sessionId) => ({ sessionId, page: ALL })),
    MUCH.bytes,
  );
  const children = await repository.childrenOf(childrenRequests(ids, ALL));
  const descendants = await repository.descendantsOf(ids, ALL, null);
  const ancestors = await repository.ancestorsOf(ids);
  const rollups = await repository.rollupsOf(ids);
  const latest = await repository.historyOf(
    ids.map((sessionId) => ({ sessionId, page: LATEST })),
    MUCH.bytes,
  );
  const backwards = await repository.descendantsOf(ids, { ...ALL, from: 'end' }, null);
  const filter = { archived: 'EXCLUDE', statuses: UNDER_WAY } as const;
  const filtered = await repository.descendantsOf(ids, ALL, null, filter);
  const forks = await repository.forksOf(ids.map((sessionId) => ({ sessionId, page: ALL })));
  expect(await repository.countForks(ids.map((sessionId) => ({ sessionId })))).toEqual(
    ids.map((id) => model.forks(id).length),
  );
  for (const [n, id] of ids.entries()) {
    expect(idsOf(forks[n]!.items)).toEqual(model.forks(id));
    const modelled = model.sessions.get(id)!;
    const above = model.ancestors(id).map((each) => each.id);
    const { archivedAt, ...session } = sessions[n]!;
    expect(session).toMatchObject({
      id,
      parentId: modelled.parentId,
      rootId: above[0] ?? id,
      depth: above.length,
      childCount: model.children(id).length,
      userId: modelled.userId,
      key: modelled.key,
      title: modelled.title,
      agentName: modelled.agentName,
      project: modelled.project,
      status: modelled.status,
      statusMessage: modelled.statusMessage,
      spawnedBy: modelled.spawnedBy,
      version: modelled.version,
      historyLength: modelled.history.length,
      messageCount: modelled.history.filter(({ role }) => role === 'USER').length,
      forkedFrom: modelled.forkedFrom,
      damage: [],
    });
    expect(session.metadata).toEqual(modelled.metadata);
    expect(archivedAt !== null).toBe(modelled.archived);
    expect(idsOf(children[n]!.items)).toEqual(model.children(id).map((each) => each.id));
    expect(idsOf(descendants[n]!.items)).toEqual(model.descendants(id).map((each) => each.id));
    expect(idsOf(backwards[n]!.items)).toEqual(model.descendants(id).map((each) => each.id));
    expect(idsOf(filtered[n]!.items)).toEqual(model.beneath(id, 'EXCLUDE', UNDER_WAY));
    expect(idsOf(ancestors[n]!)).toEqual(above);
    const history = modelled.history.map(({ isRedacted, ...each }, position) => ({
      ...each,
      position,
      redactedAt: isRedacted ? expect.any(Date) : null,
    }));
    expect(latest[n]!.items).toMatchObject(history.slice(-LATEST.limit));
    expect(histories[n]!.items).toMatchObject(history);
    expect(rollups[n]).toMatchObject(model.rollup(id));
    expect(session.treeLastActiveAt).toEqual(modelled.parentId === null ? rollups[n]!.lastActiveAt : null);
  }
  await expectKeysAsModelled(repository, model);
  await expectCallsAsModelled(repository, model);
  await expectUsageAsModelled(repository, model, sessions as Session[]);
}

const REPORTS: readonly UsageReportRequest[] = [
  { by: ['DAY', 'MODEL'] },
  { by: ['ROOT'], first: 2 },
  { by: ['STATUS', 'USER', 'MODEL'], filter: { archived: 'EXCLUDE' } },
  { by: ['MODEL'], from: new Date('2026-03-01T06:00Z'), to: new Date('2026-03-02T18:00Z') },
];

/** `sessions` are as the store has them, all of them. */
async function expectUsageAsModelled(
  repository: SessionRepository,
  model: Model,
  sessions: readonly Session[],
): Promise<void> {
  const responses = model.responses();
  for (const request of REPORTS)
    expect(await repository.usageReport(request)).toEqual(naiveReport(responses, sessions, request));
  const ids = sessions.map(({ id }) => id);
  for (const [n, usages] of (await repository.modelUsagesOf(ids)).entries()) {
    const beneath = [ids[n]!, ...model.descendants(ids[n]!).map(({ id }) => id)];
    const own = sessions.filter(({ id }) => beneath.includes(id));
    const groups = naiveReport(responses, own, { by: ['MODEL'], first: 10 });
    expect(usages).toEqual(
      groups.map(({ usage, responseCount, ...group }) => ({ model: group.model, usage, responseCount })),
    );
  }
}

/** Whether a message makes a call decides nothing: it is asked about each. */
async function expectCallsAsModelled(repository: SessionRepository, model: Model): Promise<void> {
  const calls = [...model.sessions.values()].flatMap(({ id, history }) =>
    history.flatMap(({ ordinal }) => CALLS.map((toolCallId) => ({ sessionId: id, ordinal, toolCallId }))),
  );
  const spawned = await repository.findSpawned(calls);
  expect(idsOf(spawned)).toEqual(calls.map((call) => model.spawned(call)));
  const found = await repository.findToolResults(calls, MUCH.bytes);
  expect(found.map((message) => message?.ordinal)).toEqual(
    calls.map(
      ({ sessionId, ordinal, toolCallId }) =>
        model.sessions
          .get(sessionId)!
          .history.find((message) => message.ordinal > ordinal && message.toolCallId === toolCallId)?.ordinal,
    ),
  );
}

async function expectKeysAsModelled(repository: SessionRepository, model: Model): Promise<void> {
  const sessionKeys = [null, ...USERS].flatMap((ownerId) => KEYS.map((key) => ({ key, ownerId })));
  expect(idsOf(await repository.findByKeys(sessionKeys))).toEqual(
    sessionKeys.map(({ key, ownerId }) => model.withKey(key, ownerId)),
  );
  for (const keyPrefix of ['', 'k']) {
    const filter = { archived: 'INCLUDE', keyPrefix } as const;
    expect(idsOf((await repository.list(filter, OLDEST_FIRST, ALL)).items)).toEqual(
      model.list('INCLUDE').filter((id) => model.sessions.get(id)!.key?.startsWith(keyPrefix)),
    );
  }
  const messageKeys = model.list('INCLUDE').flatMap((sessionId) => KEYS.map((key) => ({ sessionId, key })));
  const found = await repository.findMessagesByKey(messageKeys, MUCH.bytes);
  expect(found.map((message) => message?.ordinal)).toEqual(
    messageKeys.map(
      ({ sessionId, key }) =>
        model.sessions.get(sessionId)!.history.find((message) => message.key === key)?.ordinal,
    ),
  );
}

async function expectFound(repository: SessionRepository, model: Model): Promise<void> {
  for (const word of WORDS) {
    for (const within of model.list('INCLUDE')) {
      const search = () => repository.search({ query: word, within, limit: 1_000 });
      const { hits, isComplete } = await completePage(search);
      const found = hits.map(({ sessionId, ordinal }) => `${sessionId}:${ordinal}`);
      expect(found.sort()).toEqual(model.search(word, within).sort());
      expect(isComplete).toBe(true);
    }
  }
}

const nameOf = (error: Error) => error.name;

it(
  'any sequence of mutations, with reads between them, comes to what a plain model says, also after a restart without the index',
  async () => {
    let sequences = 0;
    await fc.assert(
      fc.asyncProperty(mutations, reads, async (steps, isRead) => {
        const directory = await mkdtemp(join(tmpdir(), 'sessiontree-'));
        let repository = await openFileRepository({ directory, durability: 'os' });
        try {
          const model = new Model();
          for (const each of steps) {
            let answer: unknown = null;
            const outcome = await each.store(repository).then((given) => {
              answer = given;
              return 'done';
            }, nameOf);
            let modelled = 'done';
            let expected: object | undefined;
            try {
              expected = each.model(model, answer);
            } catch (error) {
              modelled = (error as Error).message;
            }
            expect(outcome, String(each)).toBe(modelled);
            if (modelled === 'done' && expected) expect(answer, String(each)).toMatchObject(expected);
            if (isRead.next().value) await expectAsModelled(repository, model);
          }
          await expectAsModelled(repository, model);
          const searched = sequences % SEARCHED === 0;
          if (searched) await expectFound(repository, model);
          await repository.close();
          for (const name of ['index.db', 'index.clean.json'])
            await rm(join(directory, name), { force: true });
          repository = await openFileRepository({ directory, durability: 'os' });
          await expectAsModelled(repository, model);
          if (searched) await expectFound(repository, model);
          sequences += 1;
        } finally {
          await repository.close();
          await rm(directory, { recursive: true });
        }
      }),
      // Shrinking a failed sequence ends in time to report it.
      {
        numRuns: SEQUENCES,
        interruptAfterTimeLimit: SEQUENCES * MS_PER_SEQUENCE,
        markInterruptAsFailure: true,
      },
    );
    expect(sequences).toBe(SEQUENCES);
  },
  SEQUENCES * MS_PER_SEQUENCE * 2,
);
