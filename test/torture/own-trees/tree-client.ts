import type { Message } from '../../../src/model/message.ts';
import type { Session } from '../../../src/model/session.ts';
import { Model } from '../../repository/properties/model.ts';
import { Fault } from '../part.ts';
import type { Random } from '../random.ts';
import type { Answer } from '../store-process.ts';
import type { Refusal } from '../worker-messages.ts';
import { isInDoubt, type Reader, type StorageErrors, type Target } from '../workload.ts';
import { differenceOf } from './tree-difference.ts';
import { applyTo, describe, type Effect, type TreeMutation } from './tree-mutation.ts';
import { ID_TO_COME, nameCreated } from './tree-write.ts';

/** The answer to any of the mutations. */
type Value =
  | Session
  | (Partial<Record<'deletedIds' | 'reparentedIds' | 'changedIds', readonly string[]>> & {
      readonly formerParentId?: string | null;
      readonly session?: Session;
      readonly messages?: readonly Message[];
      readonly removed?: readonly Message[];
    });

/** The expected result of a mutation. */
interface Expected {
  /** The trees after the mutation; unchanged if it must be refused. */
  readonly after: Model;
  readonly outcome: Effect | { readonly refusal: string };
}

interface Done {
  readonly mutation: TreeMutation;
  readonly effect: Effect;
}

/** An unanswered mutation, and whether it was found to have taken effect. */
interface Unanswered extends Expected {
  readonly mutation: TreeMutation;
  cameIn: boolean;
}

const DONE_OPERATIONS_MAX = 200;
/** Lines of what a client did last, in the message of a fault. */
const LATEST_MAX = 24;

/**
 * One client with trees that no other client changes. It sends one mutation at a time, so that each answer can be predicted. After
 * a crash its trees are as before the last mutation, or as after it.
 */
export class TreeClient {
  #model = new Model();
  #unanswered: Unanswered | null = null;
  readonly #done: Done[] = [];
  /** What was sent last, and what came of it, with times. */
  readonly #latest: string[] = [];
  acknowledged = 0;

  get model(): Model {
    return this.#model;
  }

  /** Sends `mutation`, and compares its answer with the model. */
  async send(store: Target, mutation: TreeMutation, storageErrors: StorageErrors): Promise<Answer<Value>> {
    const expected = this.#expect(mutation);
    this.#unanswered = { mutation, ...expected, cameIn: false };
    const answer = await this.#mutate(store, mutation);
    if (answer === 'unanswered') return answer;
    if ('refusal' in answer) this.#refused(mutation, expected, answer.refusal, storageErrors);
    else this.#acknowledge(mutation, expected, answer.value);
    return answer;
  }

  /** Sends creations that the store has no reason to refuse, all at once. The store must not crash meanwhile. */
  async createAll(store: Target, creations: readonly TreeMutation[]): Promise<void> {
    const answers = await Promise.all(
      creations.map(async (mutation) => ({ mutation, answer: await store.mutate(mutation) })),
    );
    const created = answers.map(({ mutation, answer }) => {
      if (answer === 'unanswered' || 'refusal' in answer)
        throw new Fault(`the ${describe(mutation)} should be done, and got ${JSON.stringify(answer)}`);
      return { mutation, session: answer.value as Session };
    });
    // Siblings arrive in the order in which the store created them.
    created.sort((a, b) => a.session.sequence - b.session.sequence);
    for (const { mutation, session } of created) this.#acknowledge(mutation, this.#expect(mutation), session);
  }

  /** Determines the state of its trees. Throws a Fault if no possible state matches. */
  async verify(reader: Reader): Promise<void> {
    await this.#nameUnanswered(reader);
    const mentioned = [...(this.#unanswered?.after.sessions.keys() ?? [])];
    const before = await differenceOf(this.#model, reader, mentioned);
    if (this.#unanswered) {
      this.#unanswered.cameIn = before !== null;
      this.#note(`it was found that the last one ${before === null ? 'had not come in' : 'came in'}`);
    }
    if (before === null) return;
    const after = this.#unanswered && (await differenceOf(this.#unanswered.after, reader, mentioned));
    if (after === null && this.#unanswered) this.#model = this.#unanswered.after;
    else if (this.#unanswered)
      throw new Fault(
        `the ${describe(this.#unanswered.mutation)} came in neither whole nor not at all: ${after}; had it not come in: ${before}`,
      );
    else throw new Fault(`${before}. What was sent last:\n${this.#latest.join('\n')}`);
  }

  async #mutate(store: Target, mutation: TreeMutation): Promise<Answer<Value>> {
    this.#note(`the ${describe(mutation)}`);
    const answer = await store.mutate(mutation);
    this.#note(`got ${JSON.stringify(answer)?.slice(0, 200)}`);
    return answer;
  }

  #note(event: string): void {
    this.#latest.push(`${new Date().toISOString()} ${event}`);
    if (this.#latest.length > LATEST_MAX) this.#latest.shift();
  }

  /** An unanswered write by a key may have created a session, whose id the store has chosen. */
  async #nameUnanswered(reader: Reader): Promise<void> {
    const unanswered = this.#unanswered;
    if (unanswered?.mutation.kind !== 'writeHistory' || !unanswered.after.sessions.has(ID_TO_COME)) return;
    const { key, ownerId = null } = unanswered.mutation.input;
    const [found] = await reader.findByKeys([{ key: key!, ownerId }]);
    if (found) this.#unanswered = { ...unanswered, ...named(unanswered, found.id) };
  }

  /** Resends the mutations that were unanswered before the last `verify`, and `count` answered ones. */
  async sendAgain(store: Target, random: Random, count: number): Promise<void> {
    const unanswered = this.#unanswered;
    this.#unanswered = null;
    if (unanswered?.mutation.operation && unanswered.cameIn && 'session' in unanswered.outcome)
      await this.#replay(store, { mutation: unanswered.mutation, effect: unanswered.outcome });
    else if (unanswered?.mutation.operation && !unanswered.cameIn)
      await this.send(store, unanswered.mutation, 'fault');
    for (let n = 0; n < count && this.#done.length > 0; n += 1)
      await this.#replay(store, random.pick(this.#done));
  }

  #expect(mutation: TreeMutation): Expected {
    const after = this.#model.clone();
    try {
      return { after, outcome: applyTo(after, mutation) };
    } catch (error) {
      return { after: this.#model, outcome: { refusal: (error as Error).message } };
    }
  }

  #acknowledge(mutation: TreeMutation, { after, outcome }: Expected, value: Value): void {
    if ('refusal' in outcome)
      throw new Fault(`the ${describe(mutation)} should be a ${outcome.refusal}, and was done`);
    const difference = answerDifference(outcome, value);
    const session = 'version' in value ? value : value.session;
    if (session) nameCreated(after, session.id);
    if (difference !== null) throw new Fault(`the ${describe(mutation)} was answered wrongly: ${difference}`);
    this.#model = after;
    this.#unanswered = null;
    this.acknowledged += 1;
    if (!mutation.operation) return;
    this.#done.push({ mutation, effect: session ? namedEffect(outcome, after, session.id) : outcome });
    if (this.#done.length > DONE_OPERATIONS_MAX) this.#done.shift();
  }

  #refused(
    mutation: TreeMutation,
    { outcome }: Expected,
    refusal: Refusal,
    storageErrors: StorageErrors,
  ): void {
    const { name, message } = refusal;
    // `verify` finds out whether it took effect.
    if (name === 'StorageError' && isInDoubt(refusal, storageErrors)) return;
    this.#unanswered = null;
    if (name === 'StorageError' && storageErrors !== 'fault') return;
    if ('refusal' in outcome && outcome.refusal === name) return;
    const expected = 'refusal' in outcome ? `a ${outcome.refusal}` : 'done';
    throw new Fault(`the ${describe(mutation)} should be ${expected}, and was refused: ${name}: ${message}`);
  }

  /** A recorded operation gets its first answer, even if its sessions have changed or were deleted since. */
  async #replay(store: Target, { mutation, effect }: Done): Promise<void> {
    const answer = await this.#mutate(store, mutation);
    if (answer === 'unanswered' || 'refusal' in answer)
      throw new Fault(`the ${describe(mutation)} was done, and its retry got ${JSON.stringify(answer)}`);
    const difference =
      retriedSessionDifference(effect.session, answer.value) ??
      this.#lastingDifference(mutation, effect, answer.value);
    if (difference !== null)
      throw new Fault(`the ${describe(mutation)} was answered otherwise by its retry: ${difference}`);
  }

  #lastingDifference(mutation: TreeMutation, effect: Effect, answer: Value): string | null {
    const ids = [effect.session?.id ?? '', ...effect.ids];
    // The dropped messages, or archived ids, of a deleted session are not kept.
    if (mutation.kind !== 'delete' && ids.some((id) => this.#model.deleted.has(id))) return null;
    return answerDifference({ ...effect, session: null }, answer, effect.left, true);
  }
}

/** The answer to a retry has the current session. Later mutations may have raised its version, but nothing lowers it. */
function retriedSessionDifference(session: Effect['session'], value: Value): string | null {
  const answered = 'version' in value ? value : value.session;
  if (session === null || !answered) return null;
  if (answered.id !== session.id) return `session "${answered.id}", expected "${session.id}"`;
  if (answered.version < session.version)
    return `version ${answered.version}, expected ${session.version} or more`;
  return null;
}

/** `expected`, once a session that a write created has the id that the store has given it. */
function named({ after, outcome }: Expected, id: string): Expected {
  nameCreated(after, id);
  return { after, outcome: 'refusal' in outcome ? outcome : namedEffect(outcome, after, id) };
}

function namedEffect(effect: Effect, after: Model, id: string): Effect {
  if (effect.session?.id !== ID_TO_COME) return effect;
  return { ...effect, session: after.sessions.get(id)! };
}

/** How an answer differs from the expected one, apart from the contents at `left`; null if it does not. */
function answerDifference(
  { session, ids, contents }: Effect,
  value: Value,
  left: readonly number[] = [],
  isRetry = false,
): string | null {
  const answered = 'version' in value ? value : value.session;
  if (session !== null && answered && answered.version !== session.version)
    return `version ${answered.version}, expected ${session.version}`;
  if (!('version' in value)) {
    const { deletedIds = [], reparentedIds = [], changedIds = [], formerParentId } = value;
    const { messages = [], removed = [] } = value;
    const formerParents = formerParentId ? [formerParentId] : [];
    const answeredIds = [...deletedIds, ...reparentedIds, ...changedIds, ...formerParents].join();
    if (answeredIds !== ids.join()) return `ids [${answeredIds}], expected [${ids}]`;
    const answeredContents = [...messages, ...removed].map(({ content }) => content);
    // What was redacted or purged since is empty in the answer to a retry.
    const isGone = (n: number) => isRetry && answeredContents[n] === '';
    const compared = (all: readonly string[]) =>
      all.filter((_, n) => !left.includes(n) && !isGone(n)).join('\n');
    if (compared(answeredContents) !== compared(contents))
      return `${answeredContents.length} messages, expected ${contents.length}, or others`;
  }
  return null;
}
