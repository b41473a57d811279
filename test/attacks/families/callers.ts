import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Attack, Scene } from '../attack.ts';
import { type Answer, bodyOf } from '../client.ts';
import { openRaw, statusesIn } from '../raw-connection.ts';
import { GOOD_CLIENT, WITNESS } from '../sessions.ts';

/* Attacks on a server with --auth token: before the login, and on what is another user's. */

const UNAUTHENTICATED = '401 UNAUTHENTICATED';
const READ = '{ sessions { nodes { id title history { nodes { content } } } } }';
const WATCH = 'subscription { sessionChanges { cursor changes { sessionId session { title } } } }';
const EVENT_STREAM = { accept: 'text/event-stream' };

/** Milliseconds in which each connection is answered, or closed. */
const ANSWER_MS = 30_000;

/** Opens a WebSocket that says `message`, or nothing. Resolves with the code by which the server closed it, or null. */
async function codeOfClose({ server }: Scene, message: string | null): Promise<number | null> {
  const ws = new WebSocket(`ws://localhost:${server.port}/graphql`, 'graphql-transport-ws');
  ws.on('error', () => {});
  if (message !== null) ws.on('open', () => ws.send(message));
  const signal = AbortSignal.timeout(ANSWER_MS);
  const code = await once(ws, 'close', { signal }).then(
    ([closed]) => closed as number,
    () => null,
  );
  ws.terminate();
  return code;
}

async function expectClosed(
  scene: Scene,
  count: number,
  message: (n: number) => string | null,
  ...codes: number[]
): Promise<void> {
  const closed = await Promise.all(Array.from({ length: count }, (_, n) => codeOfClose(scene, message(n))));
  for (const code of closed)
    scene.expect(code !== null && codes.includes(code), `a WebSocket was closed with ${code}`);
}

const wrongToken = () => `st_${randomBytes(8).toString('hex')}_${randomBytes(32).toString('base64url')}`;
const init = (payload: unknown) => JSON.stringify({ type: 'connection_init', payload });

/** What is the good client's. Each must be answered as for a session that is not there. */
const ON_ANOTHERS: readonly string[] = [
  'query($id: ID!) { session(id: $id) { id title history { nodes { content } } } }',
  'query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }',
  'query($message: ID!) { node(id: $message) { id } nodes(ids: [$message]) { id } }',
  'query($id: ID!) { searchMessages(query: "witness", within: $id) { totalCount nodes { id } } }',
  'query($id: ID!) { usageReport(by: [ROOT], within: $id) { root { id } } }',
  'mutation($id: ID!) { appendMessages(input: { sessionId: $id, messages: [{ role: USER, content: "x" }] }) { __typename ... on Error { message } } }',
  'mutation($id: ID!) { deleteSession(input: { sessionId: $id, mode: CASCADE, purge: true }) { __typename ... on Error { message } } }',
  'mutation($id: ID!) { updateSession(input: { sessionId: $id, title: "x", expectedVersion: 1 }) { __typename ... on Error { message } } }',
  'mutation($id: ID!) { forkSession(input: { sessionId: $id }) { __typename ... on Error { message } } }',
  'mutation($id: ID!) { spawnSession(input: { parentId: $id }) { __typename ... on Error { message } } }',
  'mutation($id: ID!) { moveSession(input: { sessionId: $id, asRoot: true }) { __typename ... on Error { message } } }',
  'mutation($id: ID!) { truncateHistory(input: { sessionId: $id, keep: 0 }) { __typename ... on Error { message } } }',
  'mutation($id: ID!) { streamMessage(input: { sessionId: $id, key: "k", delta: "x" }) { __typename ... on Error { message } } }',
  'mutation($message: ID!) { redactMessages(input: { messageIds: [$message], reason: "x" }) { __typename ... on Error { message } } }',
  'subscription($id: ID!) { messageStream(sessionId: $id) { delta } }',
  'subscription($id: ID!) { sessionChanges(within: $id) { cursor } }',
];

const variablesOf = (document: string, id: string) =>
  document.includes('$message') ? { message: `${id}:0` } : { id };

/** Attacks for servers that ask for tokens. */
export const CALLERS: readonly Attack[] = [
  {
    name: 'wrong-tokens',
    what: 'thousands of tokens of the right form, which nobody was given, over HTTP and as server-sent events',
    allowed: [UNAUTHENTICATED],
    forms: ['user', 'stranger'],
    async run({ server, got, pick }) {
      for (let n = 0; n < pick(20, 500); n += 1) {
        const asked = Array.from({ length: 10 }, (_, each): Promise<Answer> => {
          const headers = { authorization: `Bearer ${wrongToken()}`, ...(each % 2 === 0 && EVENT_STREAM) };
          return server.send({ body: bodyOf(each % 2 === 0 ? WATCH : READ), headers });
        });
        for (const answer of await Promise.all(asked)) got(answer);
      }
    },
  },
  {
    name: 'bodies-before-the-login',
    what: 'heads without a token that announce bodies of 30 MB, which never come',
    allowed: [],
    forms: ['stranger'],
    async run({ server, expect, pick }) {
      const head =
        'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 30000000\r\n\r\n{';
      const connections = await Promise.all(
        Array.from({ length: pick(40, 400) }, async () => {
          const connection = await openRaw(server.port);
          connection.socket.write(head);
          return connection;
        }),
      );
      for (const connection of connections) {
        await connection.receives((text) => text.includes('UNAUTHENTICATED'), ANSWER_MS);
        const [status] = statusesIn(connection.text());
        expect(status === 401, `a body that never comes: ${status ?? 'no answer'}`);
        connection.socket.destroy();
      }
    },
  },
  {
    name: 'sockets-before-the-login',
    what: 'WebSockets that say nothing, have wrong tokens, ask at once, or send a megabyte first',
    allowed: [],
    forms: ['stranger'],
    async run(scene) {
      const count = scene.pick(8, 200);
      await Promise.all([
        expectClosed(scene, count, () => null, 4408),
        expectClosed(scene, count, () => init({ token: wrongToken() }), 4403),
        expectClosed(scene, count, () => init(undefined), 4401),
        expectClosed(
          scene,
          count,
          (n) => JSON.stringify({ type: 'subscribe', id: `${n}`, payload: { query: READ } }),
          4401,
        ),
        expectClosed(scene, count, () => init({ token: 'x'.repeat(1_000_000) }), 4403),
        expectClosed(scene, count, () => init({ token: 'x'.repeat(1_100_000) }), 1009),
      ]);
    },
  },
  {
    name: 'requests-before-the-login',
    what: 'queries, mutations, subscriptions, bodies that are no JSON, and known documents, without a token',
    allowed: [UNAUTHENTICATED],
    forms: ['stranger'],
    async run({ server, got }) {
      const mutation = bodyOf('mutation { createSession(input: { id: "stranger" }) { __typename } }');
      for (const body of [bodyOf(READ), mutation, bodyOf(WATCH), 'no JSON', '', '['.repeat(100_000)])
        for (const headers of [{}, EVENT_STREAM]) got(await server.send({ body, headers }));
      got(await server.send({ method: 'GET', path: '/graphql?query={__typename}' }));
      // Everybody's from now on.
      await server.read(READ, {}, server.good);
      got(await server.query(READ));
    },
  },
  {
    name: 'what-is-anothers',
    what: 'reads, writes and subscriptions of the session of another user, by its id',
    allowed: ['200 ok', '200 SessionNotFoundError', '200 BAD_USER_INPUT', '400 BAD_USER_INPUT'],
    forms: ['user'],
    async run({ server, got, expect }) {
      for (const document of ON_ANOTHERS) {
        const ask = async (id: string) => {
          const headers = document.startsWith('subscription') ? EVENT_STREAM : {};
          const answer = await server.query(document, variablesOf(document, id), { headers });
          got(answer);
          return `${answer.status} ${answer.text}`;
        };
        const told = (await ask(WITNESS)).replaceAll(WITNESS, 'NAME');
        // Lengths are in some messages.
        expect(
          told === (await ask('missing')).replaceAll('missing', 'NAME'),
          `the answer to ${document}: ${told}`,
        );
        await ask(GOOD_CLIENT);
      }
    },
  },
];
