import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { layoutOf, nameInStore } from '../../../src/repository/files/format/layout.ts';
import { run, whyNoMounts } from '../../torture/commands.ts';
import { SmallDisk, whyNoSmallDisk } from '../../torture/small-disk.ts';
import type { Attack, Scene } from '../attack.ts';
import { runProgram } from '../program.ts';
import { StartError } from '../server-process.ts';
import { bulkOf, MB, messagesOf, StoreWriter } from '../store-writer.ts';
import { type OddKind, replaceFile } from './odd-file.ts';

/* Files that another program has changed. Whatever is in place of a file is damage that is shown, read in bounded memory. */

const KINDS: readonly OddKind[] = [
  'a link',
  'a dangling link',
  'a link to itself',
  'a hard link',
  'a directory',
  'a FIFO',
  'a socket',
  'a device',
  'an empty file',
];

const SHOWN = `query($id: ID!) {
  session(id: $id) { historyLength damage { reason } history { nodes { content } } }
  store { quarantined { path } }
}`;

interface Shown {
  readonly session: {
    readonly historyLength: number;
    readonly damage: readonly unknown[];
    readonly history: { readonly nodes: readonly unknown[] };
  } | null;
  readonly store: { readonly quarantined: readonly { readonly path: string }[] };
}

/** Makes a file longer by bytes that take no place on the disk, and have no newline. */
function lengthen(path: string, bytes: number): void {
  truncateSync(path, statSync(path).size + bytes);
}

/** True if all of the history is served, or what is missing of it is told. */
async function isShown({ server, got, directory }: Scene, id: string, messages: number): Promise<boolean> {
  const answer = await server.query(SHOWN, { id });
  got(answer);
  if (answer.code !== 'ok') return false;
  const { session, store } = (JSON.parse(answer.text) as { data: Shown }).data;
  if (session?.history.nodes.length === messages || (session?.damage.length ?? 0) > 0) return true;
  const path = nameInStore(layoutOf(directory), StoreWriter.pathIn(directory, id));
  return session === null || store.quarantined.some((one) => one.path === path);
}

/** Runs a reader of the files; it must end by itself, and show no stack. */
async function expectReader({ expect }: Scene, ...args: string[]): Promise<void> {
  const { code, output, isTooSlow } = await runProgram(args);
  const name = args[0];
  expect(!isTooSlow, `${name} did not end`);
  expect(isTooSlow || code === 0 || code === 1, `${name} ended with code ${code}: ${output.slice(-300)}`);
  expect(!/^\s+at .*:\d+/m.test(output), `${name} shows a stack: ${output.slice(-300)}`);
}

export const FILES: readonly Attack[] = [
  {
    name: 'long-tails-before-the-start',
    what: 'session files with tails of gigabytes without a newline, at the start',
    allowed: ['200 ok'],
    server: {},
    hasOwnStore: true,
    growthMb: 250,
    fill(store, pick) {
      store.session({ id: 'long-tail' }, messagesOf(3, 100));
      lengthen(store.pathOf('long-tail'), pick(256, 4_096) * MB);
      store.session({ id: 'short-tail' }, messagesOf(3, 100));
      lengthen(store.pathOf('short-tail'), 20 * MB);
      store.bytes('only-tail', '{"seq":');
      lengthen(store.pathOf('only-tail'), pick(96, 1_024) * MB);
    },
    async run(scene) {
      for (const id of ['long-tail', 'short-tail', 'only-tail'])
        scene.expect(await isShown(scene, id, 3), `${id}: nothing tells what is missing`);
    },
  },
  {
    name: 'long-tail-while-running',
    what: 'a tail of gigabytes without a newline, while the server runs',
    allowed: ['200 ok'],
    server: {},
    growthMb: 250,
    fill: (store) => store.session({ id: 'long-tail-while-running' }, messagesOf(3, 100)),
    async run(scene) {
      lengthen(StoreWriter.pathIn(scene.directory, 'long-tail-while-running'), scene.pick(256, 4_096) * MB);
      for (let n = 0; n < 10; n += 1) {
        const isTold = await isShown(scene, 'long-tail-while-running', 3);
        scene.expect(isTold, 'nothing tells what is missing');
        await sleep(100);
      }
      const append =
        'mutation($i: AppendMessagesInput!) { appendMessages(input: $i) { __typename ... on StorageError { isRetryable } } }';
      const input = { sessionId: 'long-tail-while-running', messages: [{ role: 'USER', content: 'after' }] };
      await scene.server.query(append, { i: input });
    },
  },
  {
    name: 'long-lines-in-the-middle',
    what: 'a line of hundreds of megabytes in front of good ones',
    allowed: ['200 ok'],
    server: {},
    hasOwnStore: true,
    growthMb: 250,
    fill(store, pick) {
      store.session({ id: 'long-line' }, messagesOf(3, 100));
      const path = store.pathOf('long-line');
      const lines = readFileSync(path);
      lengthen(path, pick(256, 1_024) * MB);
      const last = lines.subarray(lines.lastIndexOf(0x0a, lines.length - 2) + 1);
      writeFileSync(path, Buffer.concat([Buffer.from('\n'), last]), { flag: 'a' });
    },
    async run(scene) {
      scene.expect(await isShown(scene, 'long-line', 4), 'nothing tells what is missing');
      await expectReader(scene, 'check', '--data', scene.directory);
    },
  },
  {
    name: 'long-tails-of-the-logs',
    what: 'tails of hundreds of megabytes on store.jsonl, and on a file of the journal',
    allowed: [],
    isAlone: true,
    growthMb: 250,
    async run(scene) {
      for (const name of ['store.jsonl', 'journal/7.journal']) {
        const directory = `${scene.directory}-${name.replaceAll('/', '-')}`;
        new StoreWriter(directory).session({ id: 'a' });
        const path = join(directory, name);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, '', { flag: 'a' });
        lengthen(path, scene.pick(256, 4_096) * MB);
        const peak = await peakOfStart(scene, directory);
        scene.expect(peak < 400, `${name}: ${peak.toFixed(0)} MB resident at the start`);
        rmSync(directory, { recursive: true, force: true });
      }
    },
  },
  {
    name: 'files-replaced-while-running',
    what: 'links, directories, FIFOs, sockets, devices in place of session files that are being served',
    allowed: ['200 ok'],
    server: {},
    fill(store) {
      store.session({ id: 'other' }, messagesOf(2, 100, 'of another session '));
      for (const kind of KINDS) store.session({ id: idOf(kind) }, messagesOf(5, 3_000));
    },
    async run(scene) {
      const pathOf = (kind: OddKind) => StoreWriter.pathIn(scene.directory, idOf(kind));
      const other = StoreWriter.pathIn(scene.directory, 'other');
      await scene.server.read('{ sessions(first: 50) { nodes { history { nodes { content } } } } }');
      for (const kind of KINDS) await replaceFile(pathOf(kind), kind, other);
      for (const kind of KINDS) {
        const isTold = await isShown(scene, idOf(kind), 5);
        scene.expect(isTold, `${kind}: the history is not whole, and nothing tells of it`);
      }
      const { text } = await scene.server.query(
        '{ searchMessages(query: "word1") { nodes { content session { id } } } }',
      );
      scene.expect(!text.includes('INTERNAL'), `a search: ${text.slice(0, 200)}`);
      await Promise.all([
        expectReader(scene, 'check', '--data', scene.directory),
        expectReader(scene, 'export', '--data', scene.directory, idOf('a FIFO')),
        expectReader(scene, 'export', '--data', scene.directory, idOf('a directory')),
      ]);
    },
  },
  {
    name: 'odd-files-at-the-start',
    what: 'links, directories, FIFOs, sockets, devices in place of session files, before the start',
    allowed: ['200 ok'],
    server: {},
    hasOwnStore: true,
    fill(store) {
      store.session({ id: 'other' }, messagesOf(2, 100));
      for (const kind of KINDS) store.session({ id: idOf(kind) }, messagesOf(5, 100));
      store.later(async () => {
        for (const kind of KINDS) await replaceFile(store.pathOf(idOf(kind)), kind, store.pathOf('other'));
      });
    },
    async run(scene) {
      for (const kind of KINDS)
        scene.expect(await isShown(scene, idOf(kind), 5), `${kind}: nothing tells of it`);
      const { store } = await scene.server.read<{ store: Shown['store'] }>(
        '{ store { quarantined { path } } }',
      );
      // Nobody knows whose sessions they hold: only those who see the whole store are told.
      const told = scene.form === 'anyone' ? KINDS.length : 0;
      scene.expect(
        store.quarantined.length === told,
        `${store.quarantined.length} odd files are quarantined, expected ${told}`,
      );
      await expectReader(scene, 'check', '--data', scene.directory);
    },
  },
  {
    name: 'odd-files-of-the-store',
    what: 'links, FIFOs and directories in place of the databases, the lock, the journal and the logs, at the start',
    allowed: [],
    isAlone: true,
    async run(scene) {
      const names = [
        'index.db',
        'search.db',
        'lock',
        'owner.json',
        'journal',
        'torn',
        'unsynced',
        'index.clean.json',
        'store.jsonl',
        'index.db-wal',
        'lock-journal',
      ];
      const kinds: OddKind[] = ['a link', 'a FIFO', 'a directory', 'a device'];
      const all = names.flatMap((name) => kinds.map((kind) => ({ name, kind })));
      const some = all.filter((_, n) => n % 5 === 0);
      const work = scene.pick(some, all);
      const lane = async () => {
        for (let one = work.pop(); one; one = work.pop()) await expectStart(scene, one.name, one.kind);
      };
      await Promise.all([lane(), lane()]);
    },
  },
  {
    name: 'files-of-other-users',
    what: 'the modes of all that the server writes, with a mask of 022',
    allowed: [],
    isAlone: true,
    async run(scene) {
      const directory = `${scene.directory}-modes`;
      const umask = process.umask(0o022);
      const server = await scene.start({ directory }).finally(() => process.umask(umask));
      await server.read(
        'mutation { createSession(input: { id: "a" }) { __typename } sendMessage(input: { sessionId: "a", message: "m", response: "r" }) { __typename } }',
      );
      await server.read('{ searchMessages(query: "m") { nodes { id } } }');
      await server.read('mutation { deleteSession(input: { sessionId: "a" }) { __typename } }');
      for (const name of ['', ...readdirSync(directory, { recursive: true, encoding: 'utf8' })]) {
        const mode = statSync(join(directory, name)).mode & 0o777;
        if ((mode & 0o077) === 0) continue;
        scene.expect(false, `${name || 'the directory'} has mode ${mode.toString(8)}`);
        break;
      }
      server.kill();
      await server.ended;
      rmSync(directory, { recursive: true, force: true });
    },
  },
  {
    name: 'reads-at-the-last-descriptor',
    what: 'histories of hundreds of sessions at once while idle clients hold the descriptors, of 256',
    allowed: ['200 ok', '200 STORE_UNAVAILABLE', '503 OVERLOADED'],
    server: { descriptors: 256 },
    fill: (store) => {
      for (let n = 0; n < 300; n += 1)
        store.session({ id: `reads-at-the-last-descriptor-${n}` }, bulkOf(2, 200_000));
    },
    async run({ server, got, expect }) {
      const ids = Array.from({ length: 300 }, (_, n) => `reads-at-the-last-descriptor-${n}`);
      const document =
        'query($ids: [ID!]!) { nodes(ids: $ids) { ... on Session { damage { reason } history(first: 1) { nodes { content } } } } }';
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) => server.query(document, { ids: ids.slice(15 * n, 15 * n + 15) })),
      );
      for (const answer of answers) got(answer);
      expect(
        !answers.some(({ text }) => text.includes('"reason"')),
        'a file without a fault is shown as damaged',
      );
    },
  },
  {
    name: 'directory-moved-away',
    what: 'the data directory is moved away while the server runs, and back again',
    allowed: [],
    isAlone: true,
    async run({ server, expect, directory }) {
      renameSync(directory, `${directory}.away`);
      expect(await becomes(server, 503), '/ready did not become 503 without the directory');
      renameSync(`${directory}.away`, directory);
      expect(await becomes(server, 200), '/ready did not become 200 with the directory');
    },
  },
  {
    name: 'read-only-directory',
    what: 'the data directory becomes read-only while the server runs, and then writable again',
    allowed: ['200 ok', '200 StorageError', '200 STORE_UNAVAILABLE'],
    isAlone: true,
    whyNot: whyNoMounts,
    async run({ server, expect, got, directory }) {
      run('mount', '--bind', directory, directory);
      try {
        run('mount', '-o', 'remount,bind,ro', directory);
        expect(await becomes(server, 503), '/ready did not become 503 in a read-only directory');
        got(await server.query('mutation { createSession(input: { id: "read-only" }) { __typename } }'));
        const { status } = await server.query('{ session(id: "witness") { title } }');
        expect(status === 200, `a read in a read-only directory got ${status}`);
      } finally {
        run('umount', '--lazy', directory);
      }
      expect(await becomes(server, 200), '/ready did not become 200 in a writable directory');
    },
  },
  {
    name: 'full-disk',
    what: 'no byte is left on the disk, and then there is room again',
    allowed: [],
    isAlone: true,
    whyNot: whyNoSmallDisk,
    async run({ start, expect }) {
      const disk = new SmallDisk(40 * 1024);
      try {
        const directory = join(disk.directory, 'data');
        new StoreWriter(directory);
        const server = await start({ directory });
        disk.fill();
        expect(await becomes(server, 503), '/ready did not become 503 on a full disk');
        const { status } = await server.query('{ session(id: "witness") { title } }');
        expect(status === 200, `a read on a full disk got ${status}`);
        disk.unload();
        expect(await becomes(server, 200), '/ready did not become 200 with room on the disk');
        server.kill();
        await server.ended;
      } finally {
        disk.dispose();
      }
    },
  },
];

const idOf = (kind: OddKind) => kind.replaceAll(' ', '-');

/** Starts on a store in which one file is odd: the server must start or say why not, and change nothing that a link leads to. */
async function expectStart(scene: Scene, name: string, kind: OddKind): Promise<void> {
  const directory = `${scene.directory}-${name}-${idOf(kind)}`;
  const other = `${directory}-other`;
  new StoreWriter(directory);
  writeFileSync(other, 'not of the store\n');
  await replaceFile(join(directory, name), kind, other);
  const what = `${kind} in place of ${name}`;
  try {
    const started = await Promise.race([
      scene.start({ directory }).catch((error: Error) => error),
      sleep(60_000).then(() => null),
    ]);
    scene.expect(started !== null, `${what}: the start hangs`);
    if (started instanceof Error) {
      const isSaid = started instanceof StartError && !/\n\s+at .*:\d+|more than/.test(started.message);
      scene.expect(isSaid, `${what}: ${started.message.slice(0, 300)}`);
    } else if (started !== null) {
      started.kill();
      await started.ended;
    }
    const isSame = existsSync(other) && readFileSync(other, 'utf8') === 'not of the store\n';
    scene.expect(isSame, `${what}: what the link leads to was changed`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
    rmSync(other, { force: true });
  }
}

/** Megabytes at the peak of a start; infinite if it fails for its memory. */
async function peakOfStart(scene: Scene, directory: string): Promise<number> {
  const server = await scene.start({ directory }).catch((error: Error) => error);
  if (server instanceof Error) return server.message.includes('resident') ? Number.POSITIVE_INFINITY : 0;
  const peak = server.peakMb();
  server.kill();
  await server.ended;
  return peak;
}

/** Milliseconds in which a server notices what has become of its directory. It looks once a second; a busy machine takes longer. */
const READY_MS = 30_000;

/** True once `/ready` answers with a status; false if it does not in time. */
async function becomes(server: Scene['server'], status: number): Promise<boolean> {
  for (const until = performance.now() + READY_MS; performance.now() < until; ) {
    const ready = await server.send({ method: 'GET', path: '/ready', timeoutMs: 5_000 });
    if (ready.status === status) return true;
    await sleep(100);
  }
  return false;
}
