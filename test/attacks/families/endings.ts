import { existsSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attack, Scene } from '../attack.ts';
import { bodyOf, query } from '../client.ts';
import { runProgram } from '../program.ts';
import { openRaw, postBytes } from '../raw-connection.ts';
import { bulkOf, MB, messagesOf } from '../store-writer.ts';
import { contentsOf } from '../stored.ts';
import { inLanes } from './documents.ts';
import { prefixesOf } from './searches.ts';

/* The end of a server, its log, and the lock of its directory. */

/** Milliseconds that a stop may take: the grace of ten seconds, and what the machine adds. */
const STOP_MS = 20_000;
/** Milliseconds within which a second signal ends a server: less than is left of the eight seconds after which the first one cuts it off. */
const AT_ONCE_MS = 7_000;

/** Messages of 1 MB in an answer: more than the buffers of the system hold. */
const LARGE = 40;
const large = (id: string) => `{ session(id: "${id}") { history { nodes { content } } } }`;
const askLarge = (id: string) => postBytes(bodyOf(large(id)));

/** A server that is cut off, at the end of its grace or by a second signal, may end by the signal. */
async function expectStop({ server, expect }: Scene, ms = STOP_MS, isCutOff = false): Promise<void> {
  const { code, signal, tookMs } = await server.stop(ms + 5_000);
  expect(tookMs < ms, `the stop took ${(tookMs / 1000).toFixed(1)} s`);
  expect(
    code === 0 || (isCutOff && signal === 'SIGTERM'),
    `the server ended with ${signal ?? `code ${code}`}`,
  );
}

const manyWords = (letter: string) =>
  Array.from({ length: 120_000 }, (_, n) => letter + n.toString(36)).join(' ');

/** Sends `count` searches for very many words. Gives whether one of them has no answer yet. */
function search({ port }: Scene['server'], letter: string, count: number): () => boolean {
  let pending = count;
  const prefixes = prefixesOf(letter);
  for (let n = 0; n < count; n += 1) {
    const words = prefixes.replace('*', `${n} ${letter}*`);
    const document = `{ searchMessages(query: "${words}", first: 50) { edges { snippet } } }`;
    void query(port, document).then(() => {
      pending -= 1;
    });
  }
  return () => pending > 0;
}

/** The append of message n, and how many of them are there. */
const append = (sessionId: string, n: number) =>
  `mutation { appendMessages(input: { sessionId: "${sessionId}", messages: [{ role: USER, content: "${n}" }] }) { __typename } }`;

/** Appends from eight clients until `end` has ended the server; after a restart nothing that was acknowledged may be missing. */
async function writeUntilTheEnd(scene: Scene, id: string, end: () => Promise<unknown>): Promise<void> {
  const { server, next, expect } = scene;
  const acknowledged: number[] = [];
  let isOver = false;
  const writing = inLanes(Number.POSITIVE_INFINITY, async (n) => {
    if (isOver) throw new Error('over');
    const { code, status } = await server.query(append(id, n));
    if (status === 200 && code === 'ok') acknowledged.push(n);
    else isOver = true;
  }).catch(() => {});
  while (acknowledged.length < scene.pick(50, 5_000) && !isOver) await sleep(20);
  await end();
  isOver = true;
  await writing;
  const stored = new Set(await contentsOf(await next(), id));
  const lost = acknowledged.filter((n) => !stored.has(String(n)));
  expect(acknowledged.length > 0, 'nothing was acknowledged');
  expect(lost.length === 0, `${lost.length} of ${acknowledged.length} acknowledged writes are lost`);
}

export const ENDINGS: readonly Attack[] = [
  {
    name: 'stop-beside-a-slow-reader',
    what: 'SIGTERM while a client has read little of an answer of 40 MB',
    allowed: [],
    isAlone: true,
    fill: (store) => store.session({ id: 'slow-reader' }, bulkOf(LARGE, MB)),
    async run(scene) {
      // The fast path answers a document that was sent before.
      await scene.server.query(large('slow-reader'));
      const connection = await openRaw(scene.server.port, { isReading: false });
      connection.socket.write(askLarge('slow-reader'), 'latin1');
      const chunks: Buffer[] = [];
      let bytes = 0;
      const read = () => {
        const chunk = connection.socket.read() as Buffer | null;
        if (chunk) {
          chunks.push(chunk);
          bytes += chunk.length;
        }
      };
      while (bytes === 0 && !connection.isClosed()) {
        await sleep(5);
        read();
      }
      const stopping = expectStop(scene);
      // Late, and yet within the grace: as fast as it comes from then on, since other attacks take turns of the same event loop.
      await sleep(1_000);
      connection.socket.on('data', (chunk: Buffer) => chunks.push(chunk)).resume();
      await connection.closedWithin(60_000);
      const answer = Buffer.concat(chunks);
      const head = answer.subarray(0, answer.indexOf('\r\n\r\n') + 4);
      const length = Number(/content-length: (\d+)/i.exec(head.toString())?.[1]);
      const received = answer.length - head.length;
      scene.expect(length > LARGE * MB, `the answer has ${length} bytes`);
      scene.expect(received === length, `${received} of ${length} bytes came`);
      await stopping;
    },
  },
  {
    name: 'stop-beside-unread-answers',
    what: 'SIGTERM while clients read nothing, have sent half a request, or are idle',
    allowed: [],
    isAlone: true,
    fill: (store) => store.session({ id: 'unread' }, bulkOf(LARGE, MB)),
    async run(scene) {
      const asked = askLarge('unread');
      const quick = [asked.slice(0, -5), '', 'POST /gra'];
      // Those that read nothing take all of the grace.
      for (const bytes of scene.pick(quick, [...quick, asked, asked.repeat(20)])) {
        const connection = await openRaw(scene.server.port, { isReading: false });
        connection.socket.write(bytes, 'latin1');
      }
      await sleep(500);
      await expectStop(scene);
    },
  },
  {
    name: 'second-signal',
    what: 'a second SIGTERM while a client reads nothing',
    allowed: [],
    isAlone: true,
    fill: (store) => store.session({ id: 'second-signal' }, bulkOf(LARGE, MB)),
    async run(scene) {
      const connection = await openRaw(scene.server.port, { isReading: false });
      connection.socket.write(askLarge('second-signal'), 'latin1');
      await sleep(500);
      scene.server.signal('SIGTERM');
      await sleep(300);
      await expectStop(scene, AT_ONCE_MS, true);
    },
  },
  {
    name: 'stop-while-searching',
    what: 'SIGTERM while searches of long texts are under way',
    allowed: [],
    isAlone: true,
    fill: (store, pick) =>
      store.session({ id: 'stop-while-searching' }, messagesOf(pick(6, 30), MB, manyWords('z'))),
    async run(scene) {
      await scene.server.query('{ searchMessages(query: "z1") { nodes { id } } }');
      // Ten take all of the grace, and all of a core: the short form has some that end within it.
      const isSearching = search(scene.server, 'z', scene.pick(3, 10));
      await sleep(300);
      scene.expect(isSearching(), 'no search was under way');
      await expectStop(scene, STOP_MS, true);
    },
  },
  {
    name: 'second-signal-while-searching',
    what: 'two SIGTERMs while searches of long texts are under way',
    allowed: [],
    isAlone: true,
    fill: (store, pick) =>
      store.session({ id: 'second-signal-while-searching' }, messagesOf(pick(6, 30), MB, manyWords('y'))),
    async run(scene) {
      const isSearching = search(scene.server, 'y', 10);
      await sleep(300);
      scene.server.signal('SIGTERM');
      await sleep(300);
      scene.expect(isSearching(), 'no search was under way');
      await expectStop(scene, AT_ONCE_MS, true);
    },
  },
  {
    name: 'stop-after-many-writes',
    what: 'SIGTERM after many creations, forks and long messages',
    allowed: [],
    isAlone: true,
    fill: (store, pick) => store.session({ id: 'many-writes' }, bulkOf(pick(5, 40), MB)),
    async run(scene) {
      const { server, pick } = scene;
      await inLanes(pick(600, 15_000), async () => {
        await server.query('mutation { createSession(input: { title: "one of many" }) { __typename } }');
      });
      await inLanes(pick(4, 40), async () => {
        await server.query('mutation { forkSession(input: { sessionId: "many-writes" }) { __typename } }');
      });
      await expectStop(scene);
    },
  },
  {
    name: 'stop-under-writes',
    what: 'SIGTERM while eight clients write',
    allowed: [],
    isAlone: true,
    fill: (store) => store.session({ id: 'stop-under-writes' }),
    run: (scene) => writeUntilTheEnd(scene, 'stop-under-writes', () => expectStop(scene)),
  },
  {
    name: 'kill-under-writes',
    what: 'SIGKILL while eight clients write',
    allowed: [],
    isAlone: true,
    fill: (store) => store.session({ id: 'kill-under-writes' }),
    run: (scene) =>
      writeUntilTheEnd(scene, 'kill-under-writes', () => {
        scene.server.kill();
        return scene.server.ended;
      }),
  },
  {
    name: 'unread-log',
    what: 'the log is a pipe that nobody reads: thousands of requests with long lines',
    allowed: ['200 ok', '404 NOT_FOUND'],
    server: { log: 'unread' },
    async run({ server, got, pick, expect }) {
      await inLanes(pick(900, 20_000), async (n) => {
        if (n % 2 === 0) got(await server.query(`query L${'o'.repeat(500)}ng { __typename }`));
        else got(await server.send({ method: 'GET', path: `/${'n'.repeat(1_000)}` }));
      });
      const { status } = await server.send({ method: 'GET', path: '/health' });
      expect(status === 200, `/health answered ${status}`);
      server.readLog();
      // The short form may fit into the buffer.
      const isTold = () => server.log.some((line) => line.includes('"dropped":'));
      for (let n = 0; n < pick(0, 100) && !isTold(); n += 1) await sleep(100);
      expect(pick(true, isTold()), 'no line of the log says how many lines were dropped');
    },
  },
  {
    name: 'unread-log-at-the-end',
    what: 'SIGTERM while nobody reads the log',
    allowed: ['200 ok'],
    isAlone: true,
    server: { log: 'unread' },
    async run(scene) {
      await inLanes(900, async () => {
        scene.got(await scene.server.query(`query L${'o'.repeat(500)}ng { __typename }`));
      });
      await expectStop(scene);
    },
  },
  {
    name: 'closed-log',
    what: 'whoever read the log has gone',
    allowed: ['200 ok'],
    server: {},
    async run({ server, got }) {
      server.closeLog();
      for (let n = 0; n < 50; n += 1) got(await server.query('{ __typename }'));
    },
  },
  {
    name: 'lock-removed',
    what: 'a second server, an import and a repair, after the files of the lock are removed or replaced',
    allowed: [],
    isAlone: true,
    hasOwnStore: true,
    async run(scene) {
      const { directory, expect } = scene;
      const names = readdirSync(directory).filter((name) => /^(lock|owner)/.test(name));
      const ways: Record<string, () => void> = {
        'with its lock': () => {},
        'through a link to the directory': () => symlinkSync(directory, `${directory}-link`),
        'without the file of the lock': () => {
          for (const name of names) rmSync(join(directory, name), { force: true });
        },
        'with another file in its place': () => writeFileSync(join(directory, 'lock'), ''),
        'with a directory that was moved': () => renameSync(directory, `${directory}-moved`),
      };
      for (const [way, prepare] of Object.entries(ways)) {
        prepare();
        const at = [`${directory}-moved`, `${directory}-link`, directory].find((one) =>
          way.includes('moved') || way.includes('link') ? existsSync(one) : one === directory,
        )!;
        await expectRefused(scene, way, at);
        if (way.includes('moved')) renameSync(`${directory}-moved`, directory);
        rmSync(`${directory}-link`, { force: true });
      }
      const repair = await runProgram(['check', '--repair', '--data', directory]);
      expect(repair.code === 1 && /in use/.test(repair.output), `a repair: ${repair.output.slice(0, 200)}`);
    },
  },
];

async function expectRefused({ start, expect }: Scene, way: string, directory: string): Promise<void> {
  const second = await start({ directory }).catch((error: Error) => error);
  if (second instanceof Error) {
    expect(/in use/.test(second.message), `a second server, ${way}: ${second.message.slice(0, 200)}`);
    return;
  }
  expect(false, `a second server got in, ${way}`);
  second.kill();
  await second.ended;
}
