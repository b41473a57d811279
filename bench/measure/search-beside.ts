import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openFileRepository } from '../../src/repository/files/open.ts';
import type { Progress } from '../../src/repository/observer.ts';
import type { ServeMessage } from '../process/serve.ts';
import { start } from '../process/start.ts';
import { quantity, type SingleRow } from '../report.ts';
import { caughtUp } from './catch-up.ts';
import { send } from './http-client.ts';

const LARGE = 50;
const UNSPACED = 10;
const SMALL = 2_000;
/** Bytes of a tool's output in a message. */
const BYTES = 1_000_000;
/** Milliseconds between two requests of the waiting clients. */
const INTERVAL = 5;
/** A case is repeated up to this many times, as long as it has not taken so long. */
const TIMES = 10;
const LONG_MS = 3_000;
const GOAL = 100;
const VOCABULARY = 20_000;

const READ_SESSION = 'read-beside';
const SMALL_READ = `{ session(id: "${READ_SESSION}") { id title historyLength } }`;
const SMALL_SEARCH = '{ searchMessages(query: "number 77") { nodes { id } } }';
const SNIPPETS = 'isComplete edges { snippet node { id } }';
const HEAVY: Readonly<Record<string, string>> = {
  'snippets of 50 messages of 1 MB': `{ searchMessages(query: "needle") { ${SNIPPETS} } }`,
  'ids of 50 messages of 1 MB': '{ searchMessages(query: "needle") { nodes { id } } }',
  '8 prefixes over 50 messages of 1 MB': `{ searchMessages(query: "${[...'abcdefgh'].map((letter) => `${letter}*`).join(' ')}") { ${SNIPPETS} } }`,
  '50 words over 50 messages of 1 MB': `{ searchMessages(query: "${Array.from({ length: 50 }, (_, n) => wordOf(n)).join(' ')}") { ${SNIPPETS} } }`,
  '8 prefixes of the same words': `{ searchMessages(query: "${Array.from({ length: 8 }, (_, n) => `${'same'.padEnd(n + 1, 'e').slice(0, n + 1)}*`).join(' ')}") { ${SNIPPETS} } }`,
  'a phrase of 64 equal Chinese characters': `{ searchMessages(query: "${'的'.repeat(64)}") { ${SNIPPETS} } }`,
  'a phrase of 64 equal emoji': `{ searchMessages(query: "${'🦊'.repeat(64)}") { ${SNIPPETS} } }`,
  '36 words of one letter or digit': `{ searchMessages(query: "${[...'abcdefghijklmnopqrstuvwxyz0123456789'].join(' ')}", first: 1000) { ${SNIPPETS} } }`,
  'first: 1000 by 50 aliases': `{ ${Array.from({ length: 50 }, (_, n) => `a${n}: searchMessages(query: "small ${n < 25 ? 'one' : 'two'}", first: 1000) { nodes { id } }`).join(' ')} }`,
};

/** Measures how long other clients wait during a search. */
export async function measureSearchBeside(directory: string, report: Progress): Promise<SingleRow[]> {
  const store = join(directory, 'search-beside');
  rmSync(store, { recursive: true, force: true });
  try {
    report('Writing large messages', 0, 0);
    await write(store);
    const { message, stop } = await start<ServeMessage & { url: string }>('process/serve.ts', store);
    // The first search starts the search thread.
    await send(message.url, SMALL_SEARCH);
    const rows: SingleRow[] = [];
    for (const [what, query] of Object.entries(HEAVY)) {
      report(what, 0, 0);
      rows.push(await measure(message.url, what, query));
    }
    await stop();
    return rows;
  } finally {
    rmSync(store, { recursive: true, force: true });
  }
}

async function write(directory: string): Promise<void> {
  const repository = await openFileRepository({ directory });
  for (let n = 0; n < LARGE; n += 1) {
    const content = `${words(n * 7)}needle ${words(n)}`;
    await repository.create({ messages: [{ role: 'TOOL', content }] });
  }
  for (let n = 0; n < UNSPACED; n += 1) {
    const unspaced = ['的'.repeat(BYTES / 3), '🦊'.repeat(BYTES / 4), sameWords(n)];
    for (const content of unspaced) await repository.create({ messages: [{ role: 'TOOL', content }] });
  }
  await repository.create({ id: READ_SESSION, messages: [{ role: 'USER', content: 'a small session' }] });
  const small = Array.from({ length: SMALL / 2 }, (_, n) => `a small message, number ${n}, of one or two`);
  for (let n = 0; n < 2; n += 1) {
    await repository.create({ messages: small.map((content) => ({ role: 'USER', content })) });
  }
  await caughtUp(repository);
  await repository.close();
}

async function measure(url: string, what: string, query: string): Promise<SingleRow> {
  const waits = { health: [] as number[], read: [] as number[], search: [] as number[] };
  let isOver = false;
  const ask = async (kind: keyof typeof waits, request: () => Promise<unknown>) => {
    do {
      const began = performance.now();
      await request();
      waits[kind].push(performance.now() - began);
      await pause(INTERVAL);
    } while (!isOver);
  };
  const health = new URL('/health', url);
  const others = [
    ask('health', async () => (await fetch(health)).text()),
    ask('read', () => send(url, SMALL_READ)),
    ask('search', () => send(url, SMALL_SEARCH)),
  ];
  const began = performance.now();
  for (let n = 0; n < TIMES && performance.now() - began < LONG_MS; n += 1) await send(url, query);
  const took = performance.now() - began;
  isOver = true;
  await Promise.all(others);
  const of = (kind: keyof typeof waits) => {
    const times = waits[kind];
    return `${quantity(p95(times), 'ms')} (at most ${quantity(Math.max(...times), 'ms')})`;
  };
  const isMet = [waits.health, waits.read, waits.search].every((times) => p95(times) < GOAL);
  return {
    what: `others while somebody asks for ${what}`,
    measured: `95 % within ${of('health')} for /health, ${of('read')} for a session, ${of('search')} for a small search; the answers took ${quantity(took, 'ms')}`,
    goal: { text: `95 % under ${GOAL} ms`, met: isMet },
  };
}

function p95(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.95)]!;
}

/** Different words with a common start: each of several prefixes finds all of them. */
function sameWords(seed: number): string {
  let text = '';
  for (let n = seed; text.length < BYTES; n += UNSPACED) text += `sameeeee${n.toString(36)} `;
  return text;
}

function words(seed: number): string {
  let text = '';
  for (let n = seed; text.length < BYTES / 2; n += 1) text += `${wordOf((n * 7_919) % VOCABULARY)} `;
  return text;
}

function wordOf(n: number): string {
  return `${String.fromCharCode(97 + (n % 26))}${(n * 31).toString(36)}`;
}
