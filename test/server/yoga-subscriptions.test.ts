import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { createSessiontreeYoga } from '../../src/server/yoga.ts';
import { countingListeners } from '../support/counting-listeners.ts';
import { openTestRepository } from '../support/repository.ts';
import { ENDPOINT, JSON_TYPE } from './support.ts';

/** The API as Hono, Bun and Deno embed it: a function from a request to a response, without node:http. */
function openYoga(repository: SessionRepository) {
  const yoga = createSessiontreeYoga({ repository, logger: pino({ level: 'silent' }) });
  return (query: string, accept = 'text/event-stream') =>
    yoga.fetch(ENDPOINT, {
      method: 'POST',
      headers: { ...JSON_TYPE, accept },
      body: JSON.stringify({ query }),
    });
}

interface SentEvent {
  readonly event: string;
  readonly data: unknown;
}

/** The events of a stream, without pings. */
function eventsIn(response: Response) {
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  onTestFinished(() => void reader.cancel().catch(() => {}));
  let text = '';
  async function next(): Promise<SentEvent | undefined> {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        const event = /^event: ?(.*)$/m.exec(block)?.[1];
        const data = /^data: ?(.+)$/m.exec(block)?.[1];
        if (event !== undefined) return { event, data: data === undefined ? null : JSON.parse(data) };
        continue;
      }
      const { done, value } = await reader.read();
      if (done) return undefined;
      text += decoder.decode(value, { stream: true });
    }
  }
  return { next, cancel: () => reader.cancel() };
}

const CHANGES = 'subscription { sessionChanges { isUpToDate changes { kind sessionId session { id } } } }';

const change = (kind: string, id: string) => ({
  event: 'next',
  data: {
    data: {
      sessionChanges: { isUpToDate: true, changes: [{ kind, sessionId: id, session: { id } }] },
    },
  },
});

describe('yoga.fetch streams a subscription as server-sent events:', () => {
  test('what changes, from now on', async () => {
    const repository = await openTestRepository();
    const response = await openYoga(repository)(CHANGES);
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const events = eventsIn(response);
    expect(await events.next()).toMatchObject({ data: { data: { sessionChanges: { changes: [] } } } });
    await repository.create({ id: 'a' });
    expect(await events.next()).toEqual(change('CREATED', 'a'));
    await repository.update({ sessionId: 'a', title: 'A' });
    expect(await events.next()).toEqual(change('UPDATED', 'a'));
  });

  test('what an agent says, to the end', async () => {
    const repository = await openTestRepository();
    await repository.create({ id: 'chat' });
    const send = openYoga(repository);
    const events = eventsIn(await send('subscription { messageStream(sessionId: "chat") { delta isDone } }'));
    const first = events.next();
    const say =
      'mutation { streamMessage(input: { sessionId: "chat", key: "k", delta: "Hi" }) { ... on StreamMessagePayload { watchers } } }';
    expect(await (await send(say, 'application/json')).json()).toEqual({
      data: { streamMessage: { watchers: 1 } },
    });
    expect(await first).toEqual({
      event: 'next',
      data: { data: { messageStream: { delta: 'Hi', isDone: false } } },
    });
    await send('mutation { deleteSession(input: { sessionId: "chat" }) { __typename } }', 'application/json');
    expect(await events.next()).toEqual({ event: 'complete', data: null });
    expect(await events.next()).toBeUndefined();
  });

  test('a client that goes away is released at once', async () => {
    const { repository, count } = countingListeners(await openTestRepository());
    const events = eventsIn(await openYoga(repository)(CHANGES));
    await events.next();
    expect(count.listeners).toBe(1);
    await events.cancel();
    expect(count.listeners).toBe(0);
  });

  test('a client that cannot take a stream is refused, and leaves nothing behind', async () => {
    const { repository, count } = countingListeners(await openTestRepository());
    const send = openYoga(repository);
    for (let n = 0; n < 100; n += 1) expect((await send(CHANGES, 'application/json')).status).toBe(406);
    expect(count.listeners).toBe(0);
  });

  test('an invalid argument is refused before the stream begins', async () => {
    const repository = await openTestRepository();
    const send = openYoga(repository);
    const response = await send('subscription { sessionChanges(after: "x") { cursor } }');
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  });

  test('an error of the store is masked', async () => {
    const repository = await openTestRepository();
    const broken = new Proxy(repository, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name, target);
        if (name === 'changesSince') return () => Promise.reject(new Error('/secret/path'));
        return typeof method === 'function' ? method.bind(target) : method;
      },
    });
    const response = await openYoga(broken)(CHANGES);
    const events = eventsIn(response);
    const { data } = (await events.next())!;
    expect(data).toMatchObject({ errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] });
    expect(JSON.stringify(data)).not.toContain('secret');
    expect(await events.next()).toEqual({ event: 'complete', data: null });
  });
});
