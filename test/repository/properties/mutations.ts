import fc from 'fast-check';
import { KEY_CONFLICTS, type NewMessage } from '../../../src/model/message.ts';
import { DELETE_MODES, SESSION_STATUSES } from '../../../src/model/session.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { MUCH, WHOLE } from '../contract/store.ts';
import { type Cost, type Model, roleOf, type Said } from './model.ts';

/** A mutation, applied to the model and to the store. */
export interface Mutation {
  readonly model: (model: Model) => void;
  readonly store: (repository: SessionRepository) => Promise<unknown>;
  readonly toString: () => string;
}

/** Few, so that most mutations find their session. */
const IDS = ['a', 'B', 'c', 'd', 'E'];
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
const cost = fc.option(
  fc
    .record({
      model: fc.constantFrom('opus', 'haiku', null),
      createdAt: fc.constantFrom('2026-03-01T00:00Z', '2026-03-01T12:00Z', '2026-03-02T12:00Z'),
      costUsd: fc.constantFrom(0.1, 0.2, 1e-7, 3),
    })
    .map(({ model, createdAt, costUsd }) => ({
      model,
      createdAt: new Date(createdAt),
      usage: { inputTokens: 1, outputTokens: 1, costUsd },
    })),
);
const onKey = fc.option(fc.constantFrom(...KEY_CONFLICTS));
const status = fc.option(fc.constantFrom(...SESSION_STATUSES));
const end = fc.oneof(
  fc.record({ keep: fc.nat(5) }),
  fc.record({ keepThroughKey: fc.constantFrom(...KEYS) }),
  fc.record({ dropLast: fc.nat(5) }),
  fc.constant({}),
);
const write = fc.record({
  messages: fc.oneof({ weight: 4, arbitrary: messages }, fc.constant([])),
  cost,
  onKey,
  title: fc.option(fc.option(content), { nil: undefined }),
  status,
  end,
});

const newMessages = (messages: readonly Said[], cost: Cost | null): NewMessage[] =>
  messages.map((said, n) => ({
    ...said,
    role: roleOf(said, n),
    ...cost,
  }));

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

const creation = (parentId: fc.Arbitrary<string | null>) =>
  arbitrary(
    'create',
    fc.record({ id, parentId, userId: user, key }),
    (model, input) => model.create(input.id, input.parentId, input),
    (repository, input) => repository.create(input),
  );

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 3, arbitrary: creation(parent) },
  {
    weight: 8,
    arbitrary: arbitrary(
      'append',
      fc.record({ id, messages, cost, onKey }),
      (model, input) => model.append(input.id, input.messages, input.cost, input.onKey),
      (repository, { id: sessionId, messages: said, cost: each, ...input }) =>
        repository.append({ sessionId, messages: newMessages(said, each), ...input }),
    ),
  },
  {
    weight: 8,
    arbitrary: arbitrary(
      'write',
      fc.record({ id, write, create: fc.option(fc.record({ parentId: parent, userId: user }), { freq: 1 }) }),
      (model, { id: sessionId, write: { cost: each, end: dropped, ...input }, create }) =>
        model.write(sessionId, { ...input, ...dropped, cost: each }, create),
      (repository, { id: sessionId, write: { cost: each, end: dropped, ...input }, create }) =>
        repository.writeHistory(
          {
            ...input,
            ...dropped,
            sessionId,
            messages: newMessages(input.messages, each),
            ownerId: create?.userId ?? null,
            create: create && { parentId: create.parentId },
          },
          WHOLE,
        ),
    ),
  },
  arbitrary(
    'write by key',
    fc.record({ key: fc.constantFrom(...KEYS), owner: user, write }),
    (model, { key: named, owner, write: { cost: each, end: dropped, ...input } }) =>
      model.writeByKey(named, owner, { ...input, ...dropped, cost: each }),
    (repository, { key: named, owner, write: { cost: each, end: dropped, ...input } }) =>
      repository.writeHistory(
        {
          ...input,
          ...dropped,
          key: named,
          ownerId: owner,
          messages: newMessages(input.messages, each),
        },
        WHOLE,
      ),
  ),
  arbitrary(
    'update',
    fc.record({
      id,
      title: fc.option(content),
      key: fc.option(key, { nil: undefined }),
      status,
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
  arbitrary(
    'redact',
    fc.record({ id, position: fc.nat(6) }),
    (model, input) => {
      const { ordinal } = model.sessions.get(input.id)?.history[input.position] ?? { ordinal: NEVER };
      model.redact(input.id, ordinal);
    },
    redactAt,
  ),
  arbitrary(
    'purge',
    fc.record({ id, keep: fc.option(fc.nat(3), { freq: 2 }) }),
    (model, { id: sessionId, keep }) =>
      keep === null ? model.delete(sessionId, 'CASCADE') : model.truncate(sessionId, keep),
    (repository, { id: sessionId, keep }) =>
      keep === null
        ? repository.delete({ sessionId, mode: 'CASCADE', purge: true })
        : repository.truncate({ sessionId, keep, purge: true }, MUCH),
  ),
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

/** Roots, and then any mutations: of the default size, most would be of a session that is missing. */
export const mutations: fc.Arbitrary<Mutation[]> = fc
  .tuple(
    fc.array(creation(fc.constant(null)), { minLength: 1, maxLength: 3 }),
    fc.array(mutation, { minLength: 1, maxLength: 20, size: 'max' }),
  )
  .map(([roots, others]) => [...roots, ...others]);

/** More than any history has. */
const NEVER = 1_000;

async function redactAt(
  repository: SessionRepository,
  { id: sessionId, position }: { id: string; position: number },
) {
  const [history] = await repository.historyOf(
    [{ sessionId, page: { limit: 7, from: 'start' } }],
    MUCH.bytes,
  );
  const { ordinal } = history!.items[position] ?? { ordinal: NEVER };
  return repository.redact({ messages: [{ sessionId, ordinal }], copies: false, reason: '' });
}

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
