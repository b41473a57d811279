import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { sessionFileName, shardOf } from '../../src/repository/files/format/layout.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import { Turns } from '../../src/schema/turns.ts';
import { type Api, createApi } from '../support/api.ts';
import { openTestRepository, temporaryDirectory } from '../support/repository.ts';
import { growTree } from '../support/tree.ts';

test('other requests are answered while a large answer is put together', async () => {
  const repository = await openTestRepository();
  await growTree(repository, { breadth: 10, depth: 3 });
  const api = createApi(repository);
  const pages = Array.from(
    { length: 40 },
    (_, n) => `p${n}: sessions(first: 1000) { nodes { id title version } }`,
  );
  const answered: string[] = [];
  const large = api.send(`{ ${pages.join(' ')} }`).then((result) => {
    expect(result.errors).toBeUndefined();
    answered.push('large');
  });
  for (let n = 0; n < 3; n += 1) {
    await nextTurn();
    await api.send('{ store { sessionCount } }');
    answered.push('small');
  }
  await large;
  expect(answered).toEqual(['small', 'small', 'small', 'large']);
});

test('other requests are answered while long metadata of many sessions is shown', async () => {
  const repository = await openTestRepository();
  const metadata = { text: 'x'.repeat(100_000) };
  await repository.create({ id: 'root' });
  for (let n = 0; n < 40; n += 1) await repository.create({ id: `s${n}`, parentId: 'root', metadata });
  const api = createApi(repository);
  const answered: string[] = [];
  const large = api
    .send('{ session(id: "root") { children { nodes { metadata } } } }')
    .then(({ data, errors }) => {
      expect(errors).toBeUndefined();
      expect(data).toEqual({ session: { children: { nodes: Array(40).fill({ metadata }) } } });
      answered.push('large');
    });
  for (let n = 0; n < 10; n += 1) {
    await nextTurn();
    await api.send('{ store { sessionCount } }');
    answered.push('small');
  }
  await large;
  expect(answered.indexOf('large')).toBe(10);
});

const NAMES = Array.from({ length: 90 }, (_, n) => `n${n}: title`).join(' ');

test('objects with very many fields are put into an answer in several turns, in their order', async () => {
  const repository = await openTestRepository();
  await growTree(repository, { breadth: 10, depth: 3 });
  const pages = (more: string) =>
    ['a', 'b'].map((key) => `${key}: sessions(first: 1000) { nodes { id } edges { node { ${more} } } }`);
  const api = createApi(repository);
  const whole = await api.send(`{ ${pages('id').join(' ')} }`);
  for (const directive of ['', '@skip(if: false)']) {
    const { data, errors } = await api.send(
      `{ ${pages(`id ${directive} ...Wide`)[0]} } fragment Wide on Session { ${NAMES} }`,
    );
    expect(errors).toBeUndefined();
    const { a } = data as { a: { nodes: object[]; edges: { node: object }[] } };
    expect(a.nodes).toEqual((whole.data as { a: { nodes: object[] } }).a.nodes);
    expect(a.edges.map(({ node }) => ({ id: (node as { id: string }).id }))).toEqual(a.nodes);
  }
});

test('a list is cut into turns after as many objects as the pace allows, whichever lists they are in', async () => {
  const turns = new Turns();
  turns.setPace(3);
  const [first, second] = [turns.paced([1, 2]), turns.paced([3, 4, 5, 6, 7])];
  const isLater = (item: unknown) => item instanceof Promise;
  expect([...first, ...second].map(isLater)).toEqual([false, false, false, true, true, true, true]);
  const order: (number | string)[] = [];
  const items = second.map(async (item) => order.push(await item));
  await nextTurn();
  order.push('turn');
  await Promise.all(items);
  expect(order.filter((entry) => entry !== 'turn')).toEqual([3, 4, 5, 6, 7]);
  expect(order.indexOf('turn')).toBeLessThan(order.indexOf(7));
});

/** The turns of the event loop that pass until `work` is done: many, too, if `work` waits for a file. */
async function turnsOf(work: Promise<unknown>): Promise<number> {
  let isOver = false;
  void work.then(() => {
    isOver = true;
  });
  let turns = 0;
  for (; !isOver; turns += 1) await nextTurn();
  return turns;
}

/** Selects `field` of `ids` under many aliases. The answer is too large, so that none of the turns is taken for its JSON. */
async function refusedAfter(api: Api, ids: readonly string[], field: string): Promise<number> {
  const fields = Array.from({ length: 90 }, (_, n) => `a${n}: ${field}`).join(' ');
  const sent = api.send(`query($ids: [ID!]!) { nodes(ids: $ids) { ... on Session { ${fields} } } }`, { ids });
  const turns = await turnsOf(sent);
  expect((await sent).errors).toMatchObject([{ extensions: { code: 'BUDGET_EXCEEDED' } }]);
  return turns;
}

test('objects of many nodes, which are read in one batch, are put into an answer in several turns', async () => {
  const repository = await openTestRepository();
  const ids = (await growTree(repository, { breadth: 10, depth: 3 })).flat().slice(0, 1_000);
  expect(await refusedAfter(createApi(repository), ids, 'root { id }')).toBeGreaterThan(5);
});

test('long lists of damage, which are read once, are put into an answer in several turns', async () => {
  const directory = await temporaryDirectory();
  const store = await openFileRepository({ directory });
  await store.create({ id: 'damaged' });
  await store.close();
  await appendFile(
    join(directory, 'sessions', shardOf('damaged'), sessionFileName('damaged')),
    'no line of a session\n'.repeat(1_000),
  );
  await rm(join(directory, 'index.db'));
  const repository = await openFileRepository({ directory });
  onTestFinished(() => repository.close());
  const api = createApi(repository, { answerBytes: 8_000_000 });
  // The next request finds the file as it was.
  await api.send('{ session(id: "damaged") { damage { line } } }');
  const ids = Array.from({ length: 90 }, () => 'damaged');
  expect(await refusedAfter(api, ids, 'damage { line reason }')).toBeGreaterThan(50);
});
