import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../src/model/json.ts';
import { KEY_CONFLICTS } from '../../../src/model/message.ts';
import { SESSION_STATUSES } from '../../../src/model/session.ts';

/** Few of everything, so that most mutations find their session, and keys clash. */
export const IDS = ['a', 'B', 'c', 'd', 'E', 'f'];
export const WORDS = ['fox', 'bear', '数据', 'crow'];
export const KEYS = ['k', 'K', 'k\u{1f600}'];
export const CALLS = ['c', 'd'];
export const USERS = ['ann', 'bob'];

/** Left out half of the time. */
const optional = <T>(given: fc.Arbitrary<T>) => fc.option(given, { nil: undefined, freq: 2 });
const text = fc.option(fc.constantFrom('one', 'two'), { freq: 3 });

export const id = fc.constantFrom(...IDS);
export const parent = fc.option(id, { freq: 3 });
export const content = fc
  .array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 3 })
  .map((words) => words.join(' '));
export const someKey = fc.constantFrom(...KEYS);
export const key = fc.option(someKey, { freq: 2 });
const toolCallId = fc.option(fc.constantFrom(...CALLS), { freq: 2 });
export const user = fc.option(fc.constantFrom(...USERS));
export const status = fc.option(fc.constantFrom(...SESSION_STATUSES));
export const onKey = fc.option(fc.constantFrom(...KEY_CONFLICTS));
/** Mostly left out: few sessions have the version. */
export const expectedVersion = fc.oneof(
  { weight: 9, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }) },
);

/** No key stands twice. */
export const messages = fc
  .array(fc.record({ content, key, toolCallId, isCopy: optional(fc.boolean()) }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((list) =>
    list.map((said, n) =>
      list.slice(0, n).some((other) => other.key === said.key) ? { ...said, key: null } : said,
    ),
  );

export const cost = fc.option(
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

/** Small, so that patches meet what is there, in either order of its keys. */
const { object } = fc.letrec<{ value: JsonValue; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<JsonValue>(null, 1, 'x', [], [{ a: 1, b: null }], [{ b: null, a: 1 }]),
    tie('object'),
  ),
  object: fc.dictionary(fc.constantFrom('a', 'b'), tie('value'), { noNullPrototype: true, maxKeys: 2 }),
}));
export const metadata = optional(fc.option(object));

/** No key is in both. */
const metadataChange = fc
  .record({ metadata, setMetadata: metadata })
  .map(({ metadata: patch, setMetadata }) => ({
    metadata: patch,
    setMetadata:
      setMetadata &&
      Object.fromEntries(Object.entries(setMetadata).filter(([name]) => !Object.hasOwn(patch ?? {}, name))),
  }));

/** What spawned a child of `parentId`: rarely a message of another session, or anything where there is no parent, which is refused. */
export const spawnedBy = (parentId: string | null) =>
  fc.oneof(
    { weight: parentId === null ? 20 : 1, arbitrary: fc.constant(undefined) },
    {
      weight: 1,
      arbitrary: fc.record({
        messageId: fc.oneof(
          { weight: 8, arbitrary: fc.constantFrom(null, `${parentId}:0`) },
          { weight: 1, arbitrary: id.map((other) => `${other}:0`) },
        ),
        toolCallId: fc.constantFrom(...CALLS),
      }),
    },
  );

/** What a session is created with. */
export const described = fc.record({
  title: optional(text),
  agentName: optional(text),
  project: optional(text),
  metadata,
});

/** What a write changes of what a session says of itself. */
const changes = fc
  .record({ title: optional(text), status, statusMessage: optional(text), metadata: metadataChange })
  .map(({ metadata: change, ...others }) => ({ ...others, ...change }));

/** What an update changes. */
export const updates = fc
  .record({
    changes,
    agentName: optional(text),
    project: optional(text),
    key: fc.option(key, { nil: undefined }),
  })
  .map(({ changes: change, ...others }) => ({ ...change, ...others }));

const end = fc.oneof(
  fc.record({ keep: fc.nat(5) }),
  fc.record({ keepThroughKey: someKey }),
  fc.record({ dropLast: fc.nat(5) }),
  fc.constant({}),
);

/** What a write does. */
export const write = fc
  .record({
    messages: fc.oneof({ weight: 4, arbitrary: messages }, fc.constant([])),
    cost,
    onKey,
    changes: fc.oneof(changes, fc.constant({})),
    end,
    expectedVersion: fc.oneof({ weight: 9, arbitrary: expectedVersion }, fc.constant(0)),
  })
  .map(({ changes: change, end: dropped, ...others }) => ({ ...others, ...change, ...dropped }));

/** What a write makes if there is no such session. */
export const create = fc
  .oneof(
    { weight: 2, arbitrary: parent.map((parentId) => ({ parentId })) },
    { weight: 1, arbitrary: someKey.map((parentKey) => ({ parentId: null, parentKey })) },
  )
  .chain((place) =>
    fc.record({
      place: fc.constant(place),
      described,
      spawnedBy: spawnedBy(place.parentId),
      forkedFrom: fc.option(
        id.map((sessionId) => ({ sessionId })),
        { freq: 2 },
      ),
    }),
  )
  .map(({ place, described: said, ...others }) => ({ ...said, ...place, ...others }));
