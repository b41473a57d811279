import { expect, test, vi } from 'vitest';
import { createLongSession, LONG_ANSWER_BYTES, longRequest, openConnection, openUnread } from '../running.ts';
import { ask, NOTHING_FOUND, startLimited } from './support.ts';

/** Room for one long answer, and for half of another. */
const LIMITS = { answersBytes: 1.5 * LONG_ANSWER_BYTES };

async function askLong(url: string): Promise<string> {
  const connection = openConnection(url);
  connection.socket.write(longRequest().replace('\r\n', '\r\nConnection: close\r\n'));
  return connection.closed();
}

test('answers that nobody reads leave no room for other long ones, and short ones are answered', async () => {
  const { url, port } = await startLimited(LIMITS);
  const unread = await openUnread(url);
  const refused = await askLong(url);
  expect(refused.length).toBeLessThan(1_000);
  expect(refused).toContain('"code":"OVERLOADED"');
  expect(await ask(port)).toMatchObject(NOTHING_FOUND);
  unread.close();
  await vi.waitFor(
    async () => expect((await askLong(url)).length).toBeGreaterThan(LONG_ANSWER_BYTES),
    10_000,
  );
});

test('an answer that was read makes room', async () => {
  const { url } = await startLimited(LIMITS);
  await createLongSession(url);
  for (let time = 0; time < 3; time += 1)
    expect((await askLong(url)).length).toBeGreaterThan(LONG_ANSWER_BYTES);
});

test('an answer that is larger than all the room is given alone', async () => {
  const { url } = await startLimited({ answersBytes: LONG_ANSWER_BYTES / 2 });
  await createLongSession(url);
  expect((await askLong(url)).length).toBeGreaterThan(LONG_ANSWER_BYTES);
});

test('a client that reads nothing is disconnected, with a reason in the log', async () => {
  const { url, lines } = await startLimited({ writeMs: 200 });
  const unread = await openUnread(url);
  await vi.waitFor(
    () => expect(lines.at(-1)).toMatchObject({ level: 40, msg: expect.stringContaining('writeMs') }),
    10_000,
  );
  expect((await unread.rest()).length).toBeLessThan(LONG_ANSWER_BYTES);
});

test('a client that reads slowly gets all of its answer', async () => {
  const { url, lines } = await startLimited({ writeMs: 2_000 });
  await createLongSession(url);
  const { socket, closed } = openConnection(url);
  // All pieces together take longer than a client may read nothing.
  let unread = LONG_ANSWER_BYTES / 32;
  socket.on('data', ({ length }) => {
    unread -= length;
    if (unread > 0) return;
    unread = LONG_ANSWER_BYTES / 32;
    socket.pause();
    setTimeout(() => socket.resume(), 80);
  });
  socket.write(longRequest().replace('\r\n', '\r\nConnection: close\r\n'));
  expect((await closed()).length).toBeGreaterThan(LONG_ANSWER_BYTES);
  expect(lines.filter(({ level }) => level !== 30)).toEqual([]);
});
