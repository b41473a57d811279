import { expect, test } from 'vitest';
import { openBothWays, openTree } from '../../../test/server/both-ways.ts';
import { Sessiontree } from '../src/index.ts';
import { methods } from './support.ts';

/** A call of a method with other values, and other optional ones, each time. `id` is a session with a child and messages, for it alone. */
type Call = (client: Sessiontree, id: string, isFirst: boolean) => Promise<unknown>;

const MESSAGE = { role: 'USER', content: 'Where to in May?' } as const;

const CALLS: Readonly<Record<string, Call>> = {
  'sessions.create': ({ sessions }, id, isFirst) =>
    sessions.create(isFirst ? {} : { id: `new-${id}`, title: '"Trip"', metadata: { visits: 1 } }),
  'sessions.spawn': ({ sessions }, id, isFirst) => sessions.spawn(id, isFirst ? undefined : { title: id }),
  'sessions.get': ({ sessions }, id, isFirst) => sessions.get(isFirst ? id : { key: id }),
  'sessions.list': ({ sessions }, id, isFirst) =>
    sessions.list(isFirst ? {} : { filter: { keyPrefix: id }, reverse: true, pageSize: 1 }).toArray(2),
  'sessions.tree': ({ sessions }, id, isFirst) =>
    sessions.tree(id, isFirst ? {} : { maxDepth: 2, pageSize: 1 }),
  'sessions.watch': ({ sessions }, id, isFirst) =>
    first(sessions.watch(id, isFirst ? {} : { kinds: ['CREATED'], messages: 3, maxContentLength: 9 })),
  'sessions.update': ({ sessions }, id, isFirst) =>
    sessions.update(id, ({ version }) => (isFirst ? { title: id } : { metadata: { version } })),
  'sessions.fork': ({ sessions }, id, isFirst) =>
    sessions.fork(id, isFirst ? undefined : { title: id, asRoot: true }),
  'sessions.move': ({ sessions }, id, isFirst) =>
    sessions.move(id, isFirst ? { asRoot: true } : { parentId: 'root' }),
  'sessions.archive': ({ sessions }, id, isFirst) =>
    sessions.archive(id, isFirst ? undefined : { subtree: false }),
  'sessions.unarchive': ({ sessions }, id, isFirst) =>
    sessions.unarchive(id, isFirst ? undefined : { subtree: false }),
  'sessions.delete': ({ sessions }, id, isFirst) => sessions.delete(id, { mode: 'CASCADE', dryRun: isFirst }),
  'history.append': ({ history }, id, isFirst) =>
    history.append(id, isFirst ? MESSAGE : [MESSAGE, { ...MESSAGE, key: 'm', model: 'm-1' }]),
  'history.write': ({ history }, id, isFirst) =>
    history.write(
      isFirst ? { sessionId: id, messages: [MESSAGE] } : { key: id, title: id, onKey: 'REPLACE' },
    ),
  'history.list': async ({ history }, id, isFirst) => {
    const options = isFirst ? {} : { reverse: true, pageSize: 1, maxContentLength: 9 };
    await history.list(id, options).toArray();
    await history.list(id, { ...options, withPayloads: true }).toArray();
  },
  'history.truncate': ({ history }, id, isFirst) =>
    history.truncate(id, 1, isFirst ? { dryRun: true } : undefined),
  'history.stream': ({ history }, id, isFirst) => {
    const draft = history.stream(id, `answer-${id}`, isFirst ? undefined : { role: 'TOOL' });
    draft.write(id);
    if (!isFirst) draft.reasoning('It is warm.');
    return draft.end();
  },
  'history.watchMessages': ({ history }, id) => {
    history.stream(id, 'answer').write(id);
    return first(history.watchMessages(id));
  },
  search: (client, id, isFirst) =>
    client.search(id, isFirst ? {} : { within: id, roles: ['USER'], pageSize: 1 }).toArray(2),
  usage: (client, id, isFirst) =>
    client.usage(isFirst ? ['DAY'] : ['MODEL', 'STATUS'], isFirst ? {} : { within: id, from: new Date(0) }),
  request: (client, id) => client.request('query ($id: ID!) { session(id: $id) { title } }', { id }),
};

/** The first of what is watched, after which the connection is closed. */
async function first<Item>(watched: AsyncGenerator<Item, void, undefined>): Promise<Item> {
  for await (const item of watched) return item;
  throw new Error('Expected an item, got: none.');
}

test('there is a call of each method', () => {
  expect(Object.keys(CALLS).toSorted()).toEqual(methods().toSorted());
});

test.each(Object.entries(CALLS))(
  '%s sends the same documents whatever the values, so that the fast path answers from the second call on',
  async (name, call) => {
    const { yoga, fast } = await openBothWays(await openTree());
    const urlOf = ({ port }: { port: number }) => `http://127.0.0.1:${port}/graphql`;
    // Their documents are none that the fast path has served.
    const { sessions } = new Sessiontree(urlOf(yoga));
    let sent: string[] = [];
    const client = new Sessiontree(urlOf(fast), {
      fetch: (url, init) => {
        sent.push(JSON.parse(String(init!.body)).query);
        return fetch(url, init);
      },
    });
    const callWith = async (id: string, isFirst: boolean) => {
      await sessions.create({ id, key: id, messages: [MESSAGE, MESSAGE, MESSAGE] });
      await sessions.spawn(id, {});
      const before = fast.handedOn();
      sent = [];
      await call(client, id, isFirst);
      return { documents: new Set(sent), sent, handedOn: fast.handedOn() - before };
    };

    const one = await callWith(`${name}-1`, true);
    expect(one.handedOn).toBeGreaterThanOrEqual(one.documents.size);
    const two = await callWith(`${name}-2`, false);
    expect(two.documents).toEqual(one.documents);
    // Subscriptions are streams, of which the fast path serves none.
    const streams = two.sent.filter((text) => text.startsWith('subscription'));
    expect(two.handedOn).toBe(streams.length);
  },
);
