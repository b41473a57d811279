import type { NewMessage } from '../../src/model/message.ts';
import { operationOf } from '../../src/model/operation.ts';
import { SESSION_STATUSES } from '../../src/model/session.ts';
import type { WriteHistory } from '../../src/repository/mutations.ts';
import type { Model } from './model.ts';
import type { TreeMutation } from './own-trees/tree-mutation.ts';
import type { Random } from './random.ts';

/** The mutations that clients of shared sessions send. */
export type Mutation = Extract<
  TreeMutation,
  { readonly kind: 'create' | 'append' | 'update' | 'delete' | 'writeHistory' }
>;

/** A session's key, with the owner among whose sessions it is unique. */
export const placeOf = (key: string, ownerId: string | null | undefined): string =>
  JSON.stringify([ownerId ?? null, key]);

/** The id of the session that the mutation is about; its place, if the mutation names it by its key. */
export function targetOf({ kind, input }: Mutation): string {
  if (kind === 'create') return input.id;
  if (kind === 'writeHistory') return input.sessionId ?? placeOf(input.key!, input.ownerId);
  return input.sessionId;
}

export function describeMutation(mutation: Mutation): string {
  const operation = mutation.operation ? `, operation ${mutation.operation.id}` : '';
  return `${mutation.kind} of "${targetOf(mutation)}"${operation}`;
}

/** The sizes of a load. */
export interface Weights {
  /** Bytes of most contents, and of one content in forty. */
  readonly content: number;
  readonly largeContent: number;
  /** One of this many creations is large, and takes another path to the disk. */
  readonly largeCreations: number;
  /** The number of existing sessions from which deletions become frequent. */
  readonly sessions: number;
}

export const MIXED: Weights = { content: 60, largeContent: 60_000, largeCreations: 8, sessions: 150 };

const ROLES = ['USER', 'ASSISTANT', 'TOOL', 'SYSTEM'] as const;

/** The names by which clients find or create a session. Few, so that clients race for them. */
export const NAMES: readonly { readonly key: string; readonly ownerId: string | null }[] = [
  { key: 'thread', ownerId: null },
  { key: 'thread', ownerId: 'ada' },
  { key: 'Thread', ownerId: null },
  { key: 'other', ownerId: 'ada' },
];

/** Keys of messages: few, so that most writes find some of them. */
const MESSAGE_KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];

/** Bytes of a large creation's message: more than the journal accepts. */
const LARGE_CREATION = 300_000;

/** Generates mutations of all kinds for the sessions of `model`. No two have equal contents, ids or metadata keys. */
export class Mutations {
  readonly #model: Model;
  readonly #random: Random;
  readonly #weights: Weights;
  readonly #prefix: string;
  #made = 0;

  /** All generated names begin with `prefix`. */
  constructor(model: Model, random: Random, prefix: string, weights = MIXED) {
    this.#model = model;
    this.#random = random;
    this.#prefix = prefix;
    this.#weights = weights;
  }

  next(): Mutation {
    const living = [...this.#model.sessions.keys()];
    if (living.length < 3) return this.create(null);
    const id = this.#random.pick(living);
    const crowded = living.length > this.#weights.sessions;
    const chance = this.#random.below(100);
    if (chance < (crowded ? 12 : 3)) return this.#delete(id, 'CASCADE');
    if (chance < (crowded ? 16 : 6)) return this.#delete(id, 'RESTRICT');
    if (chance < 25) return this.create(this.#random.oneIn(4) ? null : id);
    if (chance < 35) return this.update(id);
    if (chance < 50) return this.write(this.#random.pick(NAMES));
    if (chance < 60) return this.write({ sessionId: id });
    return this.append(id);
  }

  create(parentId: string | null): Mutation {
    const token = this.#token();
    // File names treat upper-case letters differently.
    const id = this.#random.oneIn(3) ? `S.${token}` : `s-${token}`;
    const metadata = this.#random.oneIn(2) ? { [token]: true } : {};
    const large = this.#random.oneIn(this.#weights.largeCreations);
    const messages = large ? [largeMessage(token)] : this.#random.oneIn(4) ? this.#messages(token) : [];
    return this.#named('create', { id, parentId, title: token, metadata, messages });
  }

  append(sessionId: string): Mutation {
    return this.#named('append', { sessionId, messages: this.#messages(this.#token()) });
  }

  update(sessionId: string): Mutation {
    const token = this.#token();
    const title = this.#random.oneIn(2) ? { title: token } : {};
    return this.#named('update', { sessionId, metadata: { [token]: this.#random.below(1_000) }, ...title });
  }

  /** A turn of an agent. A session that is named by its key is created if there is none. Never changes nothing. */
  write(named: Pick<WriteHistory, 'sessionId' | 'key' | 'ownerId'>): Mutation {
    const token = this.#token();
    const create = named.key == null ? {} : { create: { title: token, metadata: { created: token } } };
    return this.#named('writeHistory', {
      ...named,
      ...create,
      ...this.#end(),
      ...(this.#random.oneIn(4) ? {} : { messages: this.#keyedMessages(token) }),
      onKey: this.#random.oneIn(3) ? 'IGNORE' : 'REPLACE',
      ...(this.#random.oneIn(3) ? { title: token } : {}),
      ...(this.#random.oneIn(2) ? { status: this.#random.pick(SESSION_STATUSES), statusMessage: token } : {}),
      [this.#random.oneIn(2) ? 'metadata' : 'setMetadata']: { [token]: this.#random.below(1_000) },
    });
  }

  /** Pop, regenerate, or keep all. */
  #end(): Pick<WriteHistory, 'dropLast' | 'keepThroughKey'> {
    const chance = this.#random.below(6);
    if (chance < 2) return { dropLast: 1 + chance * this.#random.below(4) };
    return chance === 2 ? { keepThroughKey: this.#random.pick(MESSAGE_KEYS) } : {};
  }

  /** Some with keys, of which none stands twice, and all with a usage. */
  #keyedMessages(token: string): NewMessage[] {
    const skipped = this.#random.below(MESSAGE_KEYS.length);
    const size = this.#random.oneIn(40) ? this.#weights.largeContent : this.#weights.content;
    return Array.from({ length: this.#random.below(5) }, (_, n) => ({
      role: ROLES[(n + skipped) % ROLES.length]!,
      key: this.#random.oneIn(4) ? null : MESSAGE_KEYS[(n + skipped) % MESSAGE_KEYS.length]!,
      content: `${token} ${n + 1} `.padEnd(size, '·'),
      usage: {
        inputTokens: this.#random.below(1_000),
        outputTokens: this.#random.below(1_000),
        costUsd: (1 + this.#random.below(1_000)) / 1_000_000,
      },
    }));
  }

  #delete(sessionId: string, mode: 'CASCADE' | 'RESTRICT'): Mutation {
    return this.#named('delete', { sessionId, mode });
  }

  #named<K extends Mutation['kind']>(kind: K, input: Extract<Mutation, { kind: K }>['input']): Mutation {
    const named = this.#random.oneIn(2);
    const operation = named ? { operation: operationOf(`op-${this.#token()}`, kind, input) } : {};
    return { kind, input, ...operation } as Extract<Mutation, { kind: K }>;
  }

  /** One message, an exchange, or a group. */
  #messages(token: string): NewMessage[] {
    const count = this.#random.pick([1, 2, 2, 2, 3, 5, 9]);
    const size = this.#random.oneIn(40) ? this.#weights.largeContent : this.#weights.content;
    return Array.from({ length: count }, (_, n) => ({
      role: ROLES[n % ROLES.length]!,
      content: `${token} ${n + 1}/${count} `.padEnd(size, '·'),
    }));
  }

  #token(): string {
    this.#made += 1;
    return `${this.#prefix}.${this.#made}`;
  }
}

function largeMessage(token: string): NewMessage {
  return { role: 'USER', content: `${token} `.padEnd(LARGE_CREATION, '.') };
}
