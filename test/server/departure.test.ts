import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { send } from '../support/http-client.ts';
import { type Call, watched } from '../support/watched-repository.ts';
import { openBothWays, openTree } from './both-ways.ts';
import { plain } from './requests.ts';
import { openConnection } from './running.ts';

/** A repository whose calls of `method` wait from `close` to `open`. `reached` resolves once one of them waits. */
function gated(repository: SessionRepository, method: string) {
  const reached = Promise.withResolvers<AbortSignal | undefined>();
  const opened = Promise.withResolvers<void>();
  let isClosed = false;
  const { calls, ...rest } = watched(repository, ([name]: Call, options) => {
    if (!isClosed || name !== method) return undefined;
    reached.resolve(options?.signal);
    return opened.promise;
  });
  return {
    ...rest,
    names: () => calls.map(([name]) => name),
    reached: reached.promise,
    open: opened.resolve,
    close() {
      isClosed = true;
      calls.length = 0;
    },
  };
}

const LEVELS = '{ session(id: "root") { children { nodes { id children { nodes { id } } } } } }';
const CREATE = (id: string) => `createSession(input: { id: "${id}" }) { __typename }`;

describe.each(['yoga', 'fast', 'GET'] as const)('on the %s path', (path) => {
  /** Sends `query` on a connection that is closed while a call of `method` waits, and resolves once that is noted. */
  async function leaveDuring(method: string, query: string, isKnown = true) {
    const store = gated(await openTree(), method);
    const ways = await openBothWays(store.repository);
    const way = path === 'yoga' ? ways.yoga : ways.fast;
    // The fast path serves a document from its second time on.
    if (isKnown) await send(way.port, plain({ query }));
    const [logged, handedOn] = [way.logs.length, ways.fast.handedOn()];
    store.close();
    const connection = openConnection(`http://127.0.0.1:${way.port}/graphql`);
    const body = JSON.stringify({ query });
    connection.socket.write(
      path === 'GET' && query.startsWith('{')
        ? `GET /graphql?query=${encodeURIComponent(query)} HTTP/1.1\r\nHost: localhost\r\n\r\n`
        : `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await store.reached;
    connection.socket.destroy();
    const connections = () =>
      new Promise<number>((resolve) => way.server.getConnections((_error, count) => resolve(count)));
    await vi.waitFor(async () => expect(await connections()).toBe(0), 20_000);
    return {
      ...store,
      logs: () => way.logs.slice(logged),
      handedOn: () => ways.fast.handedOn() - handedOn,
    };
  }

  test('a client that leaves in the middle of a query ends it: the next level is not read', async () => {
    const left = await leaveDuring('childrenOf', LEVELS);
    // The signal stops the read that is under way.
    expect((await left.reached)!.aborted).toBe(true);
    left.open();
    await vi.waitFor(() => expect(left.logs()).toHaveLength(1), 20_000);
    for (let turn = 0; turn < 10; turn += 1) await nextTurn();
    expect(left.names()).toEqual(['findMany', 'childrenOf']);
    expect(left.logs()).toMatchObject([{ msg: 'request', status: 499, errors: ['CLIENT_CLOSED_REQUEST'] }]);
    expect(left.handedOn()).toBe(path === 'GET' ? 1 : 0);
  });

  test('a mutation that has begun is finished, and those after it do not begin', async () => {
    const [one, two] = [`${path}-1`, `${path}-2`];
    const left = await leaveDuring('create', `mutation { a: ${CREATE(one)} b: ${CREATE(two)} }`, false);
    left.open();
    await vi.waitFor(() => expect(left.logs()).toHaveLength(1), 20_000);
    expect(left.names()).toEqual(['create']);
    expect(left.logs()).toMatchObject([{ status: 499, errors: ['CLIENT_CLOSED_REQUEST'] }]);
    expect(await left.repository.findMany([one, two])).toMatchObject([{ id: one }, null]);
  });
});
