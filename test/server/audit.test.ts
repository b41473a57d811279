import { mkdtemp, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ANYONE, type Caller } from '../../src/model/caller.ts';
import { type AuditLine, createAudit } from '../../src/server/audit/audit.ts';
import { AuditFileError } from '../../src/server/audit/audit-file.ts';
import { startServer } from '../../src/server/http.ts';
import { createFacts } from '../../src/server/request-facts.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { SmallDisk, whyNoSmallDisk } from '../torture/small-disk.ts';
import {
  openConnection,
  postTo,
  sendOverSocket,
  startLoggedServer,
  startTestServer,
  testConfig,
} from './running.ts';
import { createTestLogger } from './support.ts';

/** The lines of a file once there are `count`. */
async function linesIn(file: string, count: number): Promise<AuditLine[]> {
  const lines = async () => (await readFile(file, 'utf8')).split('\n').slice(0, -1);
  await expect.poll(lines).toHaveLength(count);
  return (await lines()).map((line) => JSON.parse(line) as AuditLine);
}

const auditFile = async () => join(await temporaryDirectory(), 'audit.jsonl');

const create = (id: string) =>
  `mutation { createSession(input: { id: "${id}", title: "my secret" }) { __typename } }`;
const send = (id: string) =>
  `mutation { sendMessage(input: { sessionId: "${id}", message: "my secret" }) { __typename } }`;

/** Ways for an operation into a server: Yoga, which has not seen it yet, the fast path, and WebSocket. */
const WAYS = {
  'a first request': postTo,
  'the fast path': async (url: string, query: string) => {
    await postTo(url, query);
    return postTo(url, query);
  },
  'a WebSocket': sendOverSocket,
};

test.each(Object.entries(WAYS))(
  'a mutation by %s is one line: who, what, which session, outcome',
  async (name, run) => {
    const audit = await auditFile();
    const { url } = await startTestServer({ audit });
    await postTo(url, create('s'));
    await run(url, send('s'));
    const lines = await linesIn(audit, name === 'the fast path' ? 3 : 2);
    expect(lines.at(-1)).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      event: 'mutation',
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      way: name === 'a WebSocket' ? 'websocket' : 'http',
      client: '127.0.0.1',
      userId: null,
      tokenId: null,
      scope: null,
      mutation: 'sendMessage',
      sessionId: 's',
      result: 'payload',
    });
    expect(JSON.stringify(lines)).not.toContain('secret');
  },
);

test('each mutation of a request has a line of its own, with the sessions that it was about and that it made', async () => {
  const audit = await auditFile();
  const { url } = await startTestServer({ audit });
  await postTo(
    url,
    `mutation M {
      createSession(input: { id: "root", key: "k" }) { __typename }
      again: createSession(input: { key: "k", ifExists: RETURN }) { __typename }
      taken: createSession(input: { id: "root" }) { __typename }
      ...More
      deleteSession(input: { sessionId: "root", dryRun: true, mode: CASCADE }) { __typename }
      moveSession(input: { sessionId: "fork", parentId: "child" }) { __typename }
    }
    fragment More on Mutation {
      spawnSession(input: { parentId: "root", id: "child" }) { __typename }
      forkSession(input: { sessionId: "root", id: "fork" }) { __typename }
    }`,
  );
  const lines = await linesIn(audit, 7);
  expect(
    lines.map(({ time: _, event, requestId, way, client, userId, tokenId, scope, ...what }) => what),
  ).toEqual([
    { mutation: 'createSession', createdId: 'root', result: 'payload' },
    { mutation: 'createSession', sessionId: 'root', result: 'payload' },
    { mutation: 'createSession', result: 'SessionExistsError' },
    { mutation: 'spawnSession', parentId: 'root', createdId: 'child', result: 'payload' },
    { mutation: 'forkSession', sessionId: 'root', createdId: 'fork', result: 'payload' },
    { mutation: 'deleteSession', sessionId: 'root', isDryRun: true, result: 'payload' },
    { mutation: 'moveSession', sessionId: 'fork', parentId: 'child', result: 'payload' },
  ]);
});

test('a refusal for who one is has a line; a query that is answered, and a fault in one, has none', async () => {
  const audit = await auditFile();
  const { url } = await startTestServer({ audit });
  await postTo(url, '{ store { version } }');
  await postTo(url, '{ nope }');
  await postTo(url, '{ store { version } }', { origin: 'https://evil.example' });
  const rebound = openConnection(url);
  rebound.socket.write(
    'GET /graphql?query=secret HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
  );
  await rebound.closed();
  const upgrade = openConnection(url);
  upgrade.socket.write(
    'GET /graphql HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await upgrade.closed();
  const lines = await linesIn(audit, 3);
  expect(lines.map(({ event, status, result }) => ({ event, status, result }))).toEqual([
    { event: 'refusal', status: 403, result: 'ORIGIN_NOT_ALLOWED' },
    { event: 'refusal', status: 403, result: 'HOST_NOT_ALLOWED' },
    { event: 'refusal', status: 403, result: 'ORIGIN_NOT_ALLOWED' },
  ]);
  expect(JSON.stringify(lines)).not.toMatch(/secret|evil/);
});

test('a request that uses up its budget has a line', async () => {
  const audit = await auditFile();
  const config = await testConfig({ audit });
  const { url } = await startTestServer({ ...config, limits: { ...config.limits, objects: 1 } });
  await postTo(url, create('s'));
  await postTo(url, '{ a: session(id: "s") { id } b: session(id: "s") { id } }');
  expect((await linesIn(audit, 2))[1]).toMatchObject({
    event: 'refusal',
    operation: 'query',
    result: 'BUDGET_EXCEEDED',
  });
});

test('a line names the caller, and never more of the token than its id', () => {
  const lines: AuditLine[] = [];
  const audit = createAudit((line) => lines.push(line));
  const caller: Caller = { ...ANYONE, userId: 'ann', scope: 'write', tokenId: 't1', subtreeId: 'child' };
  const facts = { ...createFacts('r'), caller, errorCodes: ['FORBIDDEN'] };
  audit(facts, { method: 'GET', path: '/metrics', status: 403 });
  audit({ ...facts, caller: ANYONE }, { method: 'POST', path: '/graphql', status: 401 });
  expect(lines).toMatchObject([
    { requestId: 'r', userId: 'ann', tokenId: 't1', scope: 'write', subtreeId: 'child', status: 403 },
    { userId: null, tokenId: null, scope: null, status: 401 },
  ]);
});

test('the lines can be in the log', async () => {
  const { server, lines } = await startLoggedServer({ audit: 'log' });
  await postTo(server.url, create('s'));
  expect(lines.filter(({ msg }) => msg === 'audit')).toMatchObject([
    { level: 30, event: 'mutation', mutation: 'createSession', createdId: 's', result: 'payload' },
  ]);
});

test('only the owner can read the file, to which each start appends', async () => {
  const audit = await auditFile();
  for (const id of ['a', 'b']) {
    const { server } = await startLoggedServer({ audit });
    await postTo(server.url, create(id));
    await server.stop();
  }
  expect((await linesIn(audit, 2)).map(({ createdId }) => createdId)).toEqual(['a', 'b']);
  expect((await stat(audit)).mode & 0o777).toBe(0o600);
});

test('after its file was moved, the audit goes on in a new one once it is told', async () => {
  const audit = await auditFile();
  const server = await startTestServer({ audit });
  await postTo(server.url, create('a'));
  await rename(audit, `${audit}.1`);
  await postTo(server.url, create('b'));
  server.reopenAudit?.();
  await postTo(server.url, create('c'));
  expect((await linesIn(`${audit}.1`, 2)).map(({ createdId }) => createdId)).toEqual(['a', 'b']);
  expect((await linesIn(audit, 1)).map(({ createdId }) => createdId)).toEqual(['c']);
});

test.each(['a link', 'a directory', 'a file in a directory that is missing'])(
  'a server whose audit would be %s does not start, and leaves its data directory free',
  async (kind) => {
    const place = await mkdtemp(join(await temporaryDirectory(), 'audit-'));
    await writeFile(join(place, 'target'), '');
    await symlink('target', join(place, 'link'));
    const audit =
      { 'a link': join(place, 'link'), 'a directory': place }[kind] ?? join(place, 'none', 'audit');
    const config = await testConfig({ audit });
    const { logger } = createTestLogger();
    await expect(startServer(config, { logger })).rejects.toThrow(AuditFileError);
    const server = await startServer({ ...config, audit: null }, { logger });
    await server.stop();
  },
);

const noSmallDisk = whyNoSmallDisk();

test.skipIf(noSmallDisk !== null)(
  'a write is answered also while the audit has no room, and the audit says how many lines are missing',
  async () => {
    const disk = new SmallDisk(64);
    onTestFinished(() => disk.dispose());
    const audit = join(disk.directory, 'audit.jsonl');
    const { server, lines } = await startLoggedServer({ audit });
    onTestFinished(() => server.stop());
    disk.fill();
    const answers = await (await postTo(server.url, create('s'))).json();
    expect(answers).toEqual({ data: { createSession: { __typename: 'CreateSessionPayload' } } });
    const told = (text: string) => lines.filter(({ msg }) => String(msg).startsWith(text)).length;
    await vi.waitUntil(() => told('the audit cannot be written') === 1, { timeout: 10_000 });
    disk.unload();
    await vi.waitUntil(() => told('the audit is written again') === 1, { timeout: 10_000 });
    expect(await linesIn(audit, 1)).toMatchObject([{ createdId: 's' }]);
    await server.stop();
  },
);
