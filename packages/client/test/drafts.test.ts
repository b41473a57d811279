import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { startTestServer } from '../../../test/server/running.ts';
import { openFlakyProxy } from '../../../test/support/flaky-proxy.ts';
import { openCutProxy } from '../../../test/support/open-cut-proxy.ts';
import { type ClientOptions, type Draft, SessionNotFoundError, Sessiontree } from '../src/index.ts';
import { rejection } from './support.ts';

const WAYS: [name: string, options: ClientOptions][] = [
  ['WebSocket', {}],
  ['server-sent events', { webSocket: null }],
];

async function openTrip(options: ClientOptions = {}): Promise<{ client: Sessiontree; url: string }> {
  const { url } = await startTestServer();
  const client = new Sessiontree(url, options);
  await client.sessions.create({ id: 'trip' });
  return { client, url };
}

/** The next state of a draft that satisfies `isIt`. */
async function until(drafts: AsyncIterator<Draft>, isIt: (draft: Draft) => boolean): Promise<Draft> {
  for (;;) {
    const { value } = await drafts.next();
    if (value === undefined) throw new Error('Expected a draft, got the end.');
    if (isIt(value)) return value;
  }
}

/** Asks for drafts, and resolves once the server has the watcher: with what came then. */
async function watchFrom(client: Sessiontree, options: ClientOptions, url: string) {
  const drafts = new Sessiontree(url, options).history.watchMessages('trip');
  const first = drafts.next();
  const writer = client.history.stream('trip', 'probe');
  writer.write('.');
  await first;
  await writer.end();
  await until(drafts, ({ key, isDone }) => key === 'probe' && isDone);
  return drafts;
}

describe.each(WAYS)('over %s', (_, options) => {
  test('what an agent says is seen as it comes, and at the end the message', async () => {
    const { client, url } = await openTrip();
    const drafts = await watchFrom(client, options, url);
    const writer = client.history.stream('trip', 'answer');
    writer.reasoning('Warm?');
    writer.write('Lis');
    expect(await until(drafts, ({ content }) => content === 'Lis')).toMatchObject({
      key: 'answer',
      role: 'ASSISTANT',
      reasoning: 'Warm?',
      isDone: false,
      message: null,
    });
    writer.write('b');
    writer.write('on');
    expect(await until(drafts, ({ content }) => content === 'Lisbon')).toMatchObject({ delta: 'bon' });
    await client.history.append('trip', { key: 'answer', role: 'ASSISTANT', content: 'Lisbon.' });
    expect(await until(drafts, ({ isDone }) => isDone)).toMatchObject({
      key: 'answer',
      message: { content: 'Lisbon.', position: 0 },
    });
    await drafts.return();
  });

  test('after a lost connection, a draft comes again as a whole', async () => {
    const { client, url } = await openTrip();
    const proxy = await openCutProxy(url);
    const drafts = await watchFrom(client, options, proxy.url);
    const writer = client.history.stream('trip', 'answer');
    writer.write('Lis');
    await until(drafts, ({ content }) => content === 'Lis');
    proxy.cut();
    writer.write('bon');
    expect(await until(drafts, ({ content }) => content === 'Lisbon')).toMatchObject({ isWhole: true });
    await drafts.return();
  });

  test('a session that is not there cannot be watched', async () => {
    const { url } = await openTrip();
    const drafts = new Sessiontree(url, options).history.watchMessages('nobody');
    expect(await rejection(drafts.next())).toMatchObject({ name: 'RequestError' });
  });
});

describe('a writer', () => {
  test('sends one request at a time, with all that was said meanwhile', async () => {
    let open = 0;
    let most = 0;
    const bodies: string[] = [];
    const counted: typeof fetch = async (url, init) => {
      if (String(init?.body).includes('StreamMessage')) bodies.push(String(init!.body));
      open += 1;
      most = Math.max(most, open);
      return fetch(url, init).finally(() => {
        open -= 1;
      });
    };
    const { client } = await openTrip({ fetch: counted });
    const writer = client.history.stream('trip', 'answer', { role: 'SYSTEM' });
    for (let n = 0; n < 100; n += 1) writer.write('x');
    await Promise.resolve();
    await Promise.resolve();
    for (let n = 0; n < 100; n += 1) writer.write('y');
    await writer.end();
    expect(most).toBe(1);
    const inputs = bodies.map((body) => JSON.parse(body).variables.input as Record<string, unknown>);
    expect(inputs).toEqual([
      {
        sessionId: 'trip',
        key: 'answer',
        role: 'SYSTEM',
        content: 'x'.repeat(100),
        sequence: expect.any(Number),
      },
      {
        ...{ sessionId: 'trip', key: 'answer', role: 'SYSTEM', delta: 'y'.repeat(100), isDone: true },
        sequence: expect.any(Number),
      },
    ]);
    const [first, second] = inputs.map(({ sequence }) => sequence as number);
    expect((second! - first!) | 0).toBeGreaterThan(0);
  });

  test('sends lost requests again, and nothing twice', async () => {
    const { client, url } = await openTrip();
    const network = await openFlakyProxy(Number(new URL(url).port));
    const drafts = await watchFrom(client, {}, url);
    const speaker = new Sessiontree(`http://127.0.0.1:${network.port}/graphql`);
    const writer = speaker.history.stream('trip', 'answer');
    let said = '';
    for (const word of ['Lisbon', ' is', ' warm']) {
      writer.write(word);
      said += word;
      const expected = said;
      await until(drafts, ({ content }) => content === expected);
    }
    await writer.end();
    expect((await until(drafts, ({ isDone }) => isDone)).content).toBe('Lisbon is warm');
    expect(network.lost()).toBeGreaterThan(0);
    await drafts.return();
  });

  test('replaces what was said, also what an earlier writer has said', async () => {
    const { client, url } = await openTrip();
    const drafts = await watchFrom(client, {}, url);
    const first = client.history.stream('trip', 'answer');
    first.write('Porto');
    await until(drafts, ({ content }) => content === 'Porto');
    first.write('!');
    first.replace('Faro');
    first.write('?');
    expect(await until(drafts, ({ content }) => content.startsWith('Faro'))).toMatchObject({
      content: 'Faro?',
      isWhole: true,
    });
    // At once, as a program that began again might.
    client.history.stream('trip', 'answer').write('Lisbon');
    expect(await until(drafts, ({ content }) => content === 'Lisbon')).toMatchObject({ isWhole: true });
    await drafts.return();
  });

  test('replaces what an earlier writer has said, at any time', async () => {
    const { client, url } = await openTrip();
    const drafts = await watchFrom(client, {}, url);
    // The sequence is about to begin again with the smallest Int: it counts quarters of a millisecond.
    const round = 2 ** 32 / 4;
    let now = Math.ceil(Date.now() / round) * round + round / 2 - 1;
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now);
    onTestFinished(() => clock.mockRestore());
    for (const content of ['Porto', 'Faro', 'Lisbon']) {
      const writer = client.history.stream('trip', 'answer');
      writer.write(content);
      expect(await until(drafts, (draft) => draft.content.length > 0)).toMatchObject({ content });
      now += 1;
    }
    await drafts.return();
  });

  test('ends a draft without a message', async () => {
    const { client, url } = await openTrip();
    const drafts = await watchFrom(client, {}, url);
    const writer = client.history.stream('trip', 'answer');
    writer.write('Hm');
    await writer.end();
    writer.write('too late');
    await writer.end();
    expect(await until(drafts, ({ isDone }) => isDone)).toMatchObject({ content: 'Hm', message: null });
    await drafts.return();
  });

  test('ends without an error once the message is written', async () => {
    const { client } = await openTrip();
    const writer = client.history.stream('trip', 'answer');
    writer.write('Lis');
    await client.history.append('trip', { key: 'answer', role: 'ASSISTANT', content: 'Lisbon' });
    writer.write('bon');
    await writer.end();
  });

  test('does not throw where it writes: `end` rejects with what has failed', async () => {
    const { client } = await openTrip();
    const writer = client.history.stream('nobody', 'answer');
    writer.write('a');
    expect(await rejection(writer.end())).toBeInstanceOf(SessionNotFoundError);
    writer.write('b');
    expect(await rejection(writer.end())).toBeInstanceOf(SessionNotFoundError);
  });
});
