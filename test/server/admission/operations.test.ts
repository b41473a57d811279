import { expect, test, vi } from 'vitest';
import { send } from '../../support/http-client.ts';
import { openConnection } from '../running.ts';
import { ask, expectOverloaded, NOTHING_FOUND, openHeld, sessionRequest } from './support.ts';

/** The first request of a document goes to Yoga, the others take the fast path. */
test.each([
  ['the fast path', true],
  ['Yoga', false],
])('operations beyond the limit wait, and are executed in their order, on %s', async (_name, isKnown) => {
  const { port, held, release } = await openHeld({ operations: 2 });
  if (isKnown) await ask(port);
  const first = [ask(port, 'held'), ask(port, 'held')];
  await vi.waitFor(() => expect(held).toHaveLength(2), 10_000);
  let isAnswered = false;
  const third = ask(port).finally(() => {
    isAnswered = true;
  });
  // What is no operation needs no place.
  expect(await send(port, { method: 'GET', path: '/other' })).toMatchObject({ status: 404 });
  expect(isAnswered).toBe(false);
  release();
  for (const answer of await Promise.all([...first, third])) expect(answer).toMatchObject(NOTHING_FOUND);
});

test('once many wait, further operations are refused at once, and served again later', async () => {
  const { port, held, release } = await openHeld({ operations: 1 });
  await ask(port);
  const first = ask(port, 'held');
  await vi.waitFor(() => expect(held).toHaveLength(1), 10_000);
  const others = Array.from({ length: 5 }, () => ask(port));
  // Four of them wait, whichever came first.
  const refused = await Promise.race(others);
  expectOverloaded(expect, refused);
  release();
  const statuses = (await Promise.all([first, ...others])).map(({ status }) => status);
  expect(statuses.toSorted()).toEqual([200, 200, 200, 200, 200, 503]);
  expect(await ask(port)).toMatchObject(NOTHING_FOUND);
});

test('a client that leaves while its operation waits gives its place to others', async () => {
  const { port, url, held, release } = await openHeld({ operations: 1 });
  await ask(port);
  const first = ask(port, 'held');
  await vi.waitFor(() => expect(held).toHaveLength(1), 10_000);
  const { headers, body } = sessionRequest('held');
  const bytes = `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${headers?.['content-type']}\r\nContent-Length: ${Buffer.byteLength(body as string)}\r\n\r\n${body}`;
  for (let client = 0; client < 20; client += 1) {
    const connection = openConnection(url);
    connection.socket.end(bytes);
    connection.socket.resume();
    if (client >= 4) await connection.closed();
    else connection.socket.resetAndDestroy();
  }
  release();
  expect(await first).toMatchObject(NOTHING_FOUND);
  expect(await ask(port)).toMatchObject(NOTHING_FOUND);
  expect(held).toHaveLength(1);
});

test('an operation that fails gives its place to others', async () => {
  const { port } = await openHeld({ operations: 1 });
  for (let time = 0; time < 3; time += 1) {
    expect((await ask(port, 'no id!')).status).toBe(200);
    expect((await ask(port, 'x'.repeat(200))).status).toBe(200);
  }
  expect(await ask(port)).toMatchObject(NOTHING_FOUND);
});

test('however requests end, they leave nothing taken', async () => {
  const KIB = 1024;
  const { port, url, held, release } = await openHeld({
    operations: 2,
    bodyBytes: 200 * KIB,
    bodiesBytes: 200 * KIB,
    answersBytes: 200 * KIB,
  });
  await ask(port);
  const { body } = sessionRequest('unknown', 150 * KIB);
  const head = (framing: string) =>
    `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${framing}\r\n\r\n`;
  const whole = `${head(`Content-Length: ${150 * KIB}`)}${body}`;
  const chunked = `${head('Transfer-Encoding: chunked')}${(150 * KIB).toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const small = `${head('Content-Length: 2')}{}`;
  const ends = [whole, chunked, small, `${small}${whole}`, `${whole}${whole}`, `${whole}no HTTP`];
  for (let client = 0; client < 60; client += 1) {
    const connection = openConnection(url);
    const bytes = ends[client % ends.length]!;
    // Cut anywhere, or not at all.
    const length = client % 5 === 0 ? bytes.length : Math.floor((bytes.length * (client % 17)) / 17);
    connection.socket.write(bytes.slice(0, length));
    if (client % 3 === 0) connection.socket.resetAndDestroy();
    else if (client % 3 === 1) connection.socket.end();
    else setTimeout(() => connection.socket.destroy(), client);
    if (client % 4 === 0) await ask(port);
    await connection.closed();
  }
  // The whole of the room for bodies, and both places.
  expect(await ask(port, 'unknown', 200 * KIB)).toMatchObject(NOTHING_FOUND);
  const both = [ask(port, 'held'), ask(port, 'held')];
  await vi.waitFor(() => expect(held).toHaveLength(2), 10_000);
  release();
  for (const answer of await Promise.all(both)) expect(answer).toMatchObject(NOTHING_FOUND);
});
