import { readdirSync, readFileSync } from 'node:fs';
import { sessionPath } from '../../src/repository/files/format/layout.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { judge } from './judge.ts';
import { targetOf } from './mutation.ts';
import { Fault, type Part } from './part.ts';
import { tryCases } from './sample.ts';
import { type Answers, ask, FILES, LIVING, MUTATIONS, Specimen } from './specimen.ts';
import { differenceOf, NOTHING, type State, stateAfter } from './state.ts';
import { inTemporaryDirectory, QUICK } from './undo.ts';

/**
 * A file is cut at any of its bytes, without an index (as after a crash that left none), and with an index that knows the whole
 * file.
 */
export const cutFiles: Part = {
  name: 'a file cut at a byte',
  rounds: () => Number.POSITIVE_INFINITY,
  whyNot: () => null,
  run: (options) =>
    inTemporaryDirectory(async (directory) => {
      const specimen = await Specimen.make(directory);
      const before = await during(specimen, ask);
      const sizes = FILES.map((path) => specimen.bytes(path).length);
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      return tryCases(2 * bytes, options, async (number) => {
        let length = number % bytes;
        let which = 0;
        for (; length >= sizes[which]!; which += 1) length -= sizes[which]!;
        const path = FILES[which]!;
        const withIndex = number >= bytes;
        try {
          await cut(specimen, before, path, length, withIndex);
        } catch (error) {
          const why = error instanceof Fault ? error.message : (error as Error).stack;
          throw new Fault(`${path} cut to ${length} bytes, ${withIndex ? '' : 'no '}index: ${why}`);
        }
      });
    }, QUICK),
};

async function during<T>(specimen: Specimen, use: (store: SessionRepository) => Promise<T>): Promise<T> {
  const store = await specimen.open();
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

async function cut(
  specimen: Specimen,
  before: Answers,
  path: string,
  length: number,
  withIndex: boolean,
): Promise<void> {
  specimen.restore();
  if (!withIndex) specimen.removeIndex();
  specimen.write(path, specimen.bytes(path).subarray(0, length));
  const id = LIVING.find((living) => sessionPath(living) === path);
  const after = await during(specimen, async (store) => {
    const answers = await ask(store);
    const fault =
      withIndex || !id
        ? judge(before, answers, path, specimen.forms)
        : judgeTorn(specimen, before, answers, id, length);
    if (fault !== null) throw new Fault(fault);
    const found = id && answers.sessions[id];
    if (found) await store.append({ sessionId: id, messages: AFTERWARDS });
    return answers;
  });
  if (!id) return;
  if (!withIndex) verifyKept(specimen, path, length);
  await verifyAfterwards(specimen, after, id);
}

const AFTERWARDS = [{ role: 'USER' as const, content: 'and on it goes' }];

/** Without an index, an incomplete end counts as never acknowledged, and the rest is unchanged. */
function judgeTorn(
  specimen: Specimen,
  before: Answers,
  after: Answers,
  id: (typeof LIVING)[number],
  length: number,
): string | null {
  const state = stateOfFirst(specimen.bytes(sessionPath(id)).subarray(0, length), id);
  const read = after.sessions[id];
  if (state === null) return judge(before, after, sessionPath(id), specimen.forms);
  if (!read) return `session "${id}" is gone, though its first line is whole`;
  const others = { ...after, sessions: { ...after.sessions, [id]: before.sessions[id]! } };
  return differenceOf(state, read) ?? judge(before, others, sessionPath(id), specimen.forms);
}

/** A session after those mutations that are complete in the first bytes of its file; null if its creation is not. */
function stateOfFirst(bytes: Buffer, id: string): State | null {
  const lines = bytes.toString('latin1').split('\n');
  const whole = lines.filter((line) => /,"crc":"[0-9a-f]{8}"\}$/.test(line));
  const complete = whole.filter((line) => {
    const { part, parts } = JSON.parse(line) as { part?: number; parts?: number };
    return part === parts;
  });
  const own = MUTATIONS.filter((mutation) => targetOf(mutation) === id);
  return complete.length === 0 ? null : stateAfter(NOTHING, own.slice(0, complete.length));
}

/** The cut bytes are kept in `torn/`. */
function verifyKept(specimen: Specimen, path: string, length: number): void {
  const left = specimen.bytes(path).subarray(0, length);
  const now = readFileSync(specimen.path(path));
  let same = 0;
  while (same < left.length && left[same] === now[same]) same += 1;
  if (same === left.length) return;
  const kept = readdirSync(specimen.path('torn')).map((name) => readFileSync(specimen.path(`torn/${name}`)));
  // The first of the cut bytes may equal those that were written in their place.
  if (
    !kept.some(
      (bytes) =>
        left.length - bytes.length <= same && left.subarray(left.length - bytes.length).equals(bytes),
    )
  )
    throw new Fault('what was cut off is not kept in torn/');
}

/** Writes after the cut are complete in the file: a new index finds them, and everything before them. */
async function verifyAfterwards(specimen: Specimen, then: Answers, id: string): Promise<void> {
  specimen.removeIndex();
  const now = await during(specimen, ask);
  const expected = then.sessions[id]?.history.map(({ content }) => content);
  const found = now.sessions[id]?.history.map(({ content }) => content);
  const whole = expected && [...expected, AFTERWARDS[0]!.content];
  if (found?.join('\n') !== whole?.join('\n'))
    throw new Fault(`after an append and a new index, session "${id}" holds ${found}, expected ${whole}`);
}
