import type { Session } from '../../src/model/session.ts';
import type { Appended, Deleted, WrittenHistory } from '../../src/repository/mutations.ts';
import { describeMutation, type Mutation, placeOf, targetOf } from './mutation.ts';
import { Fault } from './part.ts';
import { NOTHING, type State, stateAfter } from './state.ts';
import type { Refusal } from './worker-messages.ts';
import { isInDoubt, type StorageErrors } from './workload.ts';

/** A session that is not deleted. */
export interface ModelSession {
  readonly id: string;
  readonly parentId: string | null;
  readonly sequence: number;
  readonly arrival: number;
  /** The owner and the key by which clients find it; null if it has no key. */
  readonly place: string | null;
  /** The state that a read has confirmed. */
  settled: State;
  /** Mutations acknowledged since, by the version that each produced. */
  readonly acknowledged: Map<number, Mutation>;
}

/** The number of a session in the store, and its place among its siblings. */
type Numbers = Pick<Session, 'sequence' | 'arrival'>;

export type Value = Session | Appended | WrittenHistory | Deleted;

/** A mutation with an operation id, and its answer. */
export interface Done {
  readonly mutation: Mutation;
  readonly value: Value;
}

const REMEMBERED_OPERATIONS = 2_000;

/** The acknowledged state, which the store must return. */
export class Model {
  readonly sessions = new Map<string, ModelSession>();
  readonly deleted = new Set<string>();
  /** Mutations without an answer. After a crash, each may have taken effect or not. */
  readonly underWay = new Set<Mutation>();
  readonly done: Done[] = [];
  /** The places of sessions that were deleted since the last retries. */
  readonly lostPlaces = new Set<string>();
  /** Answered writes to sessions whose creation is not answered yet, by the id of the session and the version. */
  readonly early = new Map<string, Map<number, Mutation>>();
  acknowledged = 0;
  refused = 0;
  /** The ids of all sessions that were ever created, by their `sequence`. */
  readonly #sequences = new Map<number, string>();

  ask(mutation: Mutation): void {
    this.underWay.add(mutation);
  }

  /** Records that the store acknowledged a mutation. */
  acknowledge(mutation: Mutation, value: Value): void {
    this.underWay.delete(mutation);
    this.acknowledged += 1;
    if (mutation.operation) this.done.push({ mutation, value });
    if (this.done.length > REMEMBERED_OPERATIONS) this.done.splice(0, REMEMBERED_OPERATIONS / 2);
    if (mutation.kind === 'delete') this.#delete(mutation.input.sessionId, (value as Deleted).deletedIds);
    else if (mutation.kind === 'create') this.#create(mutation, value as Session);
    else this.#change(mutation, 'session' in value ? value.session : (value as Session));
  }

  /** Records that the store refused a mutation. Throws a Fault if it had no reason to. */
  refuse(mutation: Mutation, refusal: Refusal, storageErrors: StorageErrors): void {
    this.refused += 1;
    if (refusal.name === 'StorageError' && isInDoubt(refusal, storageErrors)) return;
    this.underWay.delete(mutation);
    if (refusal.name === 'StorageError' && storageErrors !== 'fault') return;
    if (refusal.name === 'SessionNotFoundError' && this.#mayBeGone(mutation)) return;
    if (refusal.name === 'InvalidInputError' && mayLackKey(mutation)) return;
    if (refusal.name === 'SessionHasChildrenError' && this.#mayHaveChildren(targetOf(mutation))) return;
    throw new Fault(`the ${describeMutation(mutation)} was refused: ${refusal.name}: ${refusal.message}`);
  }

  /** Adds a created session, whose creation was answered or found to have taken effect. */
  add(mutation: Mutation & { kind: 'create' }, { sequence, arrival }: Numbers): void {
    const { id, parentId } = mutation.input;
    this.#add({
      id,
      parentId: parentId ?? null,
      sequence,
      arrival,
      place: null,
      settled: stateAfter(NOTHING, [mutation])!,
      acknowledged: new Map(),
    });
  }

  /** Adds a session that a write by its key created. Which write did is not known yet. */
  addAt(place: string, { id, sequence, arrival }: Numbers & { readonly id: string }): void {
    const acknowledged = this.early.get(id) ?? new Map();
    this.early.delete(id);
    this.#add({ id, parentId: null, sequence, arrival, place, settled: NOTHING, acknowledged });
  }

  /** The session that has a key; undefined if none is known. */
  at(place: string): ModelSession | undefined {
    return [...this.sessions.values()].find((session) => session.place === place);
  }

  #add(session: ModelSession): void {
    const { id, sequence, place } = session;
    const twin = this.#sequences.get(sequence);
    if (twin) throw new Fault(`sequence number ${sequence} was given to "${twin}" and to "${id}"`);
    this.#sequences.set(sequence, id);
    const holder = place === null ? undefined : this.at(place);
    if (holder && !this.deletionsUnderWay().some((deleted) => this.isWithin(holder.id, deleted)))
      throw new Fault(`the sessions "${holder.id}" and "${id}" both have the key ${place}`);
    this.sessions.set(id, session);
  }

  /** Removes the sessions of an unanswered deletion that was found to have taken effect. */
  remove(id: string): void {
    const { place = null } = this.sessions.get(id) ?? {};
    if (place !== null) this.lostPlaces.add(place);
    this.sessions.delete(id);
    this.deleted.add(id);
  }

  /** The children of each parent, in order of arrival. */
  children(): Map<string | null, ModelSession[]> {
    const inOrder = [...this.sessions.values()].sort((a, b) => a.arrival - b.arrival);
    return Map.groupBy(inOrder, ({ parentId }) => parentId);
  }

  /** True if `id` is in the subtree of `ancestor`, including `ancestor` itself. */
  isWithin(id: string, ancestor: string): boolean {
    for (let at: string | null = id; at !== null; at = this.sessions.get(at)?.parentId ?? null) {
      if (at === ancestor) return true;
    }
    return false;
  }

  deletionsUnderWay(): string[] {
    return [...this.underWay].filter(({ kind }) => kind === 'delete').map(targetOf);
  }

  #create(mutation: Mutation & { kind: 'create' }, session: Session): void {
    // The answer to a later deletion may have arrived first.
    if (!this.deleted.has(session.id)) this.add(mutation, session);
  }

  #change(mutation: Mutation & { kind: 'append' | 'update' | 'writeHistory' }, session: Session): void {
    const { id, version, key, userId } = session;
    if (this.deleted.has(id)) return;
    const isByKey = mutation.kind === 'writeHistory' && mutation.input.key != null;
    if (isByKey && targetOf(mutation) !== placeOf(key!, userId))
      throw new Fault(`the ${describeMutation(mutation)} was done to "${id}" with ${placeOf(key!, userId)}`);
    if (isByKey && version === 1) this.addAt(targetOf(mutation), session);
    const acknowledged = this.#acknowledgedOf(id, mutation, isByKey);
    const other = acknowledged.get(version);
    if (other)
      throw new Fault(
        `version ${version} was given to the ${describeMutation(mutation)} and to the ${describeMutation(other)}`,
      );
    acknowledged.set(version, mutation);
  }

  #delete(target: string, deletedIds: readonly string[]): void {
    const told = new Set(deletedIds);
    for (const id of this.sessions.keys()) {
      if (this.isWithin(id, target) && !told.has(id))
        throw new Fault(`the deletion of "${target}" left "${id}", which is beneath it`);
    }
    for (const id of deletedIds) this.remove(id);
  }

  #acknowledgedOf(id: string, mutation: Mutation, isByKey: boolean): Map<number, Mutation> {
    const found = this.sessions.get(id)?.acknowledged ?? this.early.get(id);
    if (found) return found;
    if (!isByKey)
      throw new Fault(`the ${describeMutation(mutation)} was acknowledged after its deletion was`);
    const early = new Map<number, Mutation>();
    this.early.set(id, early);
    return early;
  }

  #mayBeGone(mutation: Mutation): boolean {
    const id = mutation.kind === 'create' ? (mutation.input.parentId ?? '') : targetOf(mutation);
    return this.deleted.has(id) || this.deletionsUnderWay().some((deleted) => this.isWithin(id, deleted));
  }

  #mayHaveChildren(id: string): boolean {
    const created = [...this.underWay].some(({ kind, input }) => kind === 'create' && input.parentId === id);
    return created || this.children().has(id);
  }
}

/** Others may have dropped the message whose key the write names. */
function mayLackKey({ kind, input }: Mutation): boolean {
  return kind === 'writeHistory' && input.keepThroughKey != null;
}
