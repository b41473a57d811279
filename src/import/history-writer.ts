import type { NewMessage, NewTokenUsage } from '../model/message.ts';
import { TOKEN_COUNTS } from '../model/usage.ts';
import type { CreateIfMissing } from '../repository/mutations.ts';
import type { Resume, SessionEnd, SourceMessage, SourceSession } from './format.ts';
import type { ImporterParts } from './importer-parts.ts';
import { idOf } from './order.ts';
import type { KeyedMessage, StoredSession } from './target/target.ts';

/** A batch is written once its messages have this many bytes in the source: bounds memory, whatever the size of the file. */
const BATCH_BYTES = 512 * 1024;

type KeySet = Pick<ReadonlySet<string>, 'has'>;
const NONE: ReadonlySet<string> = new Set();

/** They are kept in the session's metadata. */
const PAID_KEYS_MAX = 500;

export interface HistoryParts extends ImporterParts {
  readonly source: SourceSession;
  /** The session as the store has it; null if it does not. */
  readonly known: StoredSession | null;
  /** See `ImportState.paidKeys`. */
  readonly paidKeys: readonly string[];
  /** True if the parent, whose messages the copies are in most cases, is not in the sources any more: they then do not say what is a copy. */
  readonly keepsCopies: boolean;
  readonly create: CreateIfMissing;
  /** Called before each write. */
  readonly beforeWrite: () => Promise<void>;
}

/** Writes the messages of one session, in batches. */
export class HistoryWriter {
  readonly #parts: HistoryParts;
  readonly #id: string;
  #isCreated: boolean;
  #written = 0;
  /** Messages that stay paid for, though they were taken back: where they come again, they are copies. */
  readonly #paid: Set<string>;
  /** All of them that the source still has. */
  readonly #paidThere = new Set<string>();
  /** See `#asStored`. */
  #stored: Promise<ReadonlyMap<string, KeyedMessage>> | null = null;
  #batch: NewMessage[] = [];
  #placeInBatch = new Map<string, number>();
  #batchBytes = 0;

  constructor(parts: HistoryParts) {
    this.#parts = parts;
    this.#id = idOf(parts.source.key);
    this.#isCreated = parts.known !== null;
    this.#paid = new Set(parts.paidKeys);
  }

  /** True once the store has the session. */
  get isCreated(): boolean {
    return this.#isCreated;
  }

  get written(): number {
    return this.#written;
  }

  /** For the next import: see `ImportState.paidKeys`. */
  get paidKeys(): readonly string[] {
    return [...this.#paidThere].slice(0, PAID_KEYS_MAX);
  }

  /** Reads the session's messages, and writes them. Returns what the source says at the end; null if it says nothing. */
  async write(from: Resume | null): Promise<SessionEnd | null> {
    const { known, source, report, fitter } = this.#parts;
    const isComparison = known !== null && from === null;
    if (known && source.movedKeys) await this.#takeOut(source.movedKeys, NONE);
    const { takenBack, misplaced } = isComparison
      ? await this.#compare()
      : { takenBack: NONE, misplaced: NONE };
    if (takenBack.size > 0) await this.#takeOut(takenBack, takenBack);
    if (misplaced.size > 0) await this.#takeOut(misplaced, NONE);
    const kept = source.isFormer ? await this.#storedKeys() : null;
    const seen = new Set<string>();
    let end: SessionEnd | null = null;
    for await (const item of source.read(from)) {
      if (item.type === 'message') {
        const key = fitter.key(item.message.key);
        if (takenBack.has(key) || (kept && !kept.has(key))) continue;
        if (isComparison) seen.add(key);
        if (this.#paid.has(key)) this.#paidThere.add(key);
        await this.#add(item);
      } else if (item.type === 'rollback') {
        const restorableKeys = (item.restorableKeys ?? []).map((key) => fitter.key(key));
        // A comparison has done the others already.
        if (!isComparison || restorableKeys.some((key) => seen.has(key)))
          await this.#rollBack(item.keepThroughKey);
        for (const key of restorableKeys) this.#paidThere.add(key);
      } else if (item.type === 'fault') report.faults.push(item);
      else if (item.type === 'dropped') report.drop(item);
      else end = item;
    }
    if (this.#batch.length > 0 || (!this.#isCreated && !end?.isUnfinished)) await this.#flush();
    if (isComparison && known.historyLength > 0) await this.#noteVanished(seen);
    return end;
  }

  async #add({ message, bytes }: SourceMessage): Promise<void> {
    const { fitter, prices, report, target } = this.#parts;
    const whole = fitter.message(message, (kind) => report.drop({ kind }));
    const fitted = await this.#asStored(this.#paid.has(whole.key!) ? { ...whole, isCopy: true } : whole);
    const priced = prices ? prices.priced(fitted) : fitted;
    const place = this.#placeInBatch.get(fitted.key!);
    if (place !== undefined) this.#batch[place] = priced;
    else {
      this.#placeInBatch.set(fitted.key!, this.#batch.length);
      this.#batch.push(priced);
    }
    this.#batchBytes += bytes ?? fitted.content.length + 1024;
    if (this.#batch.length >= target.limits.messages || this.#batchBytes >= BATCH_BYTES) await this.#flush();
  }

  /** `message` with what the source does not say (any more): that it is a copy, and what an earlier import found that it cost, if its tokens are the same. */
  async #asStored(message: NewMessage): Promise<NewMessage> {
    const { usage, key } = message;
    const { keepsCopies, moved } = this.#parts;
    const hasNoCost = usage != null && usage.costUsd == null;
    if (!hasNoCost && !keepsCopies) return message;
    const facts = await this.#storedFacts();
    const isCopy = keepsCopies && facts.get(key!)?.isCopy === true;
    const stored = (facts.get(key!) ?? moved.get(key!))?.usage;
    const costUsd = hasNoCost && stored && haveSameTokens(usage, stored) ? stored.costUsd : null;
    return {
      ...message,
      ...(isCopy && { isCopy }),
      ...(costUsd != null && { usage: { ...usage!, costUsd } }),
    };
  }

  /** The messages that are copies, or cost something, as the store had them before this import. */
  #storedFacts(): Promise<ReadonlyMap<string, KeyedMessage>> {
    this.#stored ??= this.#readStored();
    return this.#stored;
  }

  async #readStored(): Promise<ReadonlyMap<string, KeyedMessage>> {
    const { known, target, keepsCopies } = this.#parts;
    const found = new Map<string, KeyedMessage>();
    if (!known || (known.usage.costUsd == null && !keepsCopies)) return found;
    for await (const message of target.keysOf(this.#id))
      if (message.isCopy || message.usage?.costUsd != null) found.set(message.key, message);
    return found;
  }

  async #flush(): Promise<void> {
    const messages = this.#batch;
    this.#batch = [];
    this.#placeInBatch = new Map();
    this.#batchBytes = 0;
    await this.#write({ messages });
    this.#written += messages.length;
  }

  async #write(write: {
    messages: readonly NewMessage[];
    keepThroughKey?: string;
    keep?: number;
  }): Promise<void> {
    const { target, create, userId, source, beforeWrite } = this.#parts;
    await beforeWrite();
    const ownerId = source.described.userId ?? userId;
    const sessionId = this.#id;
    await target.write({
      sessionId,
      ownerId,
      create: this.#isCreated ? null : create,
      onKey: 'REPLACE',
      ...write,
    });
    this.#isCreated = true;
  }

  async #rollBack(keepThroughKey: string | null): Promise<void> {
    if (this.#batch.length > 0) await this.#flush();
    if (!this.#isCreated) return;
    const end =
      keepThroughKey === null ? { keep: 0 } : { keepThroughKey: this.#parts.fitter.key(keepThroughKey) };
    await this.#write({ messages: [], ...end });
  }

  async #storedKeys(): Promise<Set<string>> {
    const keys = new Set<string>();
    for await (const { key } of this.#parts.target.keysOf(this.#id)) keys.add(key);
    return keys;
  }

  /**
   * Reads the source for what is to be taken out before it is written. `takenBack`: what the source has taken back by now, without what is
   * still to be paid for. `misplaced`: messages that come behind one that is new, for example since its file was damaged until now.
   */
  async #compare(): Promise<{ takenBack: ReadonlySet<string>; misplaced: ReadonlySet<string> }> {
    const { source, known, fitter } = this.#parts;
    const stored = await this.#storedKeys();
    const takenBack = new Set<string>();
    let standing: string[] = [];
    for await (const item of source.read(null)) {
      if (item.type === 'message') standing.push(fitter.key(item.message.key));
      if (item.type !== 'rollback') continue;
      const { keepThroughKey } = item;
      const end = keepThroughKey === null ? 0 : standing.lastIndexOf(fitter.key(keepThroughKey)) + 1;
      for (const key of standing.slice(end)) takenBack.add(key);
      standing = standing.slice(0, end);
      for (const restorable of item.restorableKeys ?? []) {
        const key = fitter.key(restorable);
        if (!this.#paid.has(key) && !stored.has(key)) takenBack.delete(key);
      }
    }
    for (const key of standing) takenBack.delete(key);
    // What the source does not have, or has no key, would not come again; of a former session, nothing new comes.
    const there = new Set(standing);
    const isAllThere = stored.size === known!.historyLength && [...stored].every((key) => there.has(key));
    const firstNew = isAllThere && !source.isFormer ? standing.findIndex((key) => !stored.has(key)) : -1;
    const behind = firstNew === -1 ? [] : standing.slice(firstNew);
    return { takenBack, misplaced: new Set(behind.filter((key) => stored.has(key))) };
  }

  /**
   * Drops the history from the first of the messages with these keys on. What follows comes again. A dropped message stays paid for: all but
   * those in `paid` come again, here or in the fork that they are moved to, and give up their usage before they go.
   */
  async #takeOut(keys: KeySet, paid: KeySet): Promise<void> {
    const { target, moved } = this.#parts;
    const facts = await this.#storedFacts();
    let last: KeyedMessage | null = null;
    const going: KeyedMessage[] = [];
    for await (const message of target.keysOf(this.#id)) {
      if (going.length > 0 || keys.has(message.key)) {
        going.push(message);
        if (facts.has(message.key)) moved.set(message.key, facts.get(message.key)!);
      } else last = message;
    }
    if (going.length === 0) return;
    const coming = going.filter(({ key }) => !paid.has(key));
    const { messages: most } = target.limits;
    for (let start = 0; start < coming.length; start += most) {
      const messages = coming.slice(start, start + most);
      await this.#write({
        messages: messages.map(({ key, role, createdAt }) => ({ key, role, createdAt, content: '' })),
      });
    }
    await this.#write({ messages: [], ...(last ? { keepThroughKey: last.key } : { keep: 0 }) });
  }

  async #noteVanished(seen: ReadonlySet<string>): Promise<void> {
    const { target, report, source } = this.#parts;
    let vanished = 0;
    for await (const { key } of target.keysOf(this.#id)) if (!seen.has(key)) vanished += 1;
    if (vanished === 0) return;
    const messages = vanished === 1 ? '1 message' : `${vanished} messages`;
    const are = vanished === 1 ? 'is' : 'are';
    report.notes.push(
      `${source.files[0]?.path ?? source.key}: ${messages} of session "${source.key}" ${are} no longer there; the store keeps them`,
    );
  }
}

function haveSameTokens(one: NewTokenUsage, other: NewTokenUsage): boolean {
  return TOKEN_COUNTS.every((name) => (one[name] ?? 0) === (other[name] ?? 0));
}
