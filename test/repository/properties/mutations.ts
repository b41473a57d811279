import fc from 'fast-check';
import { DELETE_MODES, SESSION_STATUSES } from '../../../src/model/session.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { MUCH } from '../contract/store.ts';
import { type Model, roleOf } from './model.ts';

/** A mutation, applied to the model and to the store. */
export interface Mutation {
  readonly model: (model: Model) => void;
  readonly store: (repository: SessionRepository) => Promise<unknown>;
  readonly toString: () => string;
}

const IDS = ['a', 'B', 'c', 'd', 'E', 'f', 'g', 'h'];
const WORDS = ['fox', 'bear', '数据', 'crow'];

const id = fc.constantFrom(...IDS);
const parent = fc.option(id, { freq: 3 });
const content = fc
  .array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 3 })
  .map((words) => words.join(' '));
/** Few, so that they clash. */
const KEYS = ['k', 'K', 'k\u{1f600}'];
const CALLS = ['c', 'd'];
const USERS = ['ann', 'bob'];
const key = fc.option(fc.constantFrom(...KEYS), { freq: 2 });
const toolCallId = fc.option(fc.constantFrom(...CALLS), { freq: 2 });
const user = fc.option(fc.constantFrom(...USERS));
/** No key stands twice. */
const messages = fc
  .array(fc.record({ content, key, toolCallId }), { minLength: 1, maxLength: 4 })
  .map((list) =>
    list.map((said, n) =>
      list.slice(0, n).some((other) => other.key === said.key) ? { ...said, key: null } : said,
    ),
  );
const cost = fc.option(fc.constantFrom('0.1', '0.2', '1e-7', '3'));

function arbitrary<Args>(
  name: string,
  args: fc.Arbitrary<Args>,
  model: (model: Model, args: Args) => void,
  store: (repository: SessionRepository, args: Args) => Promise<unknown>,
): fc.Arbitrary<Mutation> {
  return args.map((given) => ({
    model: (each) => model(each, given),
    store: (repository) => store(repository, given),
    toString: () => `${name} ${JSON.stringify(given)}`,
  }));
}

export const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  {
    weight: 5,
    arbitrary: arbitrary(
      'create',
      fc.record({ id, parentId: parent, userId: user, key }),
      (model, input) => model.create(input.id, input.parentId, input),
      (repository, input) => repository.create(input),
    ),
  },
  {
    weight: 5,
    arbitrary: arbitrary(
      'append',
      fc.record({ id, messages, cost }),
      (model, input) => model.append(input.id, input.messages, input.cost),
      (repository, input) =>
        repository.append({
          sessionId: input.id,
          messages: input.messages.map((said, n) => ({
            ...said,
            role: roleOf(said, n),
            usage:
              input.cost === null ? null : { inputTokens: 1, outputTokens: 1, costUsd: Number(input.cost) },
          })),
        }),
    ),
  },
  arbitrary(
    'update',
    fc.record({
      id,
      title: fc.option(content),
      key: fc.option(key, { nil: undefined }),
      status: fc.option(fc.constantFrom(...SESSION_STATUSES)),
    }),
    (model, input) => model.update(input.id, input.title, input.key, input.status),
    (repository, { id: sessionId, ...update }) => repository.update({ sessionId, ...update }),
  ),
  arbitrary(
    'delete',
    fc.record({ id, mode: fc.constantFrom(...DELETE_MODES) }),
    (model, input) => model.delete(input.id, input.mode),
    (repository, input) => repository.delete({ sessionId: input.id, mode: input.mode }),
  ),
  {
    weight: 2,
    arbitrary: arbitrary(
      'move',
      fc.record({ id, parentId: parent }),
      (model, input) => model.move(input.id, input.parentId),
      (repository, input) => repository.move({ sessionId: input.id, parentId: input.parentId }),
    ),
  },
  {
    weight: 2,
    arbitrary: arbitrary(
      'archive',
      fc.record({ id, archived: fc.boolean(), subtree: fc.boolean() }),
      (model, input) => model.archive(input.id, input.archived, input.subtree),
      (repository, { id: sessionId, ...input }) => repository.archive({ sessionId, ...input }),
    ),
  },
  {
    weight: 2,
    arbitrary: arbitrary(
      'truncate',
      fc.record({ id, length: fc.nat(6) }),
      (model, input) => model.truncate(input.id, input.length),
      (repository, input) => repository.truncate({ sessionId: input.id, keep: input.length }, MUCH),
    ),
  },
  {
    weight: 2,
    arbitrary: arbitrary(
      'fork',
      fc.record({ id, newId: id, last: fc.nat(6), asRoot: fc.boolean(), key }),
      (model, input) => model.fork(input.id, input.newId, input.last, input.asRoot, input.key),
      forkAt,
    ),
  },
);

/** The message at a position, through which to fork; all messages if there is none. */
async function forkAt(
  repository: SessionRepository,
  input: { id: string; newId: string; last: number; asRoot: boolean; key: string | null },
): Promise<unknown> {
  const page = { limit: 1, from: 'start', after: undefined } as const;
  const [history] = await repository.historyOf(
    [{ sessionId: input.id, page: { ...page, limit: 7 } }],
    MUCH.bytes,
  );
  const message = history!.items[input.last];
  return repository.fork({
    sessionId: input.id,
    throughMessage: message ? { sessionId: input.id, ordinal: message.ordinal } : null,
    id: input.newId,
    key: input.key,
    asRoot: input.asRoot,
  });
}

export { CALLS, KEYS, USERS, WORDS };
