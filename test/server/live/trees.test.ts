import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { SessionChange } from '../../../src/repository/changes.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { FollowedStore, type Happening, happenings } from '../../repository/contract/changes-model.ts';
import { Replica, readsOf } from '../../support/replica.ts';
import { openTestRepository } from '../../support/repository.ts';
import { type Call, watched } from '../../support/watched-repository.ts';
import { openLive, type ReadStream, stream, until, WATCH } from './support.ts';

const say = (content: string) => [{ role: 'USER' as const, content }];

const FOLLOW = `subscription ($within: ID) {
  sessionChanges(within: $within) { cursor isReset changes { kind sessionId fromPosition } }
}`;

/** `repository`, whose pages of changes for one tree can be held back once they are read. */
function holdingPages(repository: SessionRepository) {
  let held: { readonly within: string; readonly read: () => void; readonly released: Promise<void> } | null =
    null;
  const holding = new Proxy(repository, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== 'function') return method;
      if (name !== 'changesSince') return method.bind(target);
      return async (...args: Parameters<SessionRepository['changesSince']>) => {
        const page = await target.changesSince(...args);
        if (args[0].within === held?.within) {
          held.read();
          await held.released;
        }
        return page;
      };
    },
  });
  /** Holds the next pages for a tree; `isRead` resolves once there is one. */
  const hold = (within: string) => {
    const read = Promise.withResolvers<void>();
    const { promise: released, resolve } = Promise.withResolvers<void>();
    held = { within, read: read.resolve, released };
    return { isRead: read.promise, release: resolve };
  };
  return { repository: holding, hold };
}

/** A server with ten trees of two sessions, and a subscription to each child, that has begun. */
async function openForest() {
  const { repository: holding, hold } = holdingPages(await openTestRepository());
  const { repository, calls } = watched(holding);
  const server = await openLive({ repository });
  const streams: ReadStream[] = [];
  for (let n = 0; n < 10; n += 1) {
    await repository.create({ id: `root${n}` });
    await repository.create({ id: `child${n}`, parentId: `root${n}` });
  }
  for (let n = 0; n < 10; n += 1)
    streams.push(await stream(server.url, { query: WATCH, variables: { within: `child${n}` } }));
  for (const one of streams) await one.changes();
  /** The trees that were read since it was called last, by how often. */
  const reads = () => {
    const read: Record<string, number> = {};
    for (const [method, request] of calls.splice(0)) {
      if (method !== 'changesSince') continue;
      const { within } = request as { within: string };
      read[within] = (read[within] ?? 0) + 1;
    }
    return read;
  };
  reads();
  return { ...server, repository, streams, reads, calls, hold };
}

test('subscriptions to other trees cost no read', async () => {
  const { repository, streams, reads } = await openForest();
  let seen = 0;
  for (let n = 0; n < 100; n += 1) {
    await repository.append({ sessionId: 'child3', messages: say(`${n}`) });
    if (n % 10 !== 9) continue;
    await streams[3]!.changes();
    seen += 1;
  }
  const { child3, ...others } = reads();
  expect(others).toEqual({});
  expect(child3).toBeGreaterThanOrEqual(seen);
  await repository.create({ id: 'fork', parentId: 'root4' });
  await repository.fork({ sessionId: 'child3', asRoot: true, id: 'apart' });
  await repository.create({});
  await repository.append({ sessionId: 'child5', messages: say('heard') });
  expect((await streams[5]!.changes()).changes).toMatchObject([{ kind: 'APPENDED', sessionId: 'child5' }]);
  for (const id of Object.keys(reads())) expect(['child3', 'child4', 'child5']).toContain(id);
});

test('a subscription that was idle goes on after what happened elsewhere', async () => {
  const { repository, streams, calls } = await openForest();
  const { mark } = repository;
  for (let n = 0; n < 3; n += 1) {
    await repository.append({ sessionId: 'child3', messages: say(`${n}`) });
    await streams[3]!.changes();
  }
  const before = await mark.call(repository);
  await repository.append({ sessionId: 'child5', messages: say('heard') });
  await streams[5]!.changes();
  const [, request] = calls.findLast(([method]) => method === 'changesSince')!;
  expect(request).toMatchObject({ within: 'child5', after: before });
});

test('a subscription to an idle tree gets its bookmarks without a read', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { repository, streams, reads, cursor } = await openForest();
  await repository.append({ sessionId: 'child3', messages: say('elsewhere') });
  await streams[3]!.changes();
  vi.advanceTimersByTime(25_000);
  const bookmark = { cursor: await cursor(), isUpToDate: true, isReset: false, changes: [] };
  expect(await streams[5]!.changes()).toEqual(bookmark);
  await repository.append({ sessionId: 'child5', messages: say('heard') });
  expect((await streams[5]!.changes()).changes).toMatchObject([{ kind: 'APPENDED', sessionId: 'child5' }]);
  expect(reads()).toEqual({ child3: 1, child5: 1 });
});

test('a subscription gets its bookmark for what happened elsewhere while its page was read', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { repository, streams, cursor, hold } = await openForest();
  const page = hold('child1');
  await repository.append({ sessionId: 'child1', messages: say('heard') });
  await page.isRead;
  await repository.append({ sessionId: 'child5', messages: say('elsewhere') });
  await streams[5]!.changes();
  page.release();
  await streams[1]!.changes();
  vi.advanceTimersByTime(25_000);
  const bookmark = { cursor: await cursor(), isUpToDate: true, isReset: false, changes: [] };
  expect(await streams[1]!.changes()).toEqual(bookmark);
});

test('a session that moves takes its subscription to the other tree', async () => {
  const { repository, streams } = await openForest();
  await repository.move({ sessionId: 'root1', parentId: 'child0' });
  await repository.append({ sessionId: 'child1', messages: say('moved') });
  const kinds = async (n: number, count: number) => {
    const seen: string[] = [];
    while (seen.length < count)
      for (const { kind, sessionId } of (await streams[n]!.changes()).changes)
        seen.push(`${kind} ${sessionId}`);
    return seen;
  };
  expect(await kinds(1, 1)).toEqual(['APPENDED child1']);
  expect(await kinds(0, 1)).toEqual(['ENTERED root1']);
  await repository.delete({ sessionId: 'child0', mode: 'REPARENT' });
  await repository.delete({ sessionId: 'root0', mode: 'REPARENT' });
  await repository.append({ sessionId: 'child1', messages: say('a root again') });
  expect(await kinds(1, 1)).toEqual(['APPENDED child1']);
});

test.each(['before', 'after'])(
  'nothing is lost of a tree whose page is read since %s its move',
  async (since) => {
    const { repository, streams, hold } = await openForest();
    const append = (content: string) => repository.append({ sessionId: 'child1', messages: say(content) });
    let page = hold('child1');
    const { release } = page;
    if (since === 'before') {
      await append('before the move');
      await page.isRead;
    }
    await repository.move({ sessionId: 'root1', parentId: 'child0' });
    // What the stream of the other tree has told of, the server has looked at.
    expect((await streams[0]!.changes()).changes).toMatchObject([{ kind: 'ENTERED', sessionId: 'root1' }]);
    if (since === 'before') {
      page = hold('child1');
      release();
      await streams[1]!.changes();
    }
    await page.isRead;
    await append('after the move');
    expect((await streams[0]!.changes()).changes).toMatchObject([{ kind: 'APPENDED', sessionId: 'child1' }]);
    page.release();
    expect((await streams[1]!.changes()).changes).toMatchObject([{ kind: 'APPENDED', sessionId: 'child1' }]);
  },
);

test('nothing is told again because of a look at the store that began before a page was read', async () => {
  let isHeld: (call: Call) => Promise<void> | undefined = () => undefined;
  const { repository } = watched(await openTestRepository(), (call) => isHeld(call));
  /** Holds the next such call back before it is made; `isAsked` resolves once there is one. */
  const hold = (isSuch: (call: Call) => boolean) => {
    const asked = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    isHeld = (call) => {
      if (!isSuch(call)) return undefined;
      isHeld = () => undefined;
      asked.resolve();
      return released;
    };
    return { isAsked: asked.promise, release };
  };
  const { url } = await openLive({ repository });
  const follow = async (within: string) => {
    await repository.create({ id: within });
    const events = await stream(url, { query: FOLLOW, variables: { within } });
    await events.changes();
    return events;
  };
  const [a, b] = [await follow('a'), await follow('b')];
  const append = (sessionId: string) => repository.append({ sessionId, messages: say('x') });

  const page = hold(([method, request]) => method === 'changesSince' && Object(request).within === 'a');
  await append('a');
  await page.isAsked;
  // What the stream of the other tree has told of, the server has looked at.
  await append('b');
  await b.changes();
  const look = hold(([method]) => method === 'changedTrees');
  await append('a');
  await look.isAsked;
  page.release();
  expect((await a.changes()).changes).toMatchObject([{ kind: 'APPENDED', fromPosition: 0 }]);
  look.release();
  await append('a');
  expect((await a.changes()).changes).toMatchObject([{ kind: 'APPENDED', fromPosition: 2 }]);
});

/** Follows a tree over HTTP, and has what a client has that applies every change. */
class Follower {
  readonly #replica: Replica;
  readonly #repository: SessionRepository;
  readonly within: string | null;
  isOver = false;

  private constructor(repository: SessionRepository, within: string | null) {
    this.#repository = repository;
    this.#replica = new Replica(
      readsOf(() => repository),
      within,
    );
    this.within = within;
  }

  static async open(url: string, repository: SessionRepository, within: string | null): Promise<Follower> {
    const follower = new Follower(repository, within);
    const events = await stream(url, { query: FOLLOW, variables: { within } });
    await events.next();
    await follower.#replica.readAll();
    void follower.#follow(events);
    return follower;
  }

  async #follow(events: ReadStream): Promise<void> {
    for (let event = await events.next(); event?.event === 'next'; event = await events.next()) {
      const { changes, isReset } = JSON.parse(event.data).data.sessionChanges as {
        changes: SessionChange[];
        isReset: boolean;
      };
      const isOver = changes.some(({ kind, sessionId }) => kind === 'DELETED' && sessionId === this.within);
      await this.#replica.apply({ changes, isReset, isOver });
    }
    this.isOver = true;
  }

  /** True if it has what a fresh read gives. */
  async isFresh(): Promise<boolean> {
    if (this.within !== null && !(await this.#repository.findMany([this.within]))[0]) return this.isOver;
    const fresh = new Replica(
      readsOf(() => this.#repository),
      this.within,
    );
    await fresh.readAll();
    const plain = ({ held }: Replica) => JSON.stringify([...held].sort(([a], [b]) => (a < b ? -1 : 1)));
    return plain(this.#replica) === plain(fresh);
  }
}

test('nothing is lost, whatever happens in which trees', async () => {
  let run = 0;
  const isWrite = ([kind]: Happening) => !/^(watch|page|catchUp|save|goBack|forget)$/.test(kind);
  await fc.assert(
    fc.asyncProperty(happenings, fc.integer({ min: 1, max: 6 }), async (all, atOnce) => {
      run += 1;
      const repository = await openTestRepository();
      const { url } = await openLive({ repository });
      const store = new FollowedStore(() => repository, `r${run}-`);
      for (let n = 0; n < 8; n += 1) await store.happen(['create', n, n >> 1, n]);
      const followers = [await Follower.open(url, repository, null)];
      for (let n = 0; n < 8; n += 1) followers.push(await Follower.open(url, repository, `r${run}-${n}`));
      const writes = all.filter(isWrite);
      for (let from = 0; from < writes.length; from += atOnce) {
        await Promise.all(writes.slice(from, from + atOnce).map((each) => store.happen(each)));
        // Some of the rounds see a part of what happens.
        if (from % 4 === 0) await new Promise((resolve) => setTimeout(resolve, from % 40));
      }
      for (const follower of followers)
        await until(() => follower.isFresh(), `all changes of "${follower.within}"`);
    }),
    { numRuns: 12, endOnFailure: true, interruptAfterTimeLimit: 90_000 },
  );
}, 120_000);
