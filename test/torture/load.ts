import type { Session } from '../../src/model/session.ts';
import type { Appended, Deleted, WrittenHistory } from '../../src/repository/mutations.ts';
import type { Done, Model, Value } from './model.ts';
import { describeMutation, type Mutation, type Mutations, targetOf } from './mutation.ts';
import { Fault } from './part.ts';
import type { Random } from './random.ts';
import type { Answer } from './store-process.ts';
import type { LoadOptions, StorageErrors, Target } from './workload.ts';

/** Mutates the store until the store is gone, or `goOn` returns false. */
export async function load(
  store: Target,
  model: Model,
  mutations: Mutations,
  { lanes, storageErrors, goOn }: Pick<LoadOptions, 'lanes' | 'storageErrors' | 'goOn'>,
): Promise<void> {
  let going = true;
  const lane = async () => {
    while (going) {
      const answer = await mutate(store, model, mutations.next(), storageErrors);
      if (answer === 'unanswered') return;
      going = going && goOn('refusal' in answer ? answer.refusal : null);
    }
  };
  // Waits for all, even if one finds a fault: the model must see every answer.
  const ended = await Promise.allSettled(Array.from({ length: lanes }, lane));
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
}

/** Sends one mutation, and applies its answer to the model. */
export async function mutate(
  store: Target,
  model: Model,
  mutation: Mutation,
  storageErrors: StorageErrors,
): Promise<Answer<Value>> {
  model.ask(mutation);
  const answer = await store.mutate(mutation);
  if (answer === 'unanswered') return answer;
  if ('value' in answer) model.acknowledge(mutation, answer.value);
  else model.refuse(mutation, answer.refusal, storageErrors);
  return answer;
}

/**
 * The retries of a client after a crash: it resends unanswered mutations with the same operation. `cameIn` lists
 * those that took effect, as `verify` returns them.
 */
export async function retry(
  store: Target,
  model: Model,
  unanswered: readonly Mutation[],
  cameIn: ReadonlySet<Mutation>,
): Promise<void> {
  const deletions = unanswered.filter(({ kind }) => kind === 'delete').length;
  for (const mutation of unanswered) {
    if (!mutation.operation) continue;
    const { kind, input } = mutation;
    // Whether it took effect before its session was deleted cannot be known.
    const lost = kind === 'create' ? (input.parentId ?? '') : targetOf(mutation);
    if (kind !== 'delete' && (model.deleted.has(lost) || model.lostPlaces.has(lost))) continue;
    if (!cameIn.has(mutation)) {
      await mutate(store, model, mutation, 'fault');
      continue;
    }
    const answer = await store.mutate(mutation);
    if (answer === 'unanswered')
      throw new Fault(`the store ended at the retry of the ${describeMutation(mutation)}`);
    if ('value' in answer) model.done.push({ mutation, value: answer.value });
    // One deletion may have deleted the session of another.
    else if (kind !== 'delete' || deletions === 1)
      throw new Fault(
        `the ${describeMutation(mutation)} had come in, and its retry was refused: ${answer.refusal.message}`,
      );
  }
  model.lostPlaces.clear();
}

/** Resent operations must get the same answer; with another input, they must be refused. */
export async function replay(store: Target, model: Model, random: Random, count: number): Promise<void> {
  for (let n = 0; n < count && model.done.length > 0; n += 1) {
    const done = random.pick(model.done);
    const { mutation, value } = done;
    const again = await store.mutate(mutation);
    const gist = (of: Done) => gistOf(of, model.deleted);
    if (again === 'unanswered' || 'refusal' in again || gist(done) !== gist({ mutation, value: again.value }))
      throw new Fault(
        `the ${describeMutation(mutation)} was answered ${gist(done)}, and again ${JSON.stringify(again).slice(0, 300)}`,
      );
    if (n > 0) continue;
    const other = { ...mutation.operation!, fingerprint: '0'.repeat(32) };
    const refused = await store.mutate({ ...mutation, operation: other });
    if (refused === 'unanswered' || 'value' in refused || refused.refusal.name !== 'ConflictError')
      throw new Fault(
        `the ${describeMutation(mutation)} was not refused with other input: ${JSON.stringify(value)}`,
      );
  }
}

/** The parts of an answer that must be equal in each answer to one operation. The session itself is in its current state. */
function gistOf({ mutation, value }: Done, deleted: ReadonlySet<string>): string {
  switch (mutation.kind) {
    case 'append':
      return JSON.stringify((value as Appended).messages);
    case 'writeHistory':
      return JSON.stringify(writtenGist(value as WrittenHistory, deleted));
    case 'delete':
      return JSON.stringify((value as Deleted).deletedIds);
    default:
      return JSON.stringify([(value as Session).id, (value as Session).sequence]);
  }
}

/** Messages that a write found and left may have changed since. Those that it dropped are gone with their session. */
function writtenGist(
  { session, isNew, messages, removedCount, removed }: WrittenHistory,
  deleted: ReadonlySet<string>,
) {
  const places = messages.map(({ ordinal, position, key }) => [ordinal, position, key]);
  const dropped = deleted.has(session.id) ? null : removed.map(({ ordinal, content }) => [ordinal, content]);
  return { id: session.id, isNew, places, removedCount, dropped };
}
