import { InvalidInputError, StorageError } from '../../model/errors.ts';
import { faultMessage } from '../../model/input-fault.ts';
import type { Limits } from '../../model/limits.ts';
import type { NewMessage } from '../../model/message.ts';
import { atMost, bound } from '../../model/stored-values.ts';
import type { Broadcast } from '../../repository/broadcast.ts';
import type { SessionRepository } from '../../repository/repository.ts';
import { storeBehind } from '../../repository/scoped/scoped-repository.ts';
import type { SchemaContext } from '../context.ts';
import { Draft, type DraftPart, type DraftUpdate } from './draft.ts';
import { DraftExchange, type DraftNews } from './draft-exchange.ts';
import { DraftWatcher } from './draft-watcher.ts';

type DraftLimits = Pick<Limits, 'drafts' | 'draftBytes' | 'draftsBytes' | 'draftMs'>;

/** Milliseconds between two looks for drafts that have been silent for too long. */
const SWEEP_MS = 1_000;

/**
 * What agents are saying just now: in memory only, bounded, and shown to whoever watches the session. A draft ends with `isDone`, with
 * the message that is written with its key, or after `draftMs` without a call. An ended draft is kept as long again: its text until all
 * watchers have seen it, and its sequence, so that a retry of its last call does not begin another one.
 */
export class Drafts {
  readonly #limits: DraftLimits;
  /** By session, then by key: the latest draft of each key. */
  readonly #latest = new Map<string, Map<string, Draft>>();
  readonly #all = new Set<Draft>();
  readonly #watchers = new Map<string, Set<DraftWatcher>>();
  /** Of drafts that have not ended. */
  #open = 0;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #exchange: DraftExchange | null;

  /** With `broadcast`, the drafts of other instances are shown, too. */
  constructor(limits: DraftLimits, broadcast?: Broadcast) {
    this.#limits = limits;
    this.#exchange = broadcast ? new DraftExchange(this, broadcast) : null;
  }

  /**
   * Applies `part`, unless its sequence was seen. True if it began a draft, which is not shown before `show`: the caller first finds out
   * whether a message has its key.
   * Throws an InvalidInputError if the draft would be too large, and a StorageError if there is no room for it.
   */
  add(part: DraftPart): boolean {
    const known = this.#find(part);
    if (known && isSeen(known, part)) return false;
    const isNew = !known || known.isDone;
    if (isNew && this.#open >= this.#limits.drafts) throw noRoom(this.#limits, 'drafts');
    const draft = isNew ? new Draft(part) : known;
    this.#checkSize(draft, part, isNew);
    if (isNew) this.#begin(draft);
    this.#resize(draft, () => draft.apply(part));
    draft.changedAt = performance.now();
    if (part.isDone) this.#end(draft);
    else this.#announce(draft);
    return isNew;
  }

  #checkSize(draft: Draft, part: DraftPart, isNew: boolean): void {
    const bytes = draft.textBytesWith(part);
    const size = bound(this.#limits, 'draftBytes');
    if (bytes > size.max) {
      const advice = 'End the draft with the message, or stream only its latest part as `content`';
      const member = (['content', 'delta', 'reasoningDelta'] as const).find((name) => part[name]) ?? 'chunks';
      const message = faultMessage({ ...atMost(size, 'bytes in one draft', bytes), advice }, part);
      throw new InvalidInputError([{ path: ['input', member], message }]);
    }
    // A new draft takes its own bytes, too.
    const more = bytes - draft.textBytes + (isNew ? draft.bytes : 0);
    if (this.#bytes + more > this.#limits.draftsBytes) throw noRoom(this.#limits, 'draftsBytes');
  }

  /** Shows a draft that `add` began to the watchers of its session. */
  show(part: DraftPart): void {
    const draft = this.#find(part);
    if (!draft || draft.isShown) return;
    draft.isShown = true;
    this.#announce(draft);
  }

  /** Drops a draft that was not shown. */
  drop(part: DraftPart): void {
    const draft = this.#find(part);
    if (draft && !draft.isShown) this.#remove(draft);
  }

  /** To be called once messages with these keys are in the history of the session: their drafts have ended. */
  written(sessionId: string, keys: Iterable<string>): void {
    const drafts = this.#latest.get(sessionId);
    if (!drafts) return;
    for (const key of keys) {
      const draft = drafts.get(key);
      if (!draft || draft.isDone) continue;
      draft.isWritten = true;
      this.#end(draft);
    }
  }

  /** To be called once sessions are deleted: nothing more is said in them, and nobody can watch them. */
  deleted(sessionIds: readonly string[]): void {
    this.#exchange?.deleted(sessionIds);
    this.forget(sessionIds);
  }

  /** As `deleted`, which another instance has heard of. */
  forget(sessionIds: readonly string[]): void {
    if (this.isEmpty && this.#watchers.size === 0) return;
    for (const id of sessionIds) {
      for (const draft of [...(this.#latest.get(id)?.values() ?? [])]) this.#remove(draft);
      for (const watcher of [...(this.#watchers.get(id) ?? [])]) watcher.close();
    }
  }

  /**
   * Applies what another instance says of a draft of its own. Returns the draft; null if there is a gap before that, so that this instance needs
   * all of the draft, or no room for it.
   */
  follow({ update, from, sequence }: DraftNews): Draft | null {
    const found = this.#find(update);
    const known = found?.isDone ? undefined : found;
    if (!known && update.isDone) return found ?? null;
    if (!update.isWhole && !known?.isAt(from)) return null;
    if (!known && this.#open >= this.#limits.drafts) return null;
    const draft = known ?? new Draft(update);
    const part: DraftPart = { ...partOf(update), sequence };
    const bytes = update.isWhole ? draft.textBytesOf(part) : draft.textBytesWith(part);
    if (this.#bytes + bytes - draft.textBytes > this.#limits.draftsBytes) return null;
    if (!known) this.#begin(draft);
    draft.isShown = true;
    this.#resize(draft, () => (update.isWhole ? draft.replace(part) : draft.apply(part)));
    draft.changedAt = performance.now();
    draft.isWritten ||= update.isWritten;
    if (update.isDone) this.#end(draft);
    else this.#announce(draft);
    return draft;
  }

  /** The drafts that are said just now. */
  shown(): Draft[] {
    return [...this.#all].filter(({ isShown, isDone }) => isShown && !isDone);
  }

  /** True if there is no draft at all. */
  get isEmpty(): boolean {
    return this.#all.size === 0;
  }

  /** The updates of the drafts of a session: first what was said so far of each, then what is said. Close it in the end. */
  watch(sessionId: string): DraftWatcher {
    const drafts = [...(this.#latest.get(sessionId)?.values() ?? [])];
    const watcher = new DraftWatcher(
      drafts.filter(({ isShown, isDone }) => isShown && !isDone),
      (closed) => this.#forget(sessionId, closed),
    );
    const watchers = this.#watchers.get(sessionId) ?? new Set();
    this.#watchers.set(sessionId, watchers.add(watcher));
    return watcher;
  }

  /** How many watch the drafts of a session. */
  watchersOf(sessionId: string): number {
    return this.#watchers.get(sessionId)?.size ?? 0;
  }

  #forget(sessionId: string, watcher: DraftWatcher): void {
    const watchers = this.#watchers.get(sessionId);
    watchers?.delete(watcher);
    if (watchers?.size === 0) this.#watchers.delete(sessionId);
  }

  #find({ sessionId, key }: DraftPart): Draft | undefined {
    return this.#latest.get(sessionId)?.get(key);
  }

  #begin(draft: Draft): void {
    const drafts = this.#latest.get(draft.sessionId) ?? new Map<string, Draft>();
    this.#latest.set(draft.sessionId, drafts.set(draft.key, draft));
    this.#all.add(draft);
    this.#open += 1;
    this.#bytes += draft.bytes;
    this.#timer ??= setInterval(() => this.#sweep(), Math.min(SWEEP_MS, this.#limits.draftMs)).unref();
  }

  #end(draft: Draft): void {
    draft.isDone = true;
    draft.changedAt = performance.now();
    this.#open -= 1;
    this.#announce(draft);
    this.#forgetSeen(draft);
  }

  #announce(draft: Draft): void {
    if (!draft.isShown) return;
    this.#exchange?.changed(draft);
    for (const watcher of this.#watchers.get(draft.sessionId) ?? []) watcher.changed(draft);
  }

  /** The texts of a draft that has ended are kept for the watchers that have not seen them. */
  #forgetSeen(draft: Draft): void {
    if (this.#unseenBy(draft).length > 0 || !draft.isShown) return;
    this.#resize(draft, () => draft.forgetTexts());
  }

  #unseenBy(draft: Draft): DraftWatcher[] {
    const watchers = this.#watchers.get(draft.sessionId) ?? [];
    return [...watchers].filter((watcher) => watcher.hasUnseen(draft));
  }

  #resize(draft: Draft, change: () => void): void {
    this.#bytes -= draft.bytes;
    change();
    this.#bytes += draft.bytes;
  }

  #remove(draft: Draft): void {
    if (!draft.isDone) this.#open -= 1;
    // A watcher that has not seen the end by now would hold what it has seen for ever: it begins again.
    for (const watcher of this.#unseenBy(draft)) watcher.close();
    this.#all.delete(draft);
    this.#bytes -= draft.bytes;
    const drafts = this.#latest.get(draft.sessionId);
    // Another draft of the same key may have begun since.
    if (drafts?.get(draft.key) === draft) drafts.delete(draft.key);
    if (drafts?.size === 0) this.#latest.delete(draft.sessionId);
    if (!this.isEmpty) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Ends drafts that have been silent for `draftMs`, and forgets those that ended as long ago. */
  #sweep(): void {
    const longAgo = performance.now() - this.#limits.draftMs;
    for (const draft of this.#all) {
      const isOld = draft.changedAt <= longAgo;
      if (isOld && draft.isDone) this.#remove(draft);
      else if (isOld) this.#end(draft);
      else if (draft.isDone) this.#forgetSeen(draft);
    }
  }
}

function partOf({ sessionId, key, role, delta, reasoningDelta, chunks }: DraftUpdate): DraftPart {
  return { sessionId, key, role, delta, reasoningDelta, chunks };
}

/** Serial numbers of 32 bits, as in RFC 1982: the smallest Int of GraphQL comes after the largest. */
function isSeen(draft: Draft, { sequence }: DraftPart): boolean {
  return sequence != null && draft.sequence !== null && ((sequence - draft.sequence) | 0) <= 0;
}

/** A StorageError, because a draft is refused as a write to a full disk is: the input is right, and can be kept once others have ended. */
function noRoom(limits: DraftLimits, limit: 'drafts' | 'draftsBytes'): StorageError {
  const most = limit === 'drafts' ? `${limits.drafts} drafts` : `${limits.draftsBytes} bytes of drafts`;
  return new StorageError(
    `The server keeps ${most} (the limit ${limit}), and has no room for more. Try again once others have ended, or write the message.`,
    true,
  );
}

const known = new WeakMap<SessionRepository, Drafts>();

/** The drafts of the sessions of a store, whoever asks. The limits of the first call count. */
export function draftsOf({ repository, limits }: Pick<SchemaContext, 'repository' | 'limits'>): Drafts {
  const store = storeBehind(repository);
  let drafts = known.get(store);
  if (!drafts) {
    drafts = new Drafts(limits, store.broadcast);
    known.set(store, drafts);
  }
  return drafts;
}

/** Ends the drafts of deleted sessions, and the streams of those who watch them. */
export function endSessions(
  { repository }: Pick<SchemaContext, 'repository'>,
  sessionIds: readonly string[],
): void {
  known.get(storeBehind(repository))?.deleted(sessionIds);
}

/** Ends the drafts of messages that are in the history of a session now. */
export function endDrafts(
  { repository }: Pick<SchemaContext, 'repository'>,
  sessionId: string,
  messages: readonly Pick<NewMessage, 'key'>[],
): void {
  const drafts = known.get(storeBehind(repository));
  if (!drafts || drafts.isEmpty) return;
  const keys = messages.flatMap(({ key }) => key ?? []);
  drafts.written(sessionId, keys);
}
