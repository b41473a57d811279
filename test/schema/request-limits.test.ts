import { describe, expect, test } from 'vitest';
import type { ReadOptions } from '../../src/repository/read-options.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';
import { growTree } from '../support/tree.ts';
import { watched } from '../support/watched-repository.ts';

const EXCEEDED = (limit: string) => ({
  data: null,
  errors: [
    { message: expect.stringContaining(`(the limit ${limit})`), extensions: { code: 'BUDGET_EXCEEDED' } },
  ],
});

async function openTree(): Promise<SessionRepository> {
  const store = await openTestRepository();
  await growTree(store, { breadth: 3, depth: 2 });
  return store;
}

describe('walkedRows', () => {
  test('each object that is looked up costs one, whether it exists or not', async () => {
    const store = await openTree();
    const query = '{ nodes(ids: ["root", "none", "root-1", "root-2:0"]) { id } }';
    // Three sessions, the session of the message, and the message.
    expect((await createApi(store, { walkedRows: 5 }).send(query)).errors).toBeUndefined();
    expect(await createApi(store, { walkedRows: 4 }).send(query)).toMatchObject(EXCEEDED('walkedRows'));
  });

  test('each count costs at least one, and no further group of counts begins once they are spent', async () => {
    const { repository, calls } = watched(await openTree());
    const counts = [1, 2, 3].map((n) => `d${n}: descendants(maxDepth: ${n}) { totalCount }`);
    const query = `{ session(id: "root") { children { nodes { ${counts.join(' ')} } } } }`;
    const walked: number[] = [];
    const walking = watched(repository, async ([method], options) => {
      if (method !== 'countDescendants') return;
      options!.onWalk!(10);
      walked.push(10);
    }).repository;
    // One session, its page of children, nine counts; and what the store says of each group. To count two or three levels, it
    // walks the nine grandchildren.
    const groups = [10, 10 + 9, 10 + 9] as const;
    const all = 1 + 1 + 9 + groups[0] + groups[1] + groups[2];
    expect((await createApi(walking, { walkedRows: all }).send(query)).errors).toBeUndefined();
    calls.length = 0;
    expect(await createApi(walking, { walkedRows: all - groups[2] }).send(query)).toMatchObject(
      EXCEEDED('walkedRows'),
    );
    expect(calls.map(([method]) => method)).toEqual([
      'findMany',
      'childrenOf',
      'countDescendants',
      'countDescendants',
    ]);
  });

  test.each([
    ['list', '{ sessions { nodes { id } } }'],
    ['count', '{ sessions { totalCount } }'],
    ['rollupsOf', '{ session(id: "root") { rollup { sessionCount } } }'],
    ['search', '{ searchMessages(query: "word") { nodes { id } } }'],
  ])('what %s walks is charged', async (read, query) => {
    const store = await openTree();
    const { repository } = watched(store, async ([method]: unknown[], options?: ReadOptions) => {
      if (method === read) options!.onWalk!(1_000);
    });
    expect((await createApi(repository, { walkedRows: 1_100 }).send(query)).errors).toBeUndefined();
    expect(await createApi(repository, { walkedRows: 999 }).send(query)).toMatchObject(
      EXCEEDED('walkedRows'),
    );
  });

  test('the status of the store is read once, however often it is asked for', async () => {
    const { repository, calls } = watched(await openTree());
    const query = `{ ${Array.from({ length: 50 }, (_, n) => `s${n}: store { sessionCount }`).join(' ')} }`;
    expect((await createApi(repository).send(query)).errors).toBeUndefined();
    expect(calls).toEqual([['status']]);
  });
});

describe('writtenBytes', () => {
  const text = 'ä'.repeat(500);
  const KEY_BYTES = 'sessionIdamessageresponse'.length;
  const send = (n: number) =>
    `m${n}: sendMessage(input: { sessionId: "a", message: $text, response: $text }) { __typename }`;
  const query = (count: number) =>
    `mutation ($text: String!) { ${Array.from({ length: count }, (_, n) => send(n)).join(' ')} }`;

  test.each([
    ['as much as the limit lets the next mutation begin', 2 * 1_000 + KEY_BYTES, 2],
    ['more than it does not, and nothing of the next is done', 2 * 1_000 + KEY_BYTES - 1, 1],
  ])('%s', async (_name, writtenBytes, executed) => {
    const store = await openTestRepository();
    await store.create({ id: 'a' });
    const answer = await createApi(store, { writtenBytes }).send(query(3), { text });
    expect(answer).toMatchObject(EXCEEDED('writtenBytes'));
    const before = executed === 1 ? 'One mutation' : '2 mutations';
    expect(answer.errors![0]!.message).toContain(`${before} before this one w`);
    expect(await store.findMany(['a'])).toMatchObject([{ historyLength: 2 * executed }]);
  });

  test('one mutation alone may write more', async () => {
    const store = await openTestRepository();
    await store.create({ id: 'a' });
    expect((await createApi(store, { writtenBytes: 10 }).send(query(1), { text })).errors).toBeUndefined();
  });

  test('the copies of forks count; one fork may be larger, a second is not made', async () => {
    const store = await openTestRepository();
    await store.create({ id: 'a', messages: [{ role: 'USER', content: 'x'.repeat(10_000) }] });
    const fork = (id: string) => `${id}: forkSession(input: { sessionId: "a", id: "${id}" }) { __typename }`;
    const answer = await createApi(store, { writtenBytes: 15_000 }).send(
      `mutation { ${['f1', 'f2', 'f3'].map(fork).join(' ')} }`,
    );
    expect(answer).toMatchObject(EXCEEDED('writtenBytes'));
    expect(await store.findMany(['f1', 'f2', 'f3'])).toMatchObject([{ id: 'f1' }, { id: 'f2' }, null]);
  });

  test('what was refused, and what a retry finds done, costs nothing', async () => {
    const store = await openTestRepository();
    await store.create({ id: 'a', messages: [{ role: 'USER', content: 'x'.repeat(10_000) }] });
    const fork = (id: string, more = '') =>
      `${id}: forkSession(input: { sessionId: "a", operationId: "once" ${more} }) { __typename }`;
    const api = createApi(store, { writtenBytes: 15_000 });
    expect(
      await api.send(
        `mutation { ${fork('a')} ${fork('b')} ${fork('c')} ${fork('d', 'id: "a"')} ${fork('e', 'id: "a"')} }`,
      ),
    ).toMatchObject({
      data: { c: { __typename: 'ForkSessionPayload' }, e: { __typename: 'ConflictError' } },
    });
  });
});

const ESCAPED = '\u001b[31m';

/** Answers that are long for one reason each. */
const LONG: [name: string, query: string][] = [
  ['texts under many names', `{ session(id: "a") { history { nodes { ${names('content')} } } } }`],
  [
    'texts under many names, with a directive',
    `{ session(id: "a") { history { nodes { ${names('content')} id @include(if: true) } } } }`,
  ],
  ['titles under many names', `{ sessions { nodes { ${names('title')} } } }`],
  ['payloads', `{ session(id: "a") { history { nodes { ${names('payload')} } } } }`],
  ['metadata', `{ sessions { nodes { ${names('metadata')} } } }`],
  ['cursors', `{ sessions { edges { ${names('cursor')} } } }`],
  ['long names', `{ sessions { nodes { ${'n'.repeat(10_000)}: id } } }`],
  ['introspection', '{ __schema { types { name description fields { name description } } } }'],
];

function names(field: string): string {
  return Array.from({ length: 20 }, (_, n) => `n${n}: ${field}`).join(' ');
}

describe('answerBytes', () => {
  test.each(LONG)('an answer of %s is as long as the limit, and never longer', async (_name, query) => {
    const store = await openTestRepository();
    const text = ESCAPED.repeat(100);
    const messages = Array(20).fill({
      role: 'TOOL',
      content: text,
      payload: { text, list: [1.5, null, text] },
    });
    for (const id of ['a', 'b', 'c'])
      await store.create({ id, title: 't'.repeat(500), metadata: { text, list: [[]] }, messages });
    const whole = JSON.stringify(await createApi(store).send(query));
    expect(whole).toContain('"data"');
    const bytes = Buffer.byteLength(whole);
    expect(JSON.stringify(await createApi(store, { answerBytes: bytes }).send(query))).toBe(whole);
    expect(await createApi(store, { answerBytes: bytes - 1 }).send(query)).toMatchObject(
      EXCEEDED('answerBytes'),
    );
  });
});

describe('a mutation whose payload exceeds a limit', () => {
  const append = (n: number) =>
    `m${n}: appendMessages(input: { sessionId: "a", messages: [{ role: USER, content: "word" }] }) {
      ... on AppendMessagesPayload { messages { content } }
    }`;

  test.each([
    [1, 'The mutation was executed'],
    [2, '2 mutations of this request were executed'],
  ])('is done, and the error says so: %i', async (count, said) => {
    const store = await openTestRepository();
    await store.create({ id: 'a' });
    const mutations = [1, 2].slice(0, count).map(append).join(' ');
    const { errors } = await createApi(store, { textBytes: 4 * count - 1 }).send(`mutation { ${mutations} }`);
    expect(errors).toMatchObject([{ extensions: { code: 'BUDGET_EXCEEDED' } }]);
    expect(errors![0]!.message).toContain(said);
    expect(await store.findMany(['a'])).toMatchObject([{ historyLength: count }]);
  });
});
