import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';
import type { Format } from '../../src/import/format.ts';
import { type ImportSessionsOptions, importSessions } from '../../src/import/import-sessions.ts';
import type { SessionReport } from '../../src/import/report.ts';
import { RepositoryTarget } from '../../src/import/target/repository-target.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import type { Message } from '../../src/model/message.ts';
import type { Session } from '../../src/model/session.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { stateOf } from './claude/support.ts';

/** Long enough ago that nothing counts as being written. */
const OLD = new Date('2026-03-02T00:00:00Z');

/** A place with another program's sessions, and a store that they are imported into. */
export interface SourceLab {
  readonly folder: string;
  readonly repository: SessionRepository;
  /** Writes files below the folder, with a time long ago, or `at`. */
  write(files: Readonly<Record<string, string | Buffer>>, at?: Date): Promise<void>;
  /** `path`: the folder, if it is left out. */
  run(options?: ImportSessionsOptions, path?: string): Promise<SessionReport>;
  session(id: string): Promise<Session>;
  history(id: string): Promise<readonly Message[]>;
}

export async function sourceLab(
  format: Format,
  files: Readonly<Record<string, string | Buffer>> = {},
): Promise<SourceLab> {
  const folder = await temporaryDirectory();
  // Whether the disk has it is not what these tests are about.
  const repository = await openFileRepository({ directory: await temporaryDirectory(), durability: 'os' });
  onTestFinished(() => repository.close());
  const write: SourceLab['write'] = async (more, at = OLD) => {
    for (const [name, content] of Object.entries(more)) {
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
      await utimes(path, at, at);
    }
  };
  await write(files);
  return {
    folder,
    repository,
    write,
    run: (options = {}, path = folder) =>
      importSessions([{ format, path }], new RepositoryTarget(repository, DEFAULT_LIMITS), options),
    async session(id) {
      const [session] = await repository.findMany([id]);
      if (!session) throw new Error(`Expected a session "${id}", got none`);
      return session;
    },
    async history(id) {
      const page = { limit: 10_000, from: 'start' as const };
      const [read] = await repository.historyOf([{ sessionId: id, page }], Number.POSITIVE_INFINITY);
      return read!.items;
    },
  };
}

/** Sets the clock, until the test ends. */
export function setClock(at: Date): void {
  vi.setSystemTime(at);
  onTestFinished(() => void vi.useRealTimers());
}

/** Of each message: its role, with the kind of an event, and its text. */
export function outline(history: readonly Message[]): string[] {
  return history.map(
    ({ role, kind, content, isCopy }) => `${kind ?? role}${isCopy ? ' (copy)' : ''}: ${content}`,
  );
}

/** A few places in `length` bytes, the same in each run. */
export function cutsIn(length: number, count: number): number[] {
  let seed = 7;
  return Array.from({ length: count }, () => {
    seed = (seed * 48271) % 2147483647;
    return seed % length;
  });
}

const LONG = process.env.EACH_BYTE === '1';
const RANDOM_CUTS = 200;

/** Where a file is cut: at the end of each line and at `count` other bytes; in the long form at each byte. */
function placesIn(bytes: Buffer, count: number): number[] {
  if (LONG) return [...bytes.keys()];
  const ends = [...bytes.entries()].flatMap(([place, byte]) => (byte === 0x0a ? [place, place + 1] : []));
  return [...ends, ...cutsIn(bytes.length, count)];
}

/** The files of the source with this number, such as `n0042`: alike but for the number, byte for byte. */
export type NumberedFiles = (number: string) => Readonly<Record<string, string | Buffer>>;

/** Imports many sources, each with one of its files cut at another place, then all of them whole: each ends as one that was never cut. */
export async function expectAsWhole(
  format: Format,
  filesOf: NumberedFiles,
  randomCuts = RANDOM_CUTS,
): Promise<void> {
  const contents = Object.entries(filesOf(numberOf(0))).map(([name, content]) => ({
    name,
    bytes: Buffer.from(content),
  }));
  const count = Math.ceil(randomCuts / contents.length);
  const cuts = contents.flatMap(({ bytes }, file) =>
    placesIn(bytes, count).map((length) => ({ file, length })),
  );
  const whole = { file: 0, length: contents[0]!.bytes.length };
  const sources = [whole, ...cuts].map((cut, n) => ({ ...cut, number: numberOf(n) }));
  const { folder, write, repository } = await sourceLab(format);
  const places = sources.map(({ number }) => ({ format, path: join(folder, number) }));
  const run = () => importSessions(places, new RepositoryTarget(repository, DEFAULT_LIMITS));
  for (const { file, length, number } of sources) {
    const files = inFolder(number, filesOf(number));
    const [name, content] = files[file]!;
    // Every other source seems to be written just now.
    const at = Number(number.slice(1)) % 2 === 1 ? new Date() : undefined;
    await write({ ...Object.fromEntries(files), [name]: Buffer.from(content).subarray(0, length) }, at);
  }
  await run();
  for (const { number } of sources) await write(Object.fromEntries(inFolder(number, filesOf(number))));
  expect((await run()).faults).toEqual([]);
  const states = await statesByNumber(repository);
  for (const { file, length, number } of sources)
    expect(states.get(number), `${contents[file]!.name} cut at ${length}`).toEqual(states.get(numberOf(0)));
  expect((await run()).messages).toBe(0);
}

function inFolder(
  folder: string,
  files: Readonly<Record<string, string | Buffer>>,
): [name: string, content: string | Buffer][] {
  return Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content]);
}

function numberOf(n: number): string {
  return `n${String(n).padStart(4, '0')}`;
}

/** By the number of a source, the state of its sessions, without the number. */
async function statesByNumber(repository: SessionRepository): Promise<Map<string, unknown[]>> {
  const states = (await stateOf(repository)) as { id: string }[];
  const byNumber = Map.groupBy(states, ({ id }) => /n\d{4}/.exec(id)![0]);
  return new Map(
    [...byNumber].map(([number, found]) => [
      number,
      JSON.parse(JSON.stringify(found).replaceAll(number, '')) as unknown[],
    ]),
  );
}
