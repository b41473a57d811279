import type { Operation } from '../../src/model/operation.ts';
import type { Session } from '../../src/model/session.ts';
import type { Appended, Deleted } from '../../src/repository/repository.ts';
import type { Done, Model, StorageErrors, Value } from './model.ts';
import { describeMutation, type Mutation, type Mutations, targetOf } from './mutation.ts';
import { Fault } from './part.ts';
import type { Random } from './random.ts';
import type { Answer, StoreProcess } from './store-process.ts';
import type { Refusal } from './worker.ts';

export interface LoadOptions {
  /** Mutations that are under way at a time. */
  readonly lanes: number;
  readonly storageErrors: StorageErrors;
  /** Called after each answer, and before anything else is asked for: false ends the load. */
  readonly goOn: (refusal: Refusal | null) => boolean;
}

/** Mutates the store until it is gone or it is enough. */
export async function load(
  store: StoreProcess,
  model: Model,
  mutations: Mutations,
  { lanes, storageErrors, goOn }: LoadOptions,
): Promise<void> {
  let going = true;
  const lane = async () => {
    while (going) {
      const answer = await mutate(store, model, mutations.next(), storageErrors);
      if (answer === 'unanswered') return;
      going = going && goOn('refusal' in answer ? answer.refusal : null);
    }
  };
  // All of them to their end, also where one finds a fault: the model must hear every answer.
  const ended = await Promise.allSettled(Array.from({ length: lanes }, lane));
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
}

/** One mutation, and what the model makes of its answer. */
export async function mutate(
  store: StoreProcess,
  model: Model,
  mutation: Mutation,
  storageErrors: StorageErrors,
): Promise<Answer<Value>> {
  model.ask(mutation);
  const answer = await callOf(store, mutation, mutation.operation);
  if (answer === 'unanswered') return answer;
  if ('value' in answer) model.acknowledge(mutation, answer.value);
  else model.refuse(mutation, answer.refusal, storageErrors);
  return answer;
}

function callOf(store: StoreProcess, mutation: Mutation, operation?: Operation): Promise<Answer<Value>> {
  switch (mutation.kind) {
    case 'create':
      return store.call('create', mutation.input, operation);
    case 'append':
      return store.call('append', mutation.input, operation);
    case 'update':
      return store.call('update', mutation.input, operation);
    case 'delete':
      return store.call('delete', mutation.input, operation);
  }
}

/**
 * What a client does whose server went away: it sends again what was not answered, with the same operation. `cameIn` says
 * which were found to be there, as `verify` gives it.
 */
export async function retry(
  store: StoreProcess,
  model: Model,
  unanswered: readonly Mutation[],
  cameIn: ReadonlySet<Mutation>,
): Promise<void> {
  const deletions = unanswered.filter(({ kind }) => kind === 'delete').length;
  for (const mutation of unanswered) {
    if (!mutation.operation) continue;
    const { kind, input } = mutation;
    // Whether it came in before its session was deleted cannot be known.
    const lost = kind === 'create' ? (input.parentId ?? '') : targetOf(mutation);
    if (kind !== 'delete' && model.deleted.has(lost)) continue;
    if (!cameIn.has(mutation)) {
      await mutate(store, model, mutation, 'fault');
      continue;
    }
    const answer = await callOf(store, mutation, mutation.operation);
    if (answer === 'unanswered')
      throw new Fault(`the store ended at the retry of the ${describeMutation(mutation)}`);
    if ('value' in answer) model.done.push({ mutation, value: answer.value });
    // Of several deletions, one may have taken what another was about.
    else if (kind !== 'delete' || deletions === 1)
      throw new Fault(
        `the ${describeMutation(mutation)} had come in, and its retry was refused: ${answer.refusal.message}`,
      );
  }
}

/** Operations that were answered are answered the same again, and with other input they are refused. */
export async function replay(
  store: StoreProcess,
  model: Model,
  random: Random,
  count: number,
): Promise<void> {
  for (let n = 0; n < count && model.done.length > 0; n += 1) {
    const done = random.pick(model.done);
    const { mutation, value } = done;
    const again = await callOf(store, mutation, mutation.operation);
    if (again === 'unanswered' || 'refusal' in again || gist(done) !== gist({ mutation, value: again.value }))
      throw new Fault(
        `the ${describeMutation(mutation)} was answered ${gist(done)}, and again ${JSON.stringify(again).slice(0, 300)}`,
      );
    if (n > 0) continue;
    const other = { ...mutation.operation!, fingerprint: '0'.repeat(32) };
    const refused = await callOf(store, mutation, other);
    if (refused === 'unanswered' || 'value' in refused || refused.refusal.name !== 'ConflictError')
      throw new Fault(
        `the ${describeMutation(mutation)} was not refused with other input: ${JSON.stringify(value)}`,
      );
  }
}

/** What must be the same in each answer to one operation; of the session itself, it tells how it is now. */
function gist({ mutation, value }: Done): string {
  switch (mutation.kind) {
    case 'append':
      return JSON.stringify((value as Appended).messages.map(({ bytes: _, ...message }) => message));
    case 'delete':
      return JSON.stringify((value as Deleted).deletedIds);
    default:
      return JSON.stringify([(value as Session).id, (value as Session).sequence]);
  }
}
