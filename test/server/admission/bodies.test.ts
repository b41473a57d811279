import { expect, test, vi } from 'vitest';
import { send } from '../../support/http-client.ts';
import { plain } from '../requests.ts';
import { openConnection, type RawConnection } from '../running.ts';
import { ask, NOTHING_FOUND, openHeld, postPart, sessionRequest, startLimited } from './support.ts';

const KIB = 1024;
/** Room for one large body. */
const LIMITS = { bodyBytes: 200 * KIB, bodiesBytes: 200 * KIB };
const LARGE = 150 * KIB;

/** A connection on which the first part of a large body was read. */
async function openHalf(url: string, port: number): Promise<RawConnection> {
  const connection = openConnection(url);
  postPart(connection, LARGE, 100 * KIB);
  // Later connections are accepted after this one, whose head has come by then.
  await ask(port);
  await ask(port);
  return connection;
}

test('a large body waits until there is room, and small ones do not', async () => {
  const { url, port } = await startLimited(LIMITS);
  const half = await openHalf(url, port);
  let isAnswered = false;
  const other = ask(port, 'unknown', LARGE).finally(() => {
    isAnswered = true;
  });
  for (let time = 0; time < 10; time += 1) expect(await ask(port)).toMatchObject(NOTHING_FOUND);
  expect(await ask(port, 'unknown', 64 * KIB)).toMatchObject(NOTHING_FOUND);
  expect(isAnswered).toBe(false);
  half.socket.write(' '.repeat(50 * KIB));
  await half.received('BAD_REQUEST');
  expect(await other).toMatchObject(NOTHING_FOUND);
});

test('a client that leaves in the middle of its body makes room', async () => {
  const { url, port } = await startLimited(LIMITS);
  const half = await openHalf(url, port);
  const other = ask(port, 'unknown', LARGE);
  half.socket.destroy();
  expect(await other).toMatchObject(NOTHING_FOUND);
});

test('a client that leaves while its body waits is out of the way', async () => {
  const { url, port } = await startLimited(LIMITS);
  const half = await openHalf(url, port);
  const waiting = await openHalf(url, port);
  const other = ask(port, 'unknown', LARGE);
  waiting.socket.destroy();
  half.socket.destroy();
  expect(await other).toMatchObject(NOTHING_FOUND);
});

test('a body in chunks that becomes large waits as well, and what it took becomes free', async () => {
  const { url, port } = await startLimited(LIMITS);
  const half = await openHalf(url, port);
  const connection = openConnection(url);
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
  const body = JSON.stringify({ query: '{ __typename }' }).padEnd(LARGE);
  connection.socket.write(
    'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  connection.socket.write(chunk(body.slice(0, 70 * KIB)));
  connection.socket.write(chunk(body.slice(70 * KIB)));
  connection.socket.write(chunk(''));
  await ask(port);
  half.socket.destroy();
  await connection.received('{"data":{"__typename":"Query"}}');
  expect(await ask(port, 'unknown', LARGE)).toMatchObject(NOTHING_FOUND);
});

test('a body that hardly advances is given up once others wait, with a reason in the log', async () => {
  const { url, port, lines } = await startLimited(LIMITS);
  const half = await openHalf(url, port);
  // A sweep that comes late, because this process was busy, begins to count anew: a request may wait for room in vain then.
  await vi.waitFor(
    async () => expect(await ask(port, 'unknown', LARGE)).toMatchObject(NOTHING_FOUND),
    25_000,
  );
  await half.closed();
  expect(lines.filter(({ msg }) => String(msg).includes('bodiesBytes'))).toHaveLength(1);
});

/** Room for several large bodies. */
const ROOMY = { ...LIMITS, bodiesBytes: 2_000 * KIB };

/** A request with a large body. */
const large = (query: string, variables: object = {}) =>
  plain(JSON.stringify({ query, variables }).padEnd(LARGE));

const CREATE =
  'mutation ($id: ID!) { createSession(input: { id: $id }) { ... on CreateSessionPayload { session { id children { totalCount } } } } }';
const created = (id: string) => ({
  data: { createSession: { session: { id, children: { totalCount: 0 } } } },
});

const jsonOf = ({ body }: { readonly body: Buffer }): unknown => JSON.parse(body.toString());

test('a large body whose reads do not return keeps no other one out', async () => {
  const { port, held, release } = await openHeld(ROOMY);
  const first = ask(port, 'held', LARGE);
  await vi.waitFor(() => expect(held).toHaveLength(1), 10_000);
  for (let time = 0; time < 3; time += 1)
    expect(await ask(port, 'unknown', LARGE)).toMatchObject(NOTHING_FOUND);
  expect(held).toHaveLength(1);
  release();
  expect(await first).toMatchObject(NOTHING_FOUND);
});

test('a body that is mostly whitespace takes no room once it is read', async () => {
  const { port, held, release } = await openHeld(LIMITS);
  const first = ask(port, 'held', LIMITS.bodiesBytes);
  await vi.waitFor(() => expect(held).toHaveLength(1), 10_000);
  expect(await ask(port, 'unknown', LIMITS.bodiesBytes)).toMatchObject(NOTHING_FOUND);
  release();
  expect(await first).toMatchObject(NOTHING_FOUND);
});

/** 100 KiB that take more than 2,000 KiB in memory. */
const values = (id: string) => {
  const { headers, body } = sessionRequest(id);
  const lists = '[],'.repeat((100 * KIB) / 3);
  return { headers, body: `${String(body).slice(0, -1)},"extensions":{"lists":[${lists}0]}}` };
};

test('bodies count with the memory that their values take until their operations have ended', async () => {
  const { port, held, release } = await openHeld(ROOMY);
  const first = send(port, values('held'));
  await vi.waitFor(() => expect(held).toHaveLength(1), 10_000);
  let isAnswered = false;
  const second = send(port, values('unknown')).finally(() => {
    isAnswered = true;
  });
  for (let time = 0; time < 3; time += 1)
    expect(await ask(port, 'unknown', LARGE)).toMatchObject(NOTHING_FOUND);
  expect(isAnswered).toBe(false);
  release();
  expect(await first).toMatchObject(NOTHING_FOUND);
  expect(await second).toMatchObject(NOTHING_FOUND);
});

const SEND =
  'send: sendMessage(input: { sessionId: "held", message: "a", response: "b" }) { ... on SendMessagePayload { session { history(last: 1) { nodes { role } } } } }';

test.each([
  ['a mutation', `mutation { ${SEND} }`],
  ['the first of several mutations', `mutation { ${SEND} createSession(input: {}) { __typename } }`],
])('a large body keeps no other one out while the payload of %s is read', async (_, query) => {
  const { port, held, release } = await openHeld(ROOMY, ([method]) => method === 'historyOf');
  await send(port, large(CREATE, { id: 'held' }));
  const first = send(port, large(query));
  await vi.waitFor(() => expect(held).toHaveLength(1), 10_000);
  expect(jsonOf(await send(port, large(CREATE, { id: 'other' })))).toEqual(created('other'));
  release();
  expect(jsonOf(await first)).toMatchObject({
    data: { send: { session: { history: { nodes: [{ role: 'ASSISTANT' }] } } } },
  });
});

test('of large bodies only as many are written at once as one body may have bytes', async () => {
  const { port, held, release } = await openHeld(ROOMY, ([method]) => method === 'create');
  await ask(port);
  const first = send(port, large(CREATE, { id: 'first' }));
  await vi.waitFor(() => expect(held).toHaveLength(1), 10_000);
  const second = send(port, large(CREATE, { id: 'second' }));
  for (let time = 0; time < 10; time += 1) expect(await ask(port)).toMatchObject(NOTHING_FOUND);
  expect(held).toHaveLength(1);
  release();
  expect(jsonOf(await first)).toEqual(created('first'));
  expect(jsonOf(await second)).toEqual(created('second'));
});
