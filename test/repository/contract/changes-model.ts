import fc from 'fast-check';
import { expect } from 'vitest';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { Replica, readsOf } from '../../support/replica.ts';
import { MUCH, say } from './store.ts';

/** Something that happens, with numbers that say to what. */
export type Happening = readonly [kind: (typeof HAPPENINGS)[number], a: number, b: number, c: number];

const MUTATIONS = [
  'create',
  'append',
  'write',
  'update',
  'move',
  'moveOut',
  'archive',
  'truncate',
  'fork',
  'delete',
] as const;
const READS = ['watch', 'page', 'page', 'page', 'catchUp', 'save', 'goBack', 'forget'] as const;
const HAPPENINGS = [...MUTATIONS, 'move', 'move', 'create', 'append', ...READS] as const;

export const happenings: fc.Arbitrary<Happening[]> = fc.array(
  fc.tuple(fc.constantFrom(...HAPPENINGS), fc.nat(999), fc.nat(999), fc.nat(999)),
  { minLength: 20, maxLength: 80, size: 'max' },
);

/** A replica and where it is. */
interface Watcher {
  readonly within: string | null;
  replica: Replica;
  mark: string;
  /** The root of its tree as of the mark; null if it does not know. */
  rootId: string | null;
  /** Where it has been. */
  earlier: readonly string[];
  isOver: boolean;
}

const LIMITS = [1, 2, 3, 7, 1_000];
/** Errors of mutations that the state does not allow. */
const REFUSED = /^(Session(NotFound|Archived|HasChildren|Exists)|InvalidInput|Conflict)Error$/;

/** Mutations of every kind, and replicas that follow from different marks. After each page that says so, a replica is as a fresh read. */
export class FollowedStore {
  readonly #open: () => SessionRepository;
  readonly #prefix: string;
  readonly #ids: string[] = [];
  readonly #watchers: Watcher[] = [];
  readonly #saved: Watcher[] = [];
  readonly #marks: string[] = [];
  #turn = 0;
  /** The number of pages that were compared with a fresh read. */
  compared = 0;
  /** The number of times that a replica went on because nothing had happened in its tree. */
  passed = 0;

  /** `prefix` makes the ids differ from those of other runs in the same store. */
  constructor(open: () => SessionRepository, prefix: string) {
    this.#open = open;
    this.#prefix = prefix;
  }

  async happen([kind, a, b, c]: Happening): Promise<void> {
    this.#turn += 1;
    const watcher = this.#watchers[a % (this.#watchers.length || 1)];
    switch (kind) {
      case 'watch':
        return this.#watch(a % 4 === 0 ? null : this.#id(b), c % 3 === 0);
      case 'page':
        if (watcher) await this.#page(watcher, LIMITS[b % LIMITS.length]!);
        return;
      case 'catchUp':
        if (watcher) await this.#catchUp(watcher, LIMITS[b % LIMITS.length]!);
        return;
      case 'save':
        if (watcher) this.#saved.push({ ...watcher, replica: watcher.replica.copy() });
        return;
      case 'goBack': {
        // A reader that stopped for long goes on from what it had.
        const saved = this.#saved[b % (this.#saved.length || 1)];
        if (saved) this.#watchers.push({ ...saved, replica: saved.replica.copy() });
        return;
      }
      case 'forget': {
        // A reader that had not saved its latest mark applies changes again.
        if (watcher && watcher.earlier.length > 0) {
          watcher.mark = watcher.earlier[b % watcher.earlier.length]!;
          watcher.rootId = null;
        }
        return;
      }
      default:
        await this.#mutate(kind, a, b, c).catch((error: Error) => {
          expect(error.name).toMatch(REFUSED);
        });
    }
  }

  /** Lets all replicas come up to date. */
  async end(): Promise<void> {
    for (const watcher of [...this.#watchers, ...this.#saved]) await this.#catchUp(watcher, 3);
  }

  #id(n: number): string {
    return this.#ids[n % this.#ids.length] ?? 'none';
  }

  async #mutate(kind: (typeof MUTATIONS)[number], a: number, b: number, c: number): Promise<unknown> {
    const repository = this.#open();
    const sessionId = this.#id(a);
    const content = `${this.#turn}`;
    switch (kind) {
      case 'create': {
        const id = `${this.#prefix}${this.#ids.length}`;
        const parentId = this.#ids.length < 2 || c % 5 === 0 ? null : this.#id(b);
        const messages = c % 2 === 0 ? [say(content, { key: 'k' }), say(content)] : [];
        await repository.create({ id, parentId, messages });
        return this.#ids.push(id);
      }
      case 'append': {
        const messages = [say(content, { key: ['k', 'l', null][b % 3]! })];
        return repository.append({ sessionId, messages, onKey: c % 2 === 0 ? 'REPLACE' : 'IGNORE' });
      }
      case 'write': {
        const messages = [say(content, { key: ['k', 'l', null][b % 3]! }), say(content)];
        const title = c % 2 === 0 ? { title: content } : {};
        const write = { sessionId, dropLast: c % 3, messages, onKey: 'REPLACE', ...title } as const;
        return repository.writeHistory(write, { messages: MUCH, removed: MUCH });
      }
      case 'update':
        return repository.update({ sessionId, metadata: { content } });
      case 'move':
        return repository.move({ sessionId, parentId: this.#id(b) });
      case 'moveOut':
        return repository.move({ sessionId, parentId: null });
      case 'archive':
        return repository.archive({ sessionId, archived: b % 3 === 0, subtree: c % 2 === 0 });
      case 'truncate':
        return repository.truncate({ sessionId, keep: b % 3 }, null);
      case 'fork': {
        const id = `${this.#prefix}${this.#ids.length}`;
        await repository.fork({ sessionId, id, asRoot: c % 4 === 0 });
        return this.#ids.push(id);
      }
      case 'delete':
        return repository.delete({ sessionId, mode: b % 3 === 0 ? 'CASCADE' : 'REPARENT' });
    }
  }

  /** With `isOverlapping`, the replica reads the tree later than its mark. */
  async #watch(within: string | null, isOverlapping: boolean): Promise<void> {
    const replica = new Replica(readsOf(this.#open), within);
    const mark = isOverlapping ? this.#marks.at(-1) : undefined;
    const first = { mark: mark ?? (await this.#open().mark()), rootId: null, earlier: [], isOver: false };
    const watcher = { within, replica, ...first };
    await replica.readAll();
    if (within === null || replica.held.size > 0) this.#watchers.push(watcher);
  }

  async #page(watcher: Watcher, limit: number): Promise<boolean> {
    if (watcher.isOver) return true;
    const { within, mark: after, replica } = watcher;
    const { rootIds, mark } = await this.#open().changedTrees(after);
    if (watcher.rootId !== null && rootIds && !rootIds.has(watcher.rootId)) {
      this.passed += 1;
      watcher.mark = mark;
      await this.#expectFresh(watcher, { mark });
      return true;
    }
    const page = await this.#open().changesSince({ within, after, limit });
    expect(page.isReset).toBe(false);
    expect(page.changes.length).toBeLessThan(limit + 5);
    await replica.apply(page);
    watcher.earlier = [...watcher.earlier, after];
    watcher.mark = page.mark;
    watcher.rootId = page.rootId;
    watcher.isOver = page.isOver;
    if (page.isUpToDate) {
      this.#marks.push(page.mark);
      await this.#expectFresh(watcher, page);
    } else expect(page.mark).not.toBe(after);
    return page.isUpToDate;
  }

  async #catchUp(watcher: Watcher, limit: number): Promise<void> {
    while (!(await this.#page(watcher, limit)));
  }

  async #expectFresh({ within, replica }: Watcher, page: object): Promise<void> {
    const fresh = new Replica(readsOf(this.#open), within);
    await fresh.readAll();
    const plain = ({ held }: Replica) => Object.fromEntries([...held].sort(([a], [b]) => (a < b ? -1 : 1)));
    expect(plain(replica), JSON.stringify(page)).toEqual(plain(fresh));
    this.compared += 1;
  }
}
