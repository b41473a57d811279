import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import type { Format } from '../../src/import/format.ts';
import { importSessions } from '../../src/import/import-sessions.ts';
import { RepositoryTarget } from '../../src/import/target/repository-target.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { type SessionState, stateOf } from './claude/support.ts';
import { sourceLab } from './source-lab.ts';

const IS_LONG = process.env.EACH_BYTE === '1';
/** The time that a test may take in the long form, beside others. */
export const LONG_FORM_MS = 3_600_000;
const RANDOM_CUTS = 200;
/** Sources in one store: bounds what the long form holds on the disk. */
const SOURCES_AT_ONCE = 1_000;

/** The files of the source with this number, such as `n00042`: alike but for the number, byte for byte. Ids of sessions have the number. */
export type NumberedFiles = (number: string) => Files | Promise<Files>;
type Files = Readonly<Record<string, string | Buffer>>;

/** What one of the files of a source is at the first import. */
export interface Cut {
  /** Its place in the list of the files. */
  readonly file: number;
  /** The bytes that are there; null: the file is not there. */
  readonly length: number | null;
}

export interface CutOptions {
  /** What is imported: a path in the folder of a source. Default: the folder. */
  readonly place?: string;
  /** Leaves out of the state of a session what an import cannot know that saw this cut first, as docs/import.md says. */
  readonly knowable?: (state: SessionState, cut: Cut) => unknown;
}

/**
 * Imports many sources, of each of which one file is cut: at each end of a line, at 200 random bytes of all files (in the long form at each
 * byte), or not there at all. Then completes them, and imports them again: each ends as one that was never cut.
 */
export async function expectAsWhole(
  format: Format,
  filesOf: NumberedFiles,
  options: CutOptions = {},
): Promise<void> {
  const cuts = cutsOf(Object.entries(await filesOf(numberOf(0))));
  for (let start = 0; start < cuts.length; start += SOURCES_AT_ONCE)
    await expectSomeAsWhole(format, filesOf, cuts.slice(start, start + SOURCES_AT_ONCE), options);
}

async function expectSomeAsWhole(
  format: Format,
  filesOf: NumberedFiles,
  cuts: readonly Cut[],
  { place = '', knowable = (state) => state }: CutOptions,
): Promise<void> {
  const names = Object.keys(await filesOf(numberOf(0)));
  const { folder, write, repository } = await sourceLab(format);
  const numbers = [...cuts.keys(), cuts.length].map(numberOf);
  /** Never cut. */
  const whole = numbers.at(-1)!;
  const places = numbers.map((number) => ({ format, path: join(folder, number, place) }));
  const run = () => importSessions(places, new RepositoryTarget(repository, DEFAULT_LIMITS));
  const inFolder = async (number: string) =>
    Object.entries(await filesOf(number)).map(([name, content]) => [join(number, name), content] as const);
  for (const [n, number] of numbers.entries()) {
    const files = new Map(await inFolder(number));
    if (cuts[n]) cutFile(files, cuts[n]);
    // Every other source seems to be written just now.
    await write(Object.fromEntries(files), n % 2 === 1 ? new Date() : undefined);
  }
  await run();
  for (const number of numbers) await write(Object.fromEntries(await inFolder(number)));
  expect((await run()).faults).toEqual([]);
  const states = await statesByNumber(repository);
  const wrong = cuts.flatMap((cut, n) => {
    const [found, expected] = [numbers[n]!, whole].map((number) =>
      states.get(number)!.map((state) => knowable(state, cut)),
    );
    return isDeepStrictEqual(found, expected) ? [] : [{ cut, found, expected }];
  });
  const cutsOfWrong = wrong.map(({ cut: { file, length } }) => `${names[file]} cut at ${length}`);
  expect(wrong[0]?.found, cutsOfWrong.join(', ')).toEqual(wrong[0]?.expected);
  expect(states.size).toBe(numbers.length);
  expect((await run()).messages).toBe(0);
  await rm(folder, { recursive: true });
}

function cutsOf(files: readonly [name: string, content: string | Buffer][]): Cut[] {
  const count = Math.ceil(RANDOM_CUTS / files.length);
  return files.flatMap(([_name, content], file) => {
    const bytes = Buffer.from(content);
    const lengths = IS_LONG ? [...bytes.keys()] : [...lineEnds(bytes), ...placesIn(bytes.length, count)];
    return [null, ...lengths].map((length) => ({ file, length }));
  });
}

function cutFile(files: Map<string, string | Buffer>, { file, length }: Cut): void {
  const [name, content] = [...files][file]!;
  if (length === null) files.delete(name);
  else files.set(name, Buffer.from(content).subarray(0, length));
}

/** Before and behind each newline. */
function lineEnds(bytes: Buffer): number[] {
  return [...bytes.entries()].flatMap(([place, byte]) => (byte === 0x0a ? [place, place + 1] : []));
}

/** A few places in `length` bytes, the same in each run: a failure can be repeated. */
function placesIn(length: number, count: number): number[] {
  let seed = 7;
  return Array.from({ length: Math.min(count, length) }, () => {
    seed = (seed * 48271) % 2147483647;
    return seed % length;
  });
}

function numberOf(n: number): string {
  return `n${String(n).padStart(5, '0')}`;
}

/** By the number of a source, the state of its sessions, without the number. */
async function statesByNumber(repository: SessionRepository): Promise<Map<string, SessionState[]>> {
  const byNumber = Map.groupBy(await stateOf(repository), ({ id }) => /n\d{5}/.exec(id)![0]);
  return new Map(
    [...byNumber].map(([number, found]) => [
      number,
      JSON.parse(JSON.stringify(found).replaceAll(number, '')) as SessionState[],
    ]),
  );
}
