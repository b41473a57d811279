import { setTimeout as sleep } from 'node:timers/promises';
import { reset } from '../../support/reset.ts';
import type { Attack, Scene } from '../attack.ts';
import { type Answer, bodyOf } from '../client.ts';
import { openRaw, postBytes, type RawConnection } from '../raw-connection.ts';

/** Milliseconds in which each connection is served, or closed. */
const ANSWER_MS = 30_000;

/* Connections that take a place and say little. */

const headOf = ({ server }: Scene) =>
  `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${server.authorization}`;

async function openMany({ server }: Scene, count: number, bytes = ''): Promise<RawConnection[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const connection = await openRaw(server.port);
      if (bytes) connection.socket.write(bytes, 'latin1');
      return connection;
    }),
  );
}

function leave(connections: readonly RawConnection[]): void {
  for (const { socket } of connections) socket.destroy();
}

/**
 * Sends a request, and once more if the connection was closed, as a program does: of many connections that come in one turn of the event
 * loop, the last find no place until those that make room for them are gone.
 */
async function askTwice(server: Scene['server'], document: string): Promise<Answer> {
  const answer = await server.query(document);
  return answer.status === null && answer.code === 'closed' ? server.query(document) : answer;
}

/** A client that comes while the attack lasts must be served. */
async function newcomerIsServed({ server, got }: Scene): Promise<void> {
  for (let n = 0; n < 5; n += 1) got(await askTwice(server, '{ __typename }'));
}

export const CONNECTIONS: readonly Attack[] = [
  {
    name: 'silent-connections',
    what: '400 connections that say nothing, with 256 descriptors',
    allowed: ['200 ok'],
    server: { descriptors: 256 },
    async run(scene) {
      const connections = await openMany(scene, 400);
      await newcomerIsServed(scene);
      leave(connections);
    },
  },
  {
    name: 'slow-heads-beyond-the-descriptors',
    what: '400 connections that send half a head, with 256 descriptors',
    allowed: ['200 ok'],
    server: { descriptors: 256 },
    async run(scene) {
      const connections = await openMany(scene, 400, headOf(scene));
      await newcomerIsServed(scene);
      leave(connections);
    },
  },
  {
    name: 'writes-at-the-last-descriptor',
    what: 'creations while idle clients hold every descriptor that they can get, of 256',
    allowed: ['200 ok'],
    server: { descriptors: 256 },
    async run(scene) {
      const connections = await openMany(scene, 400, postBytes(bodyOf('{ __typename }'), scene.server));
      // While others are served, the only idle connection can be that of the good client, between two of its requests.
      await Promise.all(connections.map((each) => each.receives((text) => text.length > 0, ANSWER_MS)));
      for (let n = 0; n < 20; n += 1)
        scene.got(await askTwice(scene.server, 'mutation { createSession(input: {}) { __typename } }'));
      leave(connections);
      const { store } = await scene.server.read<{ store: { quarantined: unknown[] } }>(
        '{ store { quarantined { path } } }',
      );
      scene.expect(store.quarantined.length === 0, 'files without a fault are quarantined');
    },
  },
  {
    name: 'slow-heads',
    what: 'hundreds of connections that send a byte of a head now and then',
    allowed: ['200 ok'],
    async run(scene) {
      const connections = await openMany(scene, scene.pick(150, 500), headOf(scene));
      for (let n = 0; n < scene.pick(5, 100); n += 1) {
        for (const { socket } of connections) socket.write('X');
        await sleep(50);
      }
      await newcomerIsServed(scene);
      leave(connections);
    },
  },
  {
    name: 'slow-bodies',
    what: 'hundreds of connections that send a byte of a body now and then',
    allowed: ['200 ok'],
    async run(scene) {
      const connections = await openMany(
        scene,
        scene.pick(150, 500),
        `${headOf(scene)}Content-Length: 100000\r\n\r\n{`,
      );
      for (let n = 0; n < scene.pick(5, 100); n += 1) {
        for (const { socket } of connections) socket.write(' ');
        await sleep(50);
      }
      await newcomerIsServed(scene);
      leave(connections);
    },
  },
  {
    name: 'idle-connections',
    what: 'hundreds of connections that stay open after an answer',
    allowed: ['200 ok'],
    async run(scene) {
      const connections = await openMany(
        scene,
        scene.pick(200, 500),
        postBytes(bodyOf('{ __typename }'), scene.server),
      );
      await newcomerIsServed(scene);
      leave(connections);
    },
  },
  {
    name: 'disconnects',
    what: 'thousands of clients that leave in the middle of a head, of a body, or before the answer',
    allowed: ['200 ok'],
    async run(scene) {
      const head = headOf(scene);
      const document = '{ sessions(first: 50) { nodes { id rollup { sessionCount } } } }';
      const whole = postBytes(bodyOf(document), scene.server);
      for (let n = 0; n < scene.pick(15, 200); n += 1) {
        const connections = await Promise.all(
          [head, whole.slice(0, -10), whole, whole + whole, '', whole, 'x', head].map((bytes) =>
            openMany(scene, 1, bytes),
          ),
        );
        for (const { socket } of connections.flat()) {
          if (n % 2 === 0) socket.destroy();
          else reset(socket);
        }
      }
      await newcomerIsServed(scene);
    },
  },
  {
    name: 'many-operations-at-once',
    what: 'hundreds of pages at once from one client',
    allowed: ['200 ok', '503 OVERLOADED'],
    fill: (store) => store.children('many-operations-at-once', 300),
    async run({ server, got, pick, expect }) {
      const document =
        '{ session(id: "many-operations-at-once") { descendants(first: 300) { nodes { id title rollup { sessionCount } } } } }';
      const answers = await Promise.all(Array.from({ length: pick(150, 600) }, () => server.query(document)));
      for (const answer of answers) {
        got(answer);
        if (answer.status === 503)
          expect(answer.headers['retry-after'] !== undefined, 'a 503 without Retry-After');
      }
    },
  },
  {
    name: 'trickled-answers',
    what: 'clients that read a large answer a few bytes at a time',
    allowed: ['200 ok'],
    fill: (store) =>
      store.session({ id: 'trickled-answers' }, [{ role: 'USER', content: 't'.repeat(1_000_000) }]),
    async run(scene) {
      const bytes = postBytes(
        bodyOf('{ session(id: "trickled-answers") { history { nodes { content } } } }'),
        scene.server,
      ).repeat(8);
      const connections = await Promise.all(
        Array.from({ length: scene.pick(30, 200) }, () => openRaw(scene.server.port, { isReading: false })),
      );
      for (const { socket } of connections) socket.write(bytes, 'latin1');
      for (let n = 0; n < scene.pick(10, 100); n += 1) {
        for (const { socket } of connections) socket.read(1_000);
        await sleep(50);
      }
      await newcomerIsServed(scene);
      leave(connections);
    },
  },
];
