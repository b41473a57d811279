import fc from 'fast-check';
import type { NewMessage } from '../../../src/model/message.ts';
import { type Operation, operationOf } from '../../../src/model/operation.ts';
import { DELETE_MODES } from '../../../src/model/session.ts';
import type { Created, WrittenHistory } from '../../../src/repository/mutations.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { MUCH, WHOLE } from '../contract/store.ts';
import {
  content,
  cost,
  create,
  described,
  expectedVersion,
  IDS,
  id,
  key,
  messages,
  onKey,
  parent,
  someKey,
  spawnedBy,
  status,
  updates,
  user,
  write,
} from './arguments.ts';
import type { Model } from './model.ts';
import { type Cost, roleOf, type Said } from './model-session.ts';

/** A mutation, applied to the model and to the store. */
export interface Mutation {
  /**
   * What the answer of the store must have, if it is not refused. `answer` is what the store has answered, for the id of a session that the
   * store has named.
   */
  readonly model: (model: Model, answer: unknown) => object | undefined;
  readonly store: (repository: SessionRepository) => Promise<unknown>;
  readonly toString: () => string;
}

/** A mutation that can be done as an operation, and again. */
interface Repeatable {
  as(operationId: string | null): Mutation;
}

const newMessages = (said: readonly Said[], each: Cost | null): NewMessage[] =>
  said.map((one, n) => ({ ...one, role: roleOf(one, n), ...each }));

interface Arbitrary<Args, Answer> {
  readonly args: fc.Arbitrary<Args>;
  readonly model: (model: Model, args: Args, answer: unknown) => Answer;
  readonly store: (repository: SessionRepository, args: Args, operation?: Operation) => Promise<unknown>;
  /** False for an answer after which a retry is a new mutation. */
  readonly isRecorded?: (answer: Answer) => boolean;
}

function arbitrary<Args, Answer extends object | undefined>(
  name: string,
  { args, model, store, isRecorded = () => true }: Arbitrary<Args, Answer>,
): fc.Arbitrary<Repeatable> {
  return args.map((given) => ({
    as(operationId) {
      const operation = operationId === null ? undefined : operationOf(operationId, name, given);
      return {
        model: (each, answer) => each.once(operation, () => model(each, given, answer), isRecorded),
        store: (repository) => store(repository, given, operation),
        toString: () => `${name} ${JSON.stringify(given)} ${operationId ?? ''}`,
      };
    },
    toString: () => `${name} ${JSON.stringify(given)}`,
  }));
}

const NO_ID = 'The store has named no session.';
const idIn = (answer: unknown): string => (answer as Created | WrittenHistory | null)?.session.id ?? NO_ID;

const creationArgs = (ids: fc.Arbitrary<string>, parents: fc.Arbitrary<string | null>) =>
  parents.chain((parentId) =>
    fc.record({
      id: ids,
      parentId: fc.constant(parentId),
      userId: user,
      key,
      described,
      status,
      spawnedBy: spawnedBy(parentId),
      messages: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, messages),
      cost,
    }),
  );

const creation = (ids: fc.Arbitrary<string>, parents: fc.Arbitrary<string | null>) =>
  arbitrary('create', {
    args: creationArgs(ids, parents),
    model: (model, { id: own, parentId: above, described: said, ...input }) =>
      model.create(own, above, { ...input, ...said }),
    store: (repository, { described: said, messages: given, cost: each, ...input }, operation) =>
      repository.create({ ...input, ...said, messages: newMessages(given, each) }, operation),
  });

/** By its id, by its key, or by both. */
const creationUnlessThere = arbitrary('get or create', {
  args: creationArgs(id, parent).chain((args) =>
    fc.oneof(
      fc.constant(args),
      fc.constant({ ...args, key: null }),
      someKey.map((own) => ({ ...args, id: null, key: own })),
    ),
  ),
  model: (model, { id: own, parentId: above, described: said, ...input }, answer) =>
    model.getOrCreate(own, above, { ...input, ...said }, idIn(answer)),
  store: (repository, { described: said, messages: given, cost: each, ...input }, operation) =>
    repository.getOrCreate({ ...input, ...said, messages: newMessages(given, each) }, operation),
  isRecorded: ({ isNew }) => isNew,
});

const mutation: fc.Arbitrary<Repeatable> = fc.oneof(
  { weight: 3, arbitrary: creation(id, parent) },
  { weight: 2, arbitrary: creationUnlessThere },
  {
    weight: 8,
    arbitrary: arbitrary('append', {
      args: fc.record({ id, messages, cost, onKey, expectedVersion }),
      model: (model, input) =>
        model.append(input.id, input.messages, input.cost, input.onKey, input.expectedVersion),
      store: (repository, { id: sessionId, messages: said, cost: each, ...input }, operation) =>
        repository.append({ sessionId, messages: newMessages(said, each), ...input }, operation, MUCH),
    }),
  },
  {
    weight: 8,
    arbitrary: arbitrary('write', {
      args: fc.record({ id, write, owner: user, create: fc.option(create, { freq: 2 }) }),
      model: (model, { id: own, write: input, owner, create: made }) =>
        model.write(own, input, made && { ...made, userId: owner }),
      store: (
        repository,
        { id: sessionId, write: { cost: each, ...input }, owner, create: made },
        operation,
      ) =>
        repository.writeHistory(
          { ...input, sessionId, messages: newMessages(input.messages, each), ownerId: owner, create: made },
          WHOLE,
          operation,
        ),
    }),
  },
  {
    weight: 2,
    arbitrary: arbitrary('write by key', {
      args: fc.record({ key: someKey, owner: user, write, create: fc.option(create, { freq: 2 }) }),
      model: (model, { key: own, owner, write: input, create: made }, answer) =>
        model.writeByKey(own, owner, input, made, idIn(answer)),
      store: (repository, { key: own, owner, write: { cost: each, ...input }, create: made }, operation) =>
        repository.writeHistory(
          {
            ...input,
            key: own,
            ownerId: owner,
            messages: newMessages(input.messages, each),
            create: made,
          },
          WHOLE,
          operation,
        ),
    }),
  },
  {
    weight: 2,
    arbitrary: arbitrary('update', {
      args: fc.record({ id, updates, spawnedBy: parent.chain(spawnedBy), expectedVersion }),
      model: (model, { id: own, updates: change, ...input }) => model.update(own, { ...change, ...input }),
      store: (repository, { id: sessionId, updates: change, ...input }, operation) =>
        repository.update({ sessionId, ...change, ...input }, operation),
    }),
  },
  arbitrary('delete', {
    args: fc.record({ id, mode: fc.constantFrom(...DELETE_MODES), expectedVersion, purge: fc.boolean() }),
    model: (model, input) => model.delete(input.id, input.mode, input.expectedVersion, input.purge),
    store: (repository, { id: sessionId, ...input }, operation) =>
      repository.delete({ sessionId, ...input }, operation),
  }),
  {
    weight: 2,
    arbitrary: arbitrary('move', {
      args: fc.record({ id, parentId: parent, expectedVersion }),
      model: (model, input) => model.move(input.id, input.parentId, input.expectedVersion),
      store: (repository, { id: sessionId, ...input }, operation) =>
        repository.move({ sessionId, ...input }, operation),
    }),
  },
  {
    weight: 2,
    arbitrary: arbitrary('archive', {
      args: fc.record({ id, archived: fc.boolean(), subtree: fc.boolean(), expectedVersion }),
      model: (model, input) => model.archive(input.id, input.archived, input.subtree, input.expectedVersion),
      store: (repository, { id: sessionId, ...input }, operation) =>
        repository.archive({ sessionId, ...input }, operation),
    }),
  },
  {
    weight: 2,
    arbitrary: arbitrary('truncate', {
      args: fc.record({ id, keep: fc.nat(6), purge: fc.boolean(), expectedVersion }),
      model: (model, { id: own, keep, ...input }) => model.truncate(own, keep, input),
      store: (repository, { id: sessionId, ...input }, operation) =>
        repository.truncate({ sessionId, ...input }, MUCH, operation),
    }),
  },
  arbitrary('redact', {
    args: fc.record({
      messages: fc.array(fc.record({ sessionId: id, ordinal: fc.nat(6) }), { minLength: 1, maxLength: 3 }),
    }),
    model: (model, input) => model.redactAll(input.messages) as undefined,
    store: (repository, input, operation) =>
      repository.redact({ ...input, copies: false, reason: '' }, operation),
  }),
  {
    weight: 2,
    arbitrary: arbitrary('fork', {
      args: fc.record({
        id,
        newId: id,
        last: fc.nat(6),
        asRoot: fc.boolean(),
        key,
        title: fc.option(content),
        expectedVersion,
      }),
      model: (model, input) => model.fork(input.id, input.newId, input.last, input.asRoot, input.key, input),
      store: forkAt,
    }),
  },
);

/** Of every second mutation; few have an id that others have, too. */
const operation = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('none', 'own') },
  { weight: 1, arbitrary: fc.constant('shared') },
);
/** How far back the mutation is that is sent again; null for another mutation. */
const again = fc.oneof(
  { weight: 7, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 5 }) },
);

/** Sessions to begin with: the first is a root, and others are beneath earlier ones. */
const beginning: fc.Arbitrary<Repeatable[]> = fc
  .shuffledSubarray(IDS, { minLength: 2, maxLength: IDS.length - 1 })
  .chain((ids) =>
    fc.tuple(
      ...ids.map((own, n) =>
        creation(
          fc.constant(own),
          n === 0 ? fc.constant(null) : fc.option(fc.constantFrom(...ids.slice(0, n)), { freq: 2 }),
        ),
      ),
    ),
  );

/** Any mutations, and retries of these, after some creations: without them, most would be of a session that is missing. */
export const mutations: fc.Arbitrary<Mutation[]> = fc
  .tuple(
    beginning,
    fc.array(fc.record({ mutation, operation, again }), { minLength: 1, maxLength: 20, size: 'max' }),
  )
  .map(([first, others]) => {
    const all = first.map((each) => each.as(null));
    for (const [n, each] of others.entries()) {
      const ids: Record<string, string | null> = { none: null, own: `own ${n}`, shared: 'shared' };
      const earlier = each.again === null ? undefined : all.at(-each.again);
      all.push(earlier ?? each.mutation.as(ids[each.operation]!));
    }
    return all;
  });

/** The message at a position, through which to fork; all messages if there is none. */
async function forkAt(
  repository: SessionRepository,
  { id: sessionId, newId, last, ...input }: { id: string; newId: string; last: number; asRoot: boolean },
  operation?: Operation,
): Promise<unknown> {
  const [history] = await repository.historyOf(
    [{ sessionId, page: { limit: 7, from: 'start' } }],
    MUCH.bytes,
  );
  const message = history!.items[last];
  const throughMessage = message ? { sessionId, ordinal: message.ordinal } : null;
  return repository.fork({ sessionId, throughMessage, id: newId, ...input }, operation);
}
