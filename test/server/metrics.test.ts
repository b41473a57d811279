import { expect, onTestFinished, test } from 'vitest';
import { startServer } from '../../src/server/http.ts';
import { ListenError } from '../../src/server/listen.ts';
import {
  LONG_ANSWER_BYTES,
  openConnection,
  postTo,
  sendOverSocket,
  startTestServer,
  testConfig,
} from './running.ts';
import { createTestLogger } from './support.ts';

/** The values of the metrics, by name and labels as they are written. */
async function read(url: string | null): Promise<Map<string, number>> {
  const text = await (await fetch(url!)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line): [string, number] => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end))];
    }),
  );
}

const TEXT = 'x'.repeat(1024 * 1024);

/** Appends messages of so many bytes to the session. */
async function append(url: string, bytes: number): Promise<void> {
  const messages = Array.from({ length: bytes / TEXT.length }, () => ({ role: 'USER', content: TEXT }));
  const query = 'mutation ($input: AppendMessagesInput!) { appendMessages(input: $input) { __typename } }';
  const body = JSON.stringify({ query, variables: { input: { sessionId: 's', messages } } });
  await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
}

const CREATE = 'mutation { createSession(input: { id: "s" }) { __typename } }';

test('without the flag there are no metrics', async () => {
  const server = await startTestServer();
  expect(server.metricsUrl).toBeNull();
  expect((await fetch(new URL('/metrics', server.url))).status).toBe(404);
});

test.each(['main', 0] as const)(
  'requests, mutations, commits and the store are counted (%s)',
  async (metrics) => {
    const server = await startTestServer({ metrics });
    await postTo(server.url, CREATE);
    await postTo(server.url, CREATE);
    await postTo(server.url, '{ store { version } }');
    await sendOverSocket(server.url, '{ store { version } }');
    await postTo(server.url, '{ nope }');
    const upgrades = 'sessiontree_requests_total{method="GET",operation="none",status="101"}';
    await expect.poll(async () => (await read(server.metricsUrl)).get(upgrades)).toBe(1);
    const values = await read(server.metricsUrl);
    // Looking at the metrics is a request, too.
    for (const name of values.keys())
      if (name.includes('"GET"') && name.includes('"200"')) values.delete(name);
    expect(
      Object.fromEntries(
        [...values].filter(([name]) => /^sessiontree_(mut|req.*total|sess|mess|quar|subsc)/.test(name)),
      ),
    ).toEqual({
      'sessiontree_requests_total{method="POST",operation="mutation",status="200"}': 2,
      'sessiontree_requests_total{method="POST",operation="query",status="200"}': 1,
      'sessiontree_requests_total{method="POST",operation="none",status="200"}': 1,
      'sessiontree_requests_total{method="WS",operation="query",status="200"}': 1,
      'sessiontree_requests_total{method="GET",operation="none",status="101"}': 1,
      'sessiontree_mutations_total{mutation="createSession",result="payload"}': 1,
      'sessiontree_mutations_total{mutation="createSession",result="SessionExistsError"}': 1,
      sessiontree_sessions: 1,
      sessiontree_messages: 0,
      sessiontree_quarantined_files: 0,
      sessiontree_subscriptions: 0,
      sessiontree_subscription_lag_seconds: 0,
    });
    expect(values.get('sessiontree_commit_duration_seconds_count')).toBe(1);
    expect(values.get('sessiontree_request_duration_seconds_count{operation="mutation"}')).toBe(2);
    expect(values.get('sessiontree_event_loop_delay_seconds{quantile="0.99"}')).toBeGreaterThanOrEqual(0);
    expect(values.get('process_cpu_seconds_total')).toBeGreaterThan(0);
  },
);

test('no label has anything that a client sent', async () => {
  const server = await startTestServer({ metrics: 'main' });
  for (const method of ['PROPFIND', 'PUT']) await fetch(`${server.url}/mine`, { method });
  await postTo(
    server.url,
    'mutation Mine { mine: deleteSession(input: { sessionId: "mine" }) { __typename } }',
  );
  const names = [...(await read(server.metricsUrl)).keys()];
  expect(names.filter((name) => /mine/i.test(name))).toEqual([]);
  expect(names).toContain('sessiontree_requests_total{method="other",operation="none",status="404"}');
});

test('a subscription whose client does not read lags behind', async () => {
  const { url, metricsUrl } = await startTestServer({ metrics: 0 });
  await postTo(url, CREATE);
  const { socket, received } = openConnection(url);
  const query = 'subscription { sessionChanges { isUpToDate changes { messages { content } } } }';
  const body = JSON.stringify({ query });
  socket.write(
    `POST /graphql HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await received('"isUpToDate":true');
  const lag = async () => (await read(metricsUrl)).get('sessiontree_subscription_lag_seconds');
  await expect.poll(lag).toBe(0);
  socket.pause();
  // The buffers of both sides may take one, and another may be under way.
  for (let n = 0; n < 4; n += 1) await append(url, LONG_ANSWER_BYTES);
  await expect.poll(lag).toBeGreaterThan(0);
  expect((await read(metricsUrl)).get('sessiontree_subscriptions')).toBe(1);
});

test('metrics on a port of their own are not on that of the API, and under no name but those of this machine', async () => {
  const server = await startTestServer({ metrics: 0 });
  expect(server.metricsUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
  expect((await fetch(new URL('/metrics', server.url))).status).toBe(404);
  const ask = (head: string) => {
    const connection = openConnection(server.metricsUrl!);
    connection.socket.write(`${head}\r\nConnection: close\r\n\r\n`);
    return connection.closed();
  };
  expect(await ask('GET /metrics HTTP/1.1\r\nHost: evil.example')).toMatch(
    /^HTTP\/1\.1 403 .*HOST_NOT_ALLOWED/s,
  );
  expect(await ask('GET /graphql HTTP/1.1\r\nHost: localhost')).toMatch(/^HTTP\/1\.1 404 /);
  expect(await ask('POST /metrics HTTP/1.1\r\nHost: localhost')).toMatch(/^HTTP\/1\.1 404 /);
  expect(await ask('GET /metrics HTTP/1.1\r\nHost: localhost')).toMatch(
    /^HTTP\/1\.1 200 .*sessiontree_sessions 0/s,
  );
});

test('the metrics of the main port are refused where a page of another site asks for them', async () => {
  const { metricsUrl } = await startTestServer({ metrics: 'main' });
  const answer = await fetch(metricsUrl!, { headers: { origin: 'https://evil.example' } });
  expect(answer.status).toBe(403);
});

test('a port that is taken ends the start, and the message says which flag', async () => {
  const first = await startTestServer({ metrics: 0 });
  const config = await testConfig({ metrics: Number(new URL(first.metricsUrl!).port) });
  const started = startServer(config, { logger: createTestLogger().logger });
  onTestFinished(async () => void (await started.catch(() => null))?.stop());
  await expect(started).rejects.toThrow(ListenError);
  await expect(started).rejects.toThrow('--metrics');
});
