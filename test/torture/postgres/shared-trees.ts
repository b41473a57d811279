import type { NewMessage } from '../../../src/model/message.ts';
import { operationOf } from '../../../src/model/operation.ts';
import { DELETE_MODES } from '../../../src/model/session.ts';
import type { TreeMutation } from '../own-trees/tree-mutation.ts';
import { Fault } from '../part.ts';
import type { Random } from '../random.ts';
import { isInDoubt, type LoadOptions, type Target, type Workload } from '../workload.ts';
import { query } from './verify-store.ts';

/** Sessions for which the clients race, about. */
const CROWDED = 40;
const REMEMBERED_OPERATIONS = 200;
const REPLAYED_OPERATIONS = 8;
/** Few, so that clients race for them. */
const KEYS = ['a', 'b', 'c'];
const MESSAGE_KEYS = ['k', 'l', 'm'];

/** What became of a mutation that was to record a text. */
type Outcome = 'done' | 'refused' | 'unknown';

interface Text {
  readonly outcome: Outcome;
  /** Where it was recorded, if that is known. */
  readonly sessionId: string | null;
  /** A later message with the same key may have taken its place. */
  readonly mayBeReplaced: boolean;
}

const SELECT_TEXTS = `SELECT m.content, count(*)::int FROM messages m WHERE NOT m.is_copy AND m.content <> '' GROUP BY m.content`;
const SELECT_THERE = 'SELECT id FROM sessions';

/**
 * Clients that send mutations of every kind to the same trees. Which of them is refused, and what they leave, follows from an order that
 * nobody knows; but each text that a client says is its own: one of an acknowledged mutation is there once, as long as its session is there,
 * and one of a refused mutation is not there.
 */
export class SharedTrees implements Workload {
  readonly #random: Random;
  readonly #url: string;
  readonly #texts = new Map<string, Text>();
  readonly #ids = new Set<string>();
  /** Sessions of which a message may have lost its text. */
  readonly #emptied = new Set<string>();
  readonly #operations: TreeMutation[] = [];
  readonly #unanswered: TreeMutation[] = [];
  #prefix = '';
  #made = 0;
  acknowledged = 0;
  /** Mutations that were refused for a reason that another client may have given. */
  refused = 0;

  constructor(random: Random, url: string) {
    this.#random = random;
    this.#url = url;
  }

  async load(target: Target, { lanes, prefix, storageErrors, goOn }: LoadOptions): Promise<void> {
    this.#prefix = prefix;
    let going = true;
    const lane = async () => {
      while (going) {
        const mutation = this.#next();
        const answer = await target.mutate(mutation);
        if (answer === 'unanswered') {
          this.#record(mutation, 'unknown');
          this.#unanswered.push(mutation);
          // Another process has the store open, too.
          if (!goOn(null)) going = false;
          continue;
        }
        if ('value' in answer) this.#done(mutation, answer.value);
        else {
          const { refusal } = answer;
          const isStorageError = refusal.name === 'StorageError';
          if (isStorageError ? storageErrors === 'fault' : !REFUSALS.has(refusal.name))
            throw new Fault(`a ${mutation.kind} was refused: ${refusal.name}: ${refusal.message}`);
          const isUnknown = isStorageError && isInDoubt(refusal, storageErrors);
          this.#record(mutation, isUnknown ? 'unknown' : 'refused');
          if (isUnknown) this.#unanswered.push(mutation);
          this.refused += 1;
        }
        if (!goOn('refusal' in answer ? answer.refusal : null)) going = false;
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: lanes }, lane));
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  }

  async verify(): Promise<void> {
    const rows = await query<{ content: string; count: number }>(this.#url, SELECT_TEXTS);
    const counts = new Map(rows.map(({ content, count }) => [content, count]));
    const there = new Set((await query<{ id: string }>(this.#url, SELECT_THERE)).map(({ id }) => id));
    for (const [content, count] of counts) {
      if (count > 1) throw new Fault(`"${content}" was recorded ${count} times`);
      if (!this.#texts.has(content)) throw new Fault(`nobody has said "${content}"`);
    }
    for (const [content, { outcome, sessionId, mayBeReplaced }] of this.#texts) {
      const count = counts.get(content) ?? 0;
      if (outcome === 'refused' && count > 0) throw new Fault(`"${content}" was refused, and is recorded`);
      const mayBeGone = mayBeReplaced || this.#emptied.has(sessionId!) || !there.has(sessionId!);
      if (outcome === 'done' && count === 0 && !mayBeGone)
        throw new Fault(`"${content}" of session "${sessionId}" was acknowledged, and is gone`);
    }
    this.#ids.clear();
    for (const id of there) this.#ids.add(id);
  }

  async sendAgain(target: Target): Promise<void> {
    const again = this.#unanswered.splice(0).filter(({ operation }) => operation);
    for (let n = 0; n < REPLAYED_OPERATIONS && this.#operations.length > 0; n += 1)
      again.push(this.#random.pick(this.#operations));
    for (const mutation of again) {
      const answer = await target.mutate(mutation);
      if (answer === 'unanswered') throw new Fault(`the store ended at the retry of a ${mutation.kind}`);
      const wasDone = this.#operations.includes(mutation);
      if ('value' in answer) {
        if (!wasDone) this.#done(mutation, answer.value);
      } else if (wasDone || !REFUSALS.has(answer.refusal.name)) {
        const { name, message } = answer.refusal;
        throw new Fault(`the retry of a ${mutation.kind} was refused: ${name}: ${message}`);
      }
    }
  }

  async sendMore(): Promise<void> {}

  ids(): string[] {
    return [...this.#ids];
  }

  #done(mutation: TreeMutation, value: object): void {
    this.acknowledged += 1;
    const { session = value, deletedIds = [] } = value as Answered;
    const { id } = session as { readonly id?: string };
    this.#record(mutation, 'done', id ?? null);
    if (id !== undefined) this.#ids.add(id);
    for (const deleted of deletedIds) this.#ids.delete(deleted);
    if (!mutation.operation) return;
    this.#operations.push(mutation);
    if (this.#operations.length > REMEMBERED_OPERATIONS) this.#operations.shift();
  }

  #record({ kind, input }: TreeMutation, outcome: Outcome, sessionId: string | null = null): void {
    if (outcome !== 'refused') {
      if (kind === 'redact') this.#emptied.add(input.messages[0]!.sessionId);
      if (kind === 'truncate' && input.purge) this.#emptied.add(input.sessionId);
    }
    if (kind !== 'append' && kind !== 'create' && kind !== 'writeHistory') return;
    for (const { content, key } of input.messages ?? [])
      this.#texts.set(content, { outcome, sessionId, mayBeReplaced: key != null });
  }

  #next(): TreeMutation {
    const { kind, input } = this.#any();
    const operation = this.#random.oneIn(2)
      ? { operation: operationOf(`op-${this.#token()}`, kind, input) }
      : {};
    return { kind, input, ...operation } as TreeMutation;
  }

  #any(): Pick<TreeMutation, 'kind' | 'input'> {
    const random = this.#random;
    const ids = [...this.#ids];
    if (ids.length < 4) return { kind: 'create', input: { id: this.#token(), messages: this.#messages() } };
    const [sessionId, other] = [random.pick(ids), random.pick(ids)];
    const parentId = random.oneIn(4) ? null : other;
    const isCrowded = ids.length > CROWDED;
    const chance = random.below(100);
    if (chance < (isCrowded ? 3 : 12))
      return { kind: 'create', input: { id: this.#token(), parentId, messages: this.#messages() } };
    if (chance < (isCrowded ? 4 : 18)) {
      const spawnedBy = { toolCallId: this.#token() };
      return { kind: 'create', input: { id: this.#token(), parentId: other, spawnedBy } };
    }
    if (chance < 35) return { kind: 'append', input: { sessionId, messages: this.#messages() } };
    if (chance < 45) {
      const named = random.oneIn(2) ? { sessionId } : { key: random.pick(KEYS), create: { parentId: null } };
      const dropLast = random.below(3);
      const messages = this.#messages(random.pick(MESSAGE_KEYS));
      return { kind: 'writeHistory', input: { ...named, dropLast, messages, onKey: 'REPLACE' } };
    }
    if (chance < 53) return { kind: 'update', input: { sessionId, title: this.#token() } };
    if (chance < 65) return { kind: 'move', input: { sessionId, parentId } };
    if (chance < 73)
      return { kind: 'archive', input: { sessionId, archived: random.oneIn(3), subtree: true } };
    if (chance < 80)
      return { kind: 'fork', input: { sessionId, id: this.#token(), asRoot: random.oneIn(2) } };
    if (chance < 86)
      return { kind: 'truncate', input: { sessionId, keep: random.below(6), purge: random.oneIn(4) } };
    if (chance < 90) {
      const messages = [{ sessionId, ordinal: random.below(6) }];
      return { kind: 'redact', input: { messages, copies: random.oneIn(2), reason: 'a leak' } };
    }
    if (!isCrowded && chance < 96)
      return { kind: 'append', input: { sessionId, messages: this.#messages() } };
    return { kind: 'delete', input: { sessionId, mode: random.pick(DELETE_MODES) } };
  }

  /** Each with a text of its own; the first with `key`. */
  #messages(key: string | null = null): NewMessage[] {
    const usage = { inputTokens: 1 + this.#random.below(50), outputTokens: 2, costUsd: 0.125 };
    return Array.from({ length: 1 + this.#random.below(3) }, (_, n) => ({
      role: n % 2 ? 'ASSISTANT' : 'USER',
      content: this.#token(),
      ...(n % 2 && { usage, model: 'm' }),
      key: n === 0 ? key : null,
    }));
  }

  #token(): string {
    this.#made += 1;
    return `t${this.#prefix}.${this.#made}`;
  }
}

interface Answered {
  readonly session?: object;
  readonly deletedIds?: readonly string[];
}

/** What others may cause: a session is gone, is archived, or stands elsewhere. */
const REFUSALS = new Set([
  'SessionNotFoundError',
  'SessionArchivedError',
  'SessionHasChildrenError',
  'ConflictError',
  'InvalidInputError',
  'MessageNotFoundError',
]);
