import { mkdirSync, rmSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Session } from '../../src/model/session.ts';
import { sessionPath } from '../../src/repository/files/format/layout.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import type { Progress } from '../../src/repository/observer.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { quantity, type SingleRow } from '../report.ts';
import { exchangeOf } from '../stores/content.ts';
import { appendDurably, createDurably } from './bare-writes.ts';
import { median } from './rounds.ts';

/** Concurrent clients. Each sends its writes one after another. */
const CLIENTS = 64;
const ROUNDS = 9;
const ROUND_MILLISECONDS = 1_000;

/** Compares the repository's durable writes with the minimum for such a write on this disk, in turn. */
export async function measureSideBySide(directory: string, report: Progress): Promise<SingleRow[]> {
  const data = join(directory, 'side-by-side');
  rmSync(data, { recursive: true, force: true });
  const repository = await openFileRepository({ directory: join(data, 'store') });
  const handles = await openFiles(join(data, 'bare'));
  try {
    const lengths = await lineLengths(join(data, 'store'), repository);
    const appends = await compare(
      await appendToRepository(repository),
      appendToFiles(handles, lengths.exchange),
      (round) => report('Appending side by side', round, ROUNDS),
    );
    const creations = await compare(
      () => create(repository),
      createFiles(join(data, 'bare'), lengths.creation),
      (round) => report('Creating side by side', round, ROUNDS),
    );
    return [
      row(`appends side by side on ${CLIENTS} sessions`, appends, '80% of bare', appends.ratio >= 0.8),
      row(
        'creations side by side',
        creations,
        '1,500/s or 80% of bare',
        creations.own >= 1_500 || creations.ratio >= 0.8,
      ),
    ];
  } finally {
    await Promise.all(handles.map((handle) => handle.close()));
    await repository.close();
    rmSync(data, { recursive: true, force: true });
  }
}

interface Comparison {
  /** Writes per second. */
  readonly own: number;
  readonly bare: number;
  /** The ratio of the first to the second, in the same round. */
  readonly ratio: number;
}

function row(what: string, { own, bare, ratio }: Comparison, goal: string, met: boolean): SingleRow {
  const measured = `${quantity(own, '/s')}; bare ${quantity(bare, '/s')}; ${Math.round(ratio * 100)}%`;
  return { what, measured, goal: { text: goal, met } };
}

/** One write of a client. */
type Write = (client: number) => Promise<unknown>;

async function compare(own: Write, bare: Write, report: (round: number) => void): Promise<Comparison> {
  const rates: { own: number; bare: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    report(round);
    if (round % 2 === 0) rates.push({ own: await rate(own), bare: await rate(bare) });
    else {
      const first = await rate(bare);
      rates.push({ own: await rate(own), bare: first });
    }
  }
  // The first round warms up.
  const counted = rates.slice(1);
  return {
    own: median(counted.map((one) => one.own)),
    bare: median(counted.map((one) => one.bare)),
    ratio: median(counted.map((one) => one.own / one.bare)),
  };
}

async function rate(write: Write): Promise<number> {
  const start = performance.now();
  let count = 0;
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, client) => {
      while (performance.now() - start < ROUND_MILLISECONDS) {
        await write(client);
        count += 1;
      }
    }),
  );
  return (count * 1_000) / (performance.now() - start);
}

async function appendToRepository(repository: SessionRepository): Promise<Write> {
  const ids = Array.from({ length: CLIENTS }, (_, client) => `client-${client}`);
  await Promise.all(ids.map((id) => repository.create({ id })));
  return (client) => repository.append({ sessionId: ids[client]!, messages: exchangeOf(client) });
}

/** Bytes of the lines of a creation and of an exchange. */
async function lineLengths(
  directory: string,
  repository: SessionRepository,
): Promise<{ creation: number; exchange: number }> {
  const { id } = await create(repository);
  const path = join(directory, sessionPath(id));
  const creation = statSync(path).size;
  await repository.append({ sessionId: id, messages: exchangeOf(0) });
  return { creation, exchange: statSync(path).size - creation };
}

function create(repository: SessionRepository): Promise<Session> {
  return repository.create({ title: 'A session like others', metadata: { status: 'open' } });
}

async function openFiles(directory: string): Promise<FileHandle[]> {
  mkdirSync(directory, { recursive: true });
  return Promise.all(
    Array.from({ length: CLIENTS }, (_, client) => open(join(directory, `client-${client}`), 'a')),
  );
}

function appendToFiles(handles: readonly FileHandle[], length: number): Write {
  const line = Buffer.alloc(length, 'x');
  return (client) => appendDurably(handles[client]!, line);
}

function createFiles(directory: string, length: number): Write {
  const line = Buffer.alloc(length, 'x');
  let created = 0;
  return () => {
    created += 1;
    return createDurably(directory, `session-${created}`, line);
  };
}
