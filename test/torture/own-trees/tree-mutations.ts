import type { KeyConflict, NewMessage } from '../../../src/model/message.ts';
import { operationOf } from '../../../src/model/operation.ts';
import { DELETE_MODES, SESSION_STATUSES } from '../../../src/model/session.ts';
import type { WriteHistory } from '../../../src/repository/mutations.ts';
import type { Model } from '../../repository/properties/model.ts';
import type { ModelSession } from '../../repository/properties/model-session.ts';
import type { Weights } from '../mutation.ts';
import type { Random } from '../random.ts';
import type { TreeMutation } from './tree-mutation.ts';

/** The approximate number of existing sessions of one client: comparing an ever-growing tree would take ever longer. */
const CROWDED = 16;

/** Characters of a message that is too large for the journal. */
const LARGE_CREATION_CHARACTERS = 300_000;

/** Few, so that most writes find messages with some of them. */
const MESSAGE_KEYS = ['a', 'b', 'c', 'd', 'e'];

type Kind = TreeMutation['kind'];

/** The relative frequency of each kind, if there are sessions for it. */
const SHARES: readonly (readonly [kind: Kind, few: number, crowded: number])[] = [
  ['append', 20, 12],
  ['writeHistory', 30, 20],
  ['create', 16, 6],
  ['update', 8, 8],
  ['truncate', 10, 10],
  ['redact', 5, 5],
  ['fork', 10, 4],
  ['move', 12, 12],
  ['archive', 10, 10],
  ['delete', 4, 30],
];

/** Generates mutations of all kinds for the trees of one client. Some must be refused. */
export class TreeMutations {
  readonly #random: Random;
  readonly #prefix: string;
  readonly #weights: Weights;
  readonly #redacts: boolean;
  readonly #keys: string[] = [];
  #made = 0;

  /**
   * All generated names begin with `prefix`. With `redacts`, there are redactions and purges: on a failing disk, a StorageError of one of
   * these leaves open what was done.
   */
  constructor(random: Random, prefix: string, weights: Weights, redacts = false) {
    this.#redacts = redacts;
    this.#random = random;
    this.#prefix = prefix;
    this.#weights = weights;
  }

  next(model: Model): TreeMutation {
    const living = [...model.sessions.values()];
    const kind = living.length < 3 ? 'create' : this.#kind(living.length > CROWDED);
    return this.#named(kind, this.#input(kind, model, living));
  }

  /** A mutation that the store has no reason to refuse. */
  nextWelcome(): TreeMutation {
    return this.#named('create', { id: this.#token(), parentId: null, messages: this.#messages() });
  }

  #kind(crowded: boolean): Kind {
    const share = (entry: (typeof SHARES)[number]) =>
      entry[0] === 'redact' && !this.#redacts ? 0 : entry[crowded ? 2 : 1];
    let chance = this.#random.below(SHARES.reduce((sum, entry) => sum + share(entry), 0));
    const found = SHARES.find((entry) => {
      chance -= share(entry);
      return chance < 0;
    });
    return found![0];
  }

  #input(kind: Kind, model: Model, living: readonly ModelSession[]): TreeMutation['input'] {
    const session = living.length > 0 ? this.#random.pick(living) : null;
    const id = session?.id ?? '';
    switch (kind) {
      case 'create':
        return {
          id: this.#token(),
          parentId: session === null || this.#random.oneIn(4) ? null : id,
          messages: this.#random.oneIn(this.#weights.largeCreations) ? [this.#largeMessage()] : [],
        };
      case 'append':
        return { sessionId: id, ...this.#keyedMessages() };
      case 'writeHistory':
        return {
          ...this.#target(model, session),
          ...this.#end(),
          ...this.#keyedMessages(true),
          ...this.#said(),
        };
      case 'update':
        return { sessionId: id, title: this.#random.oneIn(5) ? null : this.#token() };
      case 'delete':
        return { sessionId: id, mode: this.#random.pick(DELETE_MODES) };
      case 'move':
        return { sessionId: id, parentId: this.#random.oneIn(4) ? null : this.#random.pick(living).id };
      case 'archive':
        // Archived sessions are mostly unarchived, or no session would be left to write to.
        return {
          sessionId: id,
          archived: session?.archived ? this.#random.oneIn(4) : true,
          subtree: this.#random.oneIn(2),
        };
      case 'truncate':
        return {
          sessionId: id,
          keep: this.#random.below(session!.history.length + 2),
          purge: this.#redacts && this.#random.oneIn(8),
        };
      case 'redact': {
        const { history } = session!;
        // An ordinal that no message ever had is refused.
        const ordinal = history.length === 0 ? 1e6 : this.#random.pick(history).ordinal;
        // The model does not know the earlier forms of copies.
        return { messages: [{ sessionId: id, ordinal }], copies: false, reason: 'a leak' };
      }
      case 'fork': {
        const { history } = model.sessions.get(id)!;
        const through = history.length > 0 && !this.#random.oneIn(3) ? this.#random.pick(history) : null;
        return {
          sessionId: id,
          throughMessage: through && { sessionId: id, ordinal: through.ordinal },
          id: this.#token(),
          asRoot: this.#random.oneIn(3),
        };
      }
    }
  }

  #named(kind: Kind, input: TreeMutation['input']): TreeMutation {
    const operation = this.#random.oneIn(2)
      ? { operation: operationOf(`op-${this.#token()}`, kind, input) }
      : {};
    return { kind, input, ...operation } as TreeMutation;
  }

  /** A session that is there, by its id or its key, or one that is to be created. */
  #target(model: Model, session: ModelSession | null): WriteHistory {
    if (session && this.#random.oneIn(2)) return { sessionId: session.id };
    if (this.#random.oneIn(8)) return { sessionId: this.#token(), create: { title: 'by its id' } };
    if (this.#keys.length === 0 || this.#random.oneIn(3)) this.#keys.push(this.#token());
    const isChild = session !== null && this.#random.oneIn(3);
    const parentId = isChild ? session.id : null;
    return {
      key: session?.key != null && this.#random.oneIn(2) ? session.key : this.#random.pick(this.#keys),
      ownerId: isChild ? model.owner(session.id) : this.#random.pick([null, 'ada']),
      create: this.#random.oneIn(10) ? null : { parentId, title: 'by its key' },
    };
  }

  /** Pop, rollback, regenerate, or keep all. */
  #end(): Pick<WriteHistory, 'keep' | 'keepThroughKey' | 'dropLast'> {
    const chance = this.#random.below(8);
    if (chance < 2) return { dropLast: 1 + chance * this.#random.below(4) };
    if (chance === 2) return { keepThroughKey: this.#random.pick(MESSAGE_KEYS) };
    return chance === 3 ? { keep: this.#random.below(3) } : {};
  }

  #said(): Pick<WriteHistory, 'title' | 'status'> {
    return {
      ...(this.#random.oneIn(3) ? { title: this.#token() } : {}),
      ...(this.#random.oneIn(3) ? { status: this.#random.pick(SESSION_STATUSES) } : {}),
    };
  }

  /** Some with keys, of which none stands twice. */
  #keyedMessages(mayBeEmpty = false): { readonly messages: NewMessage[]; readonly onKey: KeyConflict } {
    const skipped = this.#random.below(MESSAGE_KEYS.length);
    const usage = { inputTokens: 1, outputTokens: 1, costUsd: this.#random.pick([0.1, 0.2, 3]) };
    const messages = this.#messages().map((message, n) => {
      const hasKey = n < MESSAGE_KEYS.length && this.#random.oneIn(2);
      return { ...message, usage, key: hasKey ? MESSAGE_KEYS[(n + skipped) % MESSAGE_KEYS.length]! : null };
    });
    return {
      messages: this.#random.oneIn(5) && mayBeEmpty ? [] : messages,
      onKey: this.#random.pick(['ERROR', 'IGNORE', 'IGNORE', 'REPLACE', 'REPLACE']),
    };
  }

  #messages(): NewMessage[] {
    const count = this.#random.pick([1, 2, 2, 2, 3, 9]);
    const size = this.#random.oneIn(40) ? this.#weights.largeContent : this.#weights.content;
    const token = this.#token();
    return Array.from({ length: count }, (_, n) => ({
      role: n % 2 ? 'ASSISTANT' : 'USER',
      content: `${token} ${n + 1}/${count} `.padEnd(size, '·'),
    }));
  }

  #largeMessage(): NewMessage {
    return { role: 'USER', content: `${this.#token()} `.padEnd(LARGE_CREATION_CHARACTERS, '.') };
  }

  #token(): string {
    this.#made += 1;
    return `${this.#prefix}.${this.#made}`;
  }
}
