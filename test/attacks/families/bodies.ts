import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { reset } from '../../support/reset.ts';
import type { Attack, Scene } from '../attack.ts';
import { bodyOf } from '../client.ts';
import { openRaw, postBytes, type RawConnection, statusesIn } from '../raw-connection.ts';
import { bulkOf, MB } from '../store-writer.ts';
import { aliased } from './answers.ts';

/* Many bytes into the process, and many out of it that nobody reads. Both are bounded for the whole process. */

const APPEND =
  'mutation($input: AppendMessagesInput!) { appendMessages(input: $input) { __typename ... on AppendMessagesPayload { session { historyLength } } } }';

/** What a request may get that the process has no room for. */
const OVERLOADED = ['503 OVERLOADED', 'closed'];

/** The body of an append of a little less than 32 MiB: all a body may have. */
function largeAppend(sessionId: string, megabytes = 33): string {
  const messages = [...bulkOf(Math.floor(megabytes), 1_000_000)];
  return bodyOf(APPEND, { input: { sessionId, messages } });
}

/** Opens connections that send `bytes` and read nothing. */
function openSilent(scene: Scene, count: number, bytes: string): Promise<RawConnection[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const connection = await openRaw(scene.server.port, { isReading: false });
      connection.socket.write(bytes, 'latin1');
      return connection;
    }),
  );
}

/** Resolves once the memory of the server has not grown for a second, or after `ms`. */
async function settled({ server }: Scene, ms: number): Promise<void> {
  const deadline = performance.now() + ms;
  let highest = 0;
  for (let calm = 0; calm < 4 && performance.now() < deadline && server.isRunning; calm += 1) {
    await sleep(250);
    const now = server.residentMb();
    if (now > highest + 2) calm = -1;
    highest = Math.max(highest, now);
  }
}

async function historyLength({ server }: Scene, id: string): Promise<number> {
  const { session } = await server.read<{ session: { historyLength: number } }>(
    'query($id: ID!) { session(id: $id) { historyLength } }',
    { id },
  );
  return session.historyLength;
}

export const BODIES: readonly Attack[] = [
  {
    name: 'large-appends-at-once',
    fillsDisk: true,
    what: 'many whole appends of 33 MB at once',
    allowed: ['200 ok', ...OVERLOADED],
    hasLargeBodies: true,
    fill: (store) => store.session({ id: 'large-appends-at-once' }),
    async run(scene) {
      const { server, got, pick, expect } = scene;
      const body = largeAppend('large-appends-at-once');
      const answers = await Promise.all(
        Array.from({ length: pick(6, 40) }, () => server.send({ body, timeoutMs: 120_000 })),
      );
      for (const answer of answers) {
        got(answer);
        if (answer.status === 503)
          expect(answer.headers['retry-after'] !== undefined, 'a 503 without Retry-After');
      }
      const written = answers.filter(({ code }) => code === 'ok').length * 33;
      const stored = await historyLength(scene, 'large-appends-at-once');
      expect(written > 0, 'not one append was accepted');
      expect(stored >= written, `${written} messages were acknowledged, ${stored} are there`);
    },
  },
  {
    name: 'unfinished-bodies',
    what: 'connections that send most of a body of 31.9 MB, and then nothing',
    allowed: [],
    hasLargeBodies: true,
    async run(scene) {
      const bytes = postBytes('{"query":"'.padEnd(30 * MB, 'a'), {
        length: Math.floor(31.9 * MB),
        authorization: scene.server.authorization,
      });
      const connections = await openSilent(scene, scene.pick(30, 120), bytes);
      await settled(scene, 30_000);
      for (const { socket } of connections) socket.destroy();
    },
  },
  {
    name: 'unfinished-chunked-bodies',
    what: 'the same in chunks, without a declared length',
    allowed: [],
    hasLargeBodies: true,
    async run(scene) {
      const head =
        'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
        `${scene.server.authorization}Transfer-Encoding: chunked\r\n\r\n`;
      const chunk = `${MB.toString(16)}\r\n${'a'.repeat(MB)}\r\n`;
      const connections = await openSilent(scene, scene.pick(30, 120), head + chunk.repeat(30));
      await settled(scene, 30_000);
      for (const { socket } of connections) socket.destroy();
    },
  },
  {
    name: 'unread-answers',
    what: 'connections that ask for 15 MB and read nothing',
    allowed: [],
    hasLargeBodies: true,
    fill: (store) => store.session({ id: 'unread-answers' }, bulkOf(15, MB)),
    async run(scene) {
      const bytes = postBytes(
        bodyOf('{ session(id: "unread-answers") { history { nodes { content } } } }'),
        scene.server,
      );
      const connections = await openSilent(scene, scene.pick(60, 150), bytes);
      await settled(scene, 40_000);
      for (const { socket } of connections) socket.destroy();
    },
  },
  {
    name: 'largest-answers-unread',
    what: 'connections that ask for 60 MB and read nothing',
    allowed: [],
    hasLargeBodies: true,
    fill: (store) => store.session({ id: 'largest-answers-unread' }, bulkOf(60, MB)),
    async run(scene) {
      const document =
        '{ session(id: "largest-answers-unread") { history(first: 60) { nodes { content } } } }';
      const connections = await openSilent(
        scene,
        scene.pick(12, 60),
        postBytes(bodyOf(document), scene.server),
      );
      await settled(scene, 40_000);
      for (const { socket } of connections) socket.destroy();
    },
  },
  {
    name: 'pipelined-unread',
    what: '2,000 requests for 1 MB on one connection that reads nothing',
    allowed: [],
    fill: (store) => store.session({ id: 'pipelined-unread' }, bulkOf(1, MB)),
    async run(scene) {
      const bytes = postBytes(
        bodyOf('{ session(id: "pipelined-unread") { history { nodes { content } } } }'),
        scene.server,
      );
      const [connection] = await openSilent(scene, 1, bytes.repeat(scene.pick(800, 2_000)));
      await settled(scene, 30_000);
      connection!.socket.destroy();
    },
  },
  {
    name: 'pipelined-read',
    what: '2,000 small requests on one connection, which are all read',
    allowed: [],
    async run({ server, expect, pick }) {
      const count = pick(500, 2_000);
      const connection = await openRaw(server.port);
      connection.socket.write(postBytes(bodyOf('{ __typename }'), server).repeat(count), 'latin1');
      await connection.receives((text) => statusesIn(text).length >= count, 30_000);
      const statuses = statusesIn(connection.text());
      expect(statuses.length === count, `${statuses.length} of ${count} answers came`);
      expect(
        statuses.every((status) => status === 200),
        'not every answer was a 200',
      );
      connection.socket.destroy();
    },
  },
  {
    name: 'gone-while-large-answer',
    what: 'clients that ask for 60 MB and leave at once',
    allowed: [],
    hasLargeBodies: true,
    fill: (store) => store.session({ id: 'gone-while-large-answer' }, bulkOf(60, MB)),
    async run(scene) {
      const document =
        '{ session(id: "gone-while-large-answer") { history(first: 60) { nodes { content } } } }';
      for (let n = 0; n < scene.pick(10, 100); n += 1) {
        const [connection] = await openSilent(scene, 1, postBytes(bodyOf(document), scene.server));
        await sleep(5);
        reset(connection!.socket);
      }
    },
  },
  {
    name: 'compressed-answers',
    what: 'answers of 15 MB at once, compressed in every way that the server has',
    allowed: ['200 ok', '503 OVERLOADED'],
    hasLargeBodies: true,
    fill: (store) => store.session({ id: 'compressed-answers' }, bulkOf(15, MB)),
    async run({ server, got, pick }) {
      const document = '{ session(id: "compressed-answers") { history { nodes { content } } } }';
      const answers = await Promise.all(
        Array.from({ length: pick(6, 40) }, (_, n) => {
          const encoding = ['br', 'gzip', 'zstd', 'deflate'][n % 4]!;
          return server.query(document, {}, { headers: { 'accept-encoding': encoding } });
        }),
      );
      for (const answer of answers) got(answer);
    },
  },
  {
    name: 'one-operation-at-once',
    what: 'the same operation id on a hundred appends of 1 MB at once, and then with other input',
    allowed: ['200 ok', '200 ConflictError', ...OVERLOADED],
    fill: (store) => store.session({ id: 'one-operation-at-once' }),
    async run(scene) {
      const { server, got, pick, expect } = scene;
      const input = (text: string) => ({
        sessionId: 'one-operation-at-once',
        operationId: 'one-operation-at-once',
        messages: [{ role: 'USER', content: text.repeat(MB) }],
      });
      const appends = Array.from({ length: pick(20, 100) }, () =>
        server.query(APPEND, { input: input('a') }),
      );
      for (const answer of await Promise.all(appends)) got(answer);
      got(await server.query(APPEND, { input: input('b') }));
      const stored = await historyLength(scene, 'one-operation-at-once');
      expect(stored <= 1, `an operation was executed ${stored} times`);
    },
  },
  {
    name: 'many-appends-in-one-request',
    fillsDisk: true,
    what: '30 aliases of an append of 10 MB in one body of 10 MB',
    allowed: ['200 BUDGET_EXCEEDED', '200 BAD_USER_INPUT', '400 BAD_USER_INPUT', '200 InvalidInputError'],
    hasLargeBodies: true,
    fill: (store) => store.session({ id: 'many-appends-in-one-request' }),
    async run(scene) {
      const messages = [...bulkOf(scene.pick(8, 10), 1_000_000)];
      const input = { sessionId: 'many-appends-in-one-request', messages };
      const append = 'appendMessages(input: $input) { __typename }';
      scene.got(
        await scene.server.query(`mutation($input: AppendMessagesInput!) { ${aliased(append, 30)} }`, {
          input,
        }),
      );
      const stored = await historyLength(scene, 'many-appends-in-one-request');
      scene.expect(stored <= 80, `${stored} MB were written by one request`);
    },
  },
  {
    name: 'many-forks-in-one-request',
    fillsDisk: true,
    what: 'ten forks of a long history in one small request, and some at once',
    allowed: [
      '200 ok',
      '200 BUDGET_EXCEEDED',
      '200 BAD_USER_INPUT',
      '400 BAD_USER_INPUT',
      '200 InvalidInputError',
    ],
    // Ten times as much is more than one request may write.
    fill: (store, pick) => store.session({ id: 'many-forks-in-one-request' }, bulkOf(pick(31, 300), MB)),
    async run({ server, got, expect, pick }) {
      const fork = 'forkSession(input: { sessionId: "many-forks-in-one-request" }) { __typename }';
      got(await server.query(`mutation { ${aliased(fork, 10)} }`));
      const { session } = await server.read<{ session: { childCount: number } }>(
        '{ session(id: "many-forks-in-one-request") { childCount } }',
      );
      const written = session.childCount * pick(31, 300);
      expect(written <= 300, `${written} MB were written by one small request`);
      const forks = Array.from({ length: pick(2, 3) }, () => server.query(`mutation { ${fork} }`));
      for (const answer of await Promise.all(forks)) got(answer);
    },
  },
  {
    name: 'many-small-mutations-in-one-request',
    what: '100 aliases of `createSession` in one request, at once on ten connections',
    allowed: ['200 ok', '200 BUDGET_EXCEEDED', '200 BAD_USER_INPUT', '400 BAD_USER_INPUT', ...OVERLOADED],
    async run({ server, got }) {
      const document = `mutation { ${aliased('createSession(input: {}) { __typename }')} }`;
      const answers = await Promise.all(Array.from({ length: 10 }, () => server.query(document)));
      for (const answer of answers) got(answer);
    },
  },
  {
    name: 'too-large-a-body',
    what: 'a body of 42 MB, with and without a declared length',
    allowed: ['413 PAYLOAD_TOO_LARGE', 'closed'],
    growthMb: 350,
    hasLargeBodies: true,
    async run({ server, got }) {
      const body = 'a'.repeat(42 * MB);
      got(await server.send({ body }));
      got(await server.send({ body, headers: { 'transfer-encoding': 'chunked' } }));
    },
  },
  {
    name: 'compressed-bodies',
    what: 'a gzip bomb, and a plain body that is declared as gzip, br, deflate, zstd and identity',
    allowed: ['400 BAD_REQUEST', '415 UNSUPPORTED_MEDIA_TYPE'],
    growthMb: 350,
    async run({ server, got, expect, pick }) {
      const bomb = gzipSync(Buffer.alloc(pick(50, 500) * MB));
      got(await server.send({ body: bomb, headers: { 'content-encoding': 'gzip' } }));
      const body = bodyOf('{ __typename }');
      for (const encoding of ['gzip', 'br', 'deflate', 'zstd', 'gzip, identity', 'x-gzip'])
        got(await server.send({ body, headers: { 'content-encoding': encoding } }));
      const identity = await server.send({ body, headers: { 'content-encoding': 'identity' } });
      expect(identity.status === 200, `a plain body with Content-Encoding: identity got ${identity.status}`);
    },
  },
];
