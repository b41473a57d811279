import { mkdir, mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  foldSessionSummary,
  InMemorySessionStore,
  listSessions,
  type SessionKey,
  type SessionStore,
  type SessionStoreEntry,
} from '@anthropic-ai/claude-agent-sdk';
import { Sessiontree } from '@sessiontree/client';
import { spawnServer } from '../support/spawn-server.ts';
import { SessiontreeSessionStore } from './src/index.ts';

/**
<<<<<<< HEAD
 * `node packages/adapters/claude-agent-sdk/bench.ts`: the adapter beside the SDK's store in memory and plain files of JSON lines, one after the
 * other in turns, so that what else the machine does meets all. Prints the median milliseconds of each, and how many times those of the files
 * the adapter takes.
=======
 * `node packages/adapters/claude-agent-sdk/bench.ts`: the adapter beside the SDK's store in memory and plain files of JSON lines, one after the other in turns, so that what else the
 * machine does meets all. Prints the median milliseconds of each, and how many times those of the files the adapter takes.
>>>>>>> h/xa
 */
const TURNS = 200;
const ROUNDS = 5;
const SESSIONS = 100;

/** A file for each session, synced to the disk after each append: as durable as the server. */
class JsonLines implements SessionStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async append(key: SessionKey, entries: SessionStoreEntry[]): Promise<void> {
    await mkdir(join(this.#folder, key.projectKey), { recursive: true });
    const file = await open(this.#path(key), 'a');
    await file.write(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    await file.datasync();
    await file.close();
  }

  async load(key: SessionKey): Promise<SessionStoreEntry[]> {
    const text = await readFile(this.#path(key), 'utf8');
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  async listSessions(projectKey: string): Promise<{ sessionId: string; mtime: number }[]> {
    const names = await readdir(join(this.#folder, projectKey));
    return Promise.all(
      names.map(async (name) => ({
        sessionId: name.replace('.jsonl', ''),
        mtime: Math.floor((await stat(join(this.#folder, projectKey, name))).mtimeMs),
      })),
    );
  }

  #path({ projectKey, sessionId }: SessionKey): string {
    return join(this.#folder, projectKey, `${sessionId}.jsonl`);
  }
}

/** Five entries: a prompt, an answer with a call, the result of 4 KB, and an answer, with a title. */
function turn(sessionId: string, n: number): SessionStoreEntry[] {
  const common = {
    sessionId,
    cwd: '/home/ada/trip',
    gitBranch: 'main',
    version: '2.1.40',
    isSidechain: false,
  };
  const entry = (type: string, i: number, message: object) => ({
    ...common,
    type,
    uuid: `${sessionId}-${n}-${i}`,
    parentUuid: n === 0 && i === 0 ? null : `${sessionId}-${i === 0 ? n - 1 : n}-${i === 0 ? 3 : i - 1}`,
    timestamp: new Date(Date.UTC(2026, 2, 1) + n * 60_000 + i * 1_000).toISOString(),
    message,
  });
  const answer = (i: number, content: readonly object[]) => ({
    id: `msg-${sessionId}-${n}-${i}`,
    role: 'assistant',
    model: 'claude-sonnet-4-5',
    content,
    usage: { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 100 },
  });
  const call = {
    type: 'tool_use',
    id: `toolu-${n}`,
    name: 'Read',
    input: { file_path: '/home/ada/trip/timetable.txt' },
  };
  const result = {
    type: 'tool_result',
    tool_use_id: `toolu-${n}`,
    content: 'train to Porto at 9:30. '.repeat(170),
  };
  return [
    entry('user', 0, { role: 'user', content: `Which train is number ${n}?` }),
    entry('assistant', 1, answer(1, [call])),
    entry('user', 2, { role: 'user', content: [result] }),
    entry(
      'assistant',
      3,
      answer(3, [{ type: 'text', text: `Train ${n} goes to Porto, as the timetable says.` }]),
    ),
    { type: 'last-prompt', lastPrompt: `Which train is number ${n}?`, sessionId },
  ];
}

const times = new Map<string, Map<string, number[]>>();

async function measure(what: string, store: string, work: () => Promise<unknown>): Promise<void> {
  const before = performance.now();
  await work();
  const stores = times.get(what) ?? new Map<string, number[]>();
  times.set(what, stores.set(store, [...(stores.get(store) ?? []), performance.now() - before]));
}

const folder = await mkdtemp(join(tmpdir(), 'sessiontree-bench-'));
const { url, stop } = await spawnServer();
try {
  const stores: Record<string, SessionStore> = {
    memory: new InMemorySessionStore(),
    files: new JsonLines(join(folder, 'files')),
    adapter: new SessiontreeSessionStore(new Sessiontree(url), { foldSessionSummary }),
  };
  await run(stores);
  print(Object.keys(stores));
} finally {
  await stop();
  await rm(folder, { recursive: true });
}

async function run(stores: Record<string, SessionStore>): Promise<void> {
  const dir = join(folder, 'trip');
  await mkdir(dir);
  const projectKey = dir.replaceAll(/[^a-zA-Z0-9]/g, '-');
  const long = { projectKey: 'long', sessionId: 'long' };
  for (let n = 0; n < TURNS; n += 1)
    for (const [name, store] of Object.entries(stores))
      await measure('append a turn of 5 entries', name, () => store.append(long, turn('long', n)));
  for (let n = 0; n < ROUNDS; n += 1) {
    const sessionId = `import-${n}`;
    const entries = Array.from({ length: 100 }, (_, i) => turn(sessionId, i)).flat();
    for (const [name, store] of Object.entries(stores)) {
      await measure('append 500 entries at once', name, () =>
        store.append({ projectKey: 'imports', sessionId }, entries),
      );
      await measure('load 1,000 entries', name, () => store.load(long));
    }
  }
  for (const store of Object.values(stores))
    for (let n = 0; n < SESSIONS; n += 1) {
      const sessionId = `${n}`.padStart(8, '0').concat('-0000-4000-8000-000000000000');
      await store.append({ projectKey, sessionId }, turn(sessionId, 0));
    }
  for (let n = 0; n < ROUNDS; n += 1)
    for (const [name, sessionStore] of Object.entries(stores))
      await measure('listSessions of the SDK, 100 sessions', name, () => listSessions({ dir, sessionStore }));
}

function print(names: readonly string[]): void {
  for (const [what, stores] of times) {
    const medians = names.map((name) => median(stores.get(name)!));
    const ratio = medians[2]! / medians[1]!;
    const each = names.map((name, n) => `${name} ${medians[n]!.toFixed(2)} ms`).join(', ');
    process.stdout.write(`${what}: ${each}; adapter / files ${ratio.toFixed(2)}\n`);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
