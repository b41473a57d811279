import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/model/message.ts';
import { type Session, SHORT_METADATA_BYTES } from '../../../src/model/session.ts';
import type { Dump, DumpedMessage, DumpedPart } from '../../../src/repository/dump.ts';
import type { SessionStore } from '../../../src/repository/repository.ts';
import { everything } from './everything.ts';
import {
  completePage,
  conversation,
  idsOf,
  MUCH,
  type OpenStore,
  operation,
  RETURNS,
  type SetUpStore,
  say,
  useStore,
  WHOLE,
} from './store.ts';

const usage = (inputTokens: number, costUsd?: number) => ({ inputTokens, outputTokens: 1, costUsd });
const GONE = ['gone', 'gone-child', 'between', 'purged'];

/** Mutations with an operation, by the id of the operation. Each is made once, and can be repeated in any copy of the store. */
const MUTATIONS: Readonly<Record<string, (store: SessionStore, id: string) => Promise<object>>> = {
  create: (store, id) =>
    store.create(
      { id: 'root', userId: 'ann', key: 'k', messages: conversation(3), metadata: { a: [1] } },
      operation(id, id),
    ),
  getOrCreate: (store, id) => store.getOrCreate({ id: 'b', parentId: 'root', title: 'b' }, operation(id, id)),
  append: (store, id) =>
    store.append(
      {
        sessionId: 'b',
        messages: [
          say('first', { key: 'first', usage: usage(8, 0.1), model: 'm' }),
          say('no key', { usage: usage(4) }),
          say('replaced later', { key: 'later', role: 'ASSISTANT', reasoning: 'hm' }),
        ],
      },
      operation(id, id),
      MUCH,
    ),
  ignore: (store, id) =>
    store.append(
      { sessionId: 'b', messages: [say('first again', { key: 'first' }), say('new')], onKey: 'IGNORE' },
      operation(id, id),
      MUCH,
    ),
  replace: (store, id) =>
    store.append(
      {
        sessionId: 'b',
        messages: [say('replaced', { key: 'later', role: 'ASSISTANT' })],
        onKey: 'REPLACE',
      },
      operation(id, id),
      MUCH,
    ),
  fork: (store, id) =>
    store.fork({ sessionId: 'b', id: 'fork', asRoot: false, title: 'f' }, operation(id, id)),
  truncate: (store, id) => store.truncate({ sessionId: 'b', keep: 1 }, MUCH, operation(id, id)),
  'append again': (store, id) =>
    store.append({ sessionId: 'b', messages: conversation(4) }, operation(id, id), MUCH),
  'truncate again': (store, id) => store.truncate({ sessionId: 'b', keep: 3 }, MUCH, operation(id, id)),
  'no truncation': (store, id) => store.truncate({ sessionId: 'b', keep: 3 }, MUCH, operation(id, id)),
  writeHistory: (store, id) =>
    store.writeHistory(
      {
        sessionId: 'b',
        keep: 0,
        messages: [say('first', { key: 'first', usage: usage(9, 0.3), model: 'm' }), say('end')],
        onKey: 'REPLACE',
        title: 'written',
        status: 'RUNNING',
      },
      WHOLE,
      operation(id, id),
    ),
  'only texts': (store, id) =>
    store.writeHistory({ sessionId: 'b', messages: [say('plain')] }, WHOLE, operation(id, id)),
  'nothing new': (store, id) =>
    store.writeHistory({ sessionId: 'b', status: 'RUNNING' }, WHOLE, operation(id, id)),
  update: (store, id) =>
    store.update(
      {
        sessionId: 'fork',
        key: 'fk',
        project: 'p',
        metadata: { x: null },
        setMetadata: { long: 'x'.repeat(SHORT_METADATA_BYTES) },
      },
      operation(id, id),
    ),
  redact: (store, id) =>
    store.redact(
      { messages: [{ sessionId: 'b', ordinal: 1 }], copies: true, reason: 'because' },
      operation(id, id),
    ),
  move: (store, id) => store.move({ sessionId: 'fork', parentId: 'late' }, operation(id, id)),
  'move to the top': (store, id) => store.move({ sessionId: 'moved', parentId: null }, operation(id, id)),
  archive: (store, id) =>
    store.archive(
      { sessionId: 'late', archived: true, subtree: true, archivedAt: new Date(5) },
      operation(id, id),
    ),
  unarchive: (store, id) =>
    store.archive({ sessionId: 'fork', archived: false, subtree: false }, operation(id, id)),
  cascade: (store, id) => store.delete({ sessionId: 'gone', mode: 'CASCADE' }, operation(id, id)),
  reparent: (store, id) => store.delete({ sessionId: 'between', mode: 'REPARENT' }, operation(id, id)),
  purge: (store, id) =>
    store.delete({ sessionId: 'purged', mode: 'RESTRICT', purge: true }, operation(id, id)),
  'in a deleted session': (store, id) =>
    store.append({ sessionId: 'gone', messages: conversation(2) }, operation(id, id), MUCH),
  'truncate a deleted session': (store, id) =>
    store.truncate({ sessionId: 'gone', keep: 1 }, null, operation(id, id)),
};

/** Sessions in all states, and operations of all kinds. */
export async function fill(store: Pick<OpenStore, 'repository' | 'create'>): Promise<void> {
  const { repository } = store;
  const run = (id: string) => MUTATIONS[id]!(repository, id);
  await run('create');
  await store.create({ id: 'other', userId: 'bob', messages: conversation(2), createdAt: new Date(7) });
  await run('getOrCreate');
  for (const id of ['append', 'ignore', 'replace', 'fork', 'truncate', 'append again', 'truncate again'])
    await run(id);
  for (const id of ['no truncation', 'writeHistory', 'only texts', 'nothing new']) await run(id);
  await run('update');
  for (const id of ['moved', 'between', 'gone', 'late', 'purged'])
    await store.create({ id, parentId: 'root', messages: conversation(2), spawnedBy: { toolCallId: id } });
  await store.create({ id: 'gone-child', parentId: 'gone' });
  for (const id of ['under-1', 'under-2']) await store.create({ id, parentId: 'between', userId: 'cid' });
  await repository.redact({
    messages: [{ sessionId: 'other', ordinal: 0 }],
    copies: false,
    reason: 'r',
  });
  // A child that is older than its parent, and one that stands where its age does not put it.
  for (const id of ['redact', 'move', 'move to the top', 'archive', 'unarchive']) await run(id);
  await repository.move({ sessionId: 'under-1', parentId: 'between' });
  for (const id of ['in a deleted session', 'truncate a deleted session', 'cascade', 'reparent', 'purge'])
    await run(id);
}

type Placed = Pick<Session, 'sequence' | 'arrival'>;

/** The numbers of a copy may be others: what they order is the same. */
export function withoutNumbers<T>(value: T): T {
  const numbers: readonly (keyof Placed)[] = ['sequence', 'arrival'];
  return JSON.parse(JSON.stringify(value), (name, each) =>
    (numbers as readonly string[]).includes(name) ? undefined : each,
  );
}

export async function partsOf({ parts }: Dump): Promise<object[]> {
  const all: object[] = [];
  for await (const part of parts) {
    if (part.type !== 'session') all.push(part);
    else {
      const messages: DumpedMessage[] = [];
      for await (const message of part.session.messages()) messages.push(message);
      all.push({ ...part.session, messages });
    }
  }
  return all;
}

const afternoon = (hours: number) => new Date(new Date().setUTCHours(hours, 30, 0, 0));

async function answersOf(store: OpenStore) {
  const { repository } = store;
  const all = await everything(repository, GONE);
  const ids = all.ids.filter((id) => !GONE.includes(id));
  return withoutNumbers({
    ...all,
    details: await repository.copyDetailsOf(ids),
    byPartOfDay: await Promise.all(
      [0, 12, 23].map((hours) => repository.usageReport({ by: ['MODEL', 'ROOT'], to: afternoon(hours) })),
    ),
    forks: (
      await repository.forksOf(
        ids.map((sessionId) => ({ sessionId, page: { limit: 100, from: 'start' as const } })),
      )
    ).map(({ items }) => idsOf(items)),
    found: (await completePage(() => repository.search({ query: 'first', limit: 100 }))).hits.map(
      ({ sessionId, ordinal }) => `${sessionId}:${ordinal}`,
    ),
  });
}

/** What retries of all operations are answered with. */
async function retriesIn({ repository }: OpenStore) {
  const answers: Record<string, unknown> = {};
  for (const [id, mutate] of Object.entries(MUTATIONS))
    answers[id] = await mutate(repository, id).catch((error: Error) => `${error.name}: ${error.message}`);
  return withoutNumbers(answers);
}

/** Breaks off after some parts, as a copy does whose process is killed. */
export function brokenOff({ storeId, parts }: Dump, after: number): Dump {
  return {
    storeId,
    parts: (async function* () {
      let n = 0;
      for await (const part of parts) {
        if (n === after) throw new Error('broken off');
        n += 1;
        yield part;
      }
    })(),
  };
}

/** Notes of which sessions the messages are read. */
function noting(dump: Dump, read: string[]): Dump {
  const noted = (part: DumpedPart): DumpedPart => {
    if (part.type !== 'session') return part;
    const { session } = part;
    const messages = (): AsyncIterable<DumpedMessage> => {
      read.push(session.id);
      return session.messages();
    };
    return { type: 'session', session: { ...session, messages } };
  };
  return {
    storeId: dump.storeId,
    parts: (async function* () {
      for await (const part of dump.parts) yield noted(part);
    })(),
  };
}

/** A store that loads the dump of another, of the same kind or not, is a copy of it. */
export function describeCopies(name: string, setUpSource: SetUpStore, setUpTarget: SetUpStore): void {
  describe(name, () => {
    const source = useStore(setUpSource);
    const target = useStore(setUpTarget);
    const copy = () => target.repository.load(source.repository.dump());

    it.each(['at once', ...RETURNS] as const)('answer every read as the original does: %s', async (how) => {
      await fill(source);
      const loaded = await copy();
      const counts = await source.repository.count({ archived: 'INCLUDE' });
      expect(loaded).toMatchObject({ sessions: counts, sessionsBefore: 0, tombstones: GONE.length });
      expect(loaded.operations).toBe(Object.keys(MUTATIONS).length);
      expect(await target.repository.unfinishedLoad()).toBeNull();
      if (how !== 'at once') await target.comeBack(how);
      expect(await answersOf(target)).toEqual(await answersOf(source));
      expect((await target.repository.status()).quarantined).toEqual([]);
    });

    it.each(['at once', ...RETURNS] as const)('answer every retry as the original does: %s', async (how) => {
      await fill(source);
      await copy();
      if (how !== 'at once') await target.comeBack(how);
      const before = await answersOf(target);
      const retries = await retriesIn(source);
      expect(await retriesIn(target)).toEqual(retries);
      expect(retries).toMatchObject({
        truncate: { removedCount: 3, removed: [{ ordinal: 1 }, { ordinal: 2 }, { ordinal: 3 }] },
        cascade: { deletedIds: ['gone', 'gone-child'] },
        reparent: { reparentedIds: ['under-2', 'under-1'] },
        archive: { changedIds: ['late', 'fork'] },
        move: { formerParentId: 'b' },
      });
      expect(await answersOf(target)).toEqual(before);
      const other = operation('append', 'another input');
      const conflict = { reason: 'OPERATION' };
      await expect(target.repository.update({ sessionId: 'b', title: 'x' }, other)).rejects.toMatchObject(
        conflict,
      );
    });

    it('keep taken what was taken', async () => {
      await fill(source);
      await copy();
      for (const id of ['root', ...GONE])
        await expect(target.create({ id })).rejects.toMatchObject({ name: 'SessionExistsError' });
      await expect(target.create({ key: 'k', userId: 'ann' })).rejects.toMatchObject({
        name: 'SessionExistsError',
      });
    });

    it.each(RETURNS)('go on as the original does: %s', async (how) => {
      await fill(source);
      await copy();
      await target.comeBack(how);
      for (const store of [source, target]) {
        const { repository } = store;
        await store.create({ id: 'new', parentId: 'root', createdAt: new Date(9), messages: [say('new')] });
        await repository.move({ sessionId: 'b', parentId: 'root' });
        await repository.archive({ sessionId: 'late', archived: false, subtree: true });
        const messages: Message[] = [];
        for (const sessionId of ['b', 'fork', 'other'])
          messages.push(...(await repository.append({ sessionId, messages: conversation(2) })).messages);
        await repository.fork({ sessionId: 'b', id: 'fork-2', asRoot: true, createdAt: new Date(11) });
        await repository.delete({ sessionId: 'late', mode: 'REPARENT' });
        expect(messages.map(({ ordinal, position }) => [ordinal, position])).toEqual([
          [11, 3],
          [12, 4],
          [4, 4],
          [5, 5],
          [2, 2],
          [3, 3],
        ]);
      }
      const [page] = await target.repository.childrenOf([
        { parentId: 'root', page: { limit: 100, from: 'start' } },
      ]);
      expect(idsOf(page!.items)).toEqual(['under-2', 'under-1', 'new', 'b', 'fork']);
      const order = ['ids', 'lists', 'children', 'descendants', 'ancestors', 'counts', 'keyed'] as const;
      const [one, other] = [await answersOf(target), await answersOf(source)];
      for (const part of order.filter((each) => each !== 'keyed' && each !== 'lists' && each !== 'ids'))
        expect(one[part]).toEqual(other[part]);
    });

    it('are dumped as the original is', async () => {
      await fill(source);
      await copy();
      const original = withoutNumbers(await partsOf(source.repository.dump()));
      expect(withoutNumbers(await partsOf(target.repository.dump()))).toEqual(original);
    });

    it.each([0, 5, 9])('are begun again where they ended: after %i parts', async (after) => {
      await fill(source);
      await expect(target.repository.load(brokenOff(source.repository.dump(), after))).rejects.toThrow(
        'broken off',
      );
      expect(await target.repository.unfinishedLoad()).toBe(source.repository.storeId);
      await target.comeBack('reopened');
      expect(await target.repository.unfinishedLoad()).toBe(source.repository.storeId);
      const read: string[] = [];
      const loaded = await target.repository.load(noting(source.repository.dump(), read));
      expect(loaded.sessionsBefore).toBeLessThanOrEqual(after);
      expect(new Set(read).size).toBe(loaded.sessions - loaded.sessionsBefore);
      expect(await target.repository.unfinishedLoad()).toBeNull();
      expect(await answersOf(target)).toEqual(await answersOf(source));
      expect(await retriesIn(target)).toEqual(await retriesIn(source));
    });

    it('end once the dump is over', async () => {
      await source.create({ id: 'a' });
      const reason = new Error('nobody waits');
      const dump = source.repository.dump({ signal: AbortSignal.abort(reason) });
      await expect(target.repository.load(dump)).rejects.toBe(reason);
    });

    it('have an id of their own', async () => {
      await copy();
      expect(target.repository.storeId).not.toBe(source.repository.storeId);
    });

    it('are refused by a store that has, or had, sessions', async () => {
      const refused = { name: 'LoadRefusedError' };
      await source.create({ id: 'a' });
      await target.create({ id: 'x' });
      await expect(copy()).rejects.toMatchObject(refused);
      await target.repository.delete({ sessionId: 'x', mode: 'RESTRICT' });
      await expect(copy()).rejects.toMatchObject(refused);
      expect(await target.repository.findMany(['a'])).toEqual([null]);
      expect(await target.repository.unfinishedLoad()).toBeNull();
      const itself = source.repository.load(source.repository.dump());
      await expect(itself).rejects.toMatchObject(refused);
    });

    it('are refused by a store that is becoming the copy of another, or has become one', async () => {
      await source.chain('a', 'b');
      await expect(target.repository.load(brokenOff(source.repository.dump(), 1))).rejects.toThrow();
      const other = { storeId: 'another', parts: source.repository.dump().parts };
      await expect(target.repository.load(other)).rejects.toMatchObject({ name: 'LoadRefusedError' });
      await copy();
      await expect(copy()).rejects.toMatchObject({ name: 'LoadRefusedError' });
    });

    it('say which session was changed before they were begun again', async () => {
      await source.chain('a', 'b');
      await expect(target.repository.load(brokenOff(source.repository.dump(), 1))).rejects.toThrow();
      await source.repository.update({ sessionId: 'a', title: 'x' });
      await expect(copy()).rejects.toThrow('The session "a" was changed');
    });
  });
}
