import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { bearer, HTTP_WAYS, UPGRADE } from '../auth/support.ts';
import { openSocket, until } from '../live/support.ts';
import { openConnection } from '../running.ts';
import { type Answer, answerOf, openCallers, RATE_LIMITED, type User } from './support.ts';

const PING = '{ __typename }';
const CREATE = 'mutation { createSession(input: {}) { __typename } }';

/** Gives the first refusal. */
async function spendAll(user: User): Promise<Answer> {
  let answer = await user.post(PING);
  await until(async () => {
    if (answer.status === 200) answer = await user.post(PING);
    return answer.status !== 200;
  }, 'a refusal');
  return answer;
}

describe('requests', () => {
  test('a caller who has spent them is refused whichever way it takes, and another is served', async () => {
    const { url, ada, bob } = await openCallers({ callerRequests: 30 });
    const socket = await ada.socket();
    await spendAll(ada);
    for (const [name, way] of Object.entries({ ...HTTP_WAYS, 'a WebSocket, by its header': UPGRADE })) {
      expect(await way(url, ada.authorization), name).toMatchObject(RATE_LIMITED);
      expect(await way(url, bob.authorization), name).toMatchObject({ status: 200 });
    }
    socket.send({ id: '1', type: 'subscribe', payload: { query: PING } });
    expect(await socket.next()).toMatchObject({
      id: '1',
      type: 'error',
      payload: [{ extensions: { code: 'RATE_LIMITED' } }],
    });
  });

  test('operations over WebSocket count, too', async () => {
    const { ada, bob } = await openCallers({ callerRequests: 3 });
    // To open it is a request.
    const socket = await ada.socket();
    for (const [id, type] of [
      ['1', 'next'],
      ['2', 'next'],
      ['3', 'error'],
    ]) {
      socket.send({ id, type: 'subscribe', payload: { query: PING } });
      expect(await socket.next()).toMatchObject({ id, type });
      if (type === 'next') expect(await socket.next()).toMatchObject({ id, type: 'complete' });
    }
    expect(await ada.post(PING)).toMatchObject(RATE_LIMITED);
    expect(await bob.post(PING)).toMatchObject({ status: 200 });
  });

  test('a WebSocket whose first message says who it is counts, and is closed once they are spent', async () => {
    const { url, ada } = await openCallers({ callerRequests: 1 });
    await spendAll(ada);
    const socket = await openSocket(url.replace('http', 'ws'), { init: false });
    socket.send({ type: 'connection_init', payload: { Authorization: ada.authorization } });
    expect(await socket.closed()).toMatchObject({ code: 1013 });
  });

  test('Retry-After is when the next one is served', async () => {
    const { ada } = await openCallers({ callerRequests: 2, callerSeconds: 2 });
    // The first one: the time in which they are counted may be over before a further one on a busy machine.
    const refused = await spendAll(ada);
    expect(refused).toMatchObject(RATE_LIMITED);
    expect([1, 2]).toContain(refused.retryAfter);
    expect(refused.message).toContain(`after ${refused.retryAfter} seconds`);
    await delay(refused.retryAfter! * 1_000);
    expect(await ada.post(PING)).toMatchObject({ status: 200 });
  });

  test('the refusal needs nothing of the body', async () => {
    const { url, ada } = await openCallers({ callerRequests: 1 });
    await spendAll(ada);
    for (const length of [100, 1_000_000]) {
      const connection = openConnection(url);
      connection.socket.write(
        'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
          `Authorization: ${ada.authorization}\r\nContent-Length: ${length}\r\n\r\n`,
      );
      const answer = await connection.received('RATE_LIMITED');
      expect(answer).toMatch(/^HTTP\/1\.1 429 /);
      expect(answer.toLowerCase()).toMatch(/\r\nretry-after: [1-9]\d*\r\n/);
    }
  });

  test('all tokens of a user count together, and a shared link apart from them', async () => {
    const { tokens, url, user, ada } = await openCallers({ callerRequests: 3 });
    const { data } = await ada.post<{ createSession: { session: { id: string } } }>(
      'mutation { createSession(input: {}) { ... on CreateSessionPayload { session { id } } } }',
    );
    const subtreeId = data!.createSession.session.id;
    const link = bearer((await tokens.mint({ userId: 'ada', scope: 'read', subtreeId })).token);
    const asGuest = () =>
      fetch(`${url}?query=${PING}`, { headers: { authorization: link } }).then((response) =>
        answerOf(response),
      );
    await until(async () => (await asGuest()).status === 429, 'a refusal of the link');
    const agent = await user('ada', 'write', { subtreeId });
    expect(await agent.post(PING)).toMatchObject({ status: 200 });
    expect(await (await user('ada')).post(PING)).toMatchObject({ status: 200 });
    expect(await ada.post(PING)).toMatchObject(RATE_LIMITED);
  });
});

describe('mutations', () => {
  const many = (count: number) =>
    `mutation { ${Array.from({ length: count }, (_, n) => `m${n}: createSession(input: {}) { __typename }`).join(' ')} }`;

  test('a request with more than are left is refused as a whole, and nothing of it counts', async () => {
    const { ada, bob } = await openCallers({ callerMutations: 4 });
    expect(await ada.post(CREATE)).toMatchObject({ status: 200 });
    const refused = await ada.post(many(4));
    expect(refused).toMatchObject(RATE_LIMITED);
    expect(refused.retryAfter).toBeGreaterThan(0);
    const { data } = await ada.post<{ sessions: { totalCount: number } }>('{ sessions { totalCount } }');
    expect(data!.sessions.totalCount).toBe(1);
    expect(await ada.post(many(3))).toMatchObject({ status: 200 });
    expect(await ada.post(CREATE)).toMatchObject(RATE_LIMITED);
    expect(await ada.post(CREATE, {}, { 'accept-encoding': 'gzip' })).toMatchObject(RATE_LIMITED);
    expect(await ada.post(PING)).toMatchObject({ status: 200 });
    expect(await bob.post(many(4))).toMatchObject({ status: 200 });
  });

  test('one that is handed on, because its variables are wrong, counts once', async () => {
    const { ada } = await openCallers({ callerMutations: 3 });
    const create = 'mutation ($id: ID!) { createSession(input: { id: $id }) { __typename } }';
    expect(await ada.post(create, { id: 'one' })).toMatchObject({ status: 200 });
    // The document is known by now: the fast path tries the request first.
    expect(await ada.post(create, {})).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await ada.post(create, { id: 'two' })).toMatchObject({ status: 200 });
    expect(await ada.post(create, { id: 'three' })).toMatchObject(RATE_LIMITED);
  });

  test('over WebSocket the operation gets the error, and others go on', async () => {
    const { ada, bob } = await openCallers({ callerMutations: 1 });
    const socket = await ada.socket();
    const ask = async (id: string, query: string) => {
      socket.send({ id, type: 'subscribe', payload: { query } });
      const answer = await socket.next();
      if (answer.type === 'next') await socket.next();
      return answer;
    };
    expect(await ask('1', CREATE)).toMatchObject({ type: 'next' });
    expect(await ask('2', CREATE)).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'RATE_LIMITED' } }],
    });
    expect(await ask('3', PING)).toMatchObject({ type: 'next' });
    expect(await bob.post(CREATE)).toMatchObject({ status: 200 });
  });
});

describe('bytes', () => {
  const LARGE = `${PING} # ${'x'.repeat(70_000)}`;

  test.each([
    ['a small body', `${PING} # ${'x'.repeat(2_000)}`, 2_000],
    ['a large body', LARGE, 70_000],
    ['an answer', '{ __schema { types { name description fields { name description } } } }', 20_000],
  ])('once %s has spent them, the next request is refused', async (_what, query, callerBytes) => {
    const { ada, bob } = await openCallers({ callerBytes });
    expect(await ada.post(query)).toMatchObject({ status: 200 });
    const refused = await ada.post(PING);
    expect(refused).toMatchObject(RATE_LIMITED);
    expect(refused.message).toContain(`at most ${callerBytes} bytes`);
    expect(await bob.post(PING)).toMatchObject({ status: 200 });
  });

  test('the messages and answers of a WebSocket count', async () => {
    const { ada, bob } = await openCallers({ callerBytes: 60_000 });
    const socket = await ada.socket();
    socket.send({ id: '1', type: 'subscribe', payload: { query: LARGE } });
    expect(await socket.next()).toMatchObject({ type: 'next' });
    expect(await ada.post(PING)).toMatchObject(RATE_LIMITED);
    expect(await bob.post(PING)).toMatchObject({ status: 200 });
  });
});
