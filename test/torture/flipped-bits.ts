import { operationOf } from '../../src/model/operation.ts';
import type { SessionReader, SessionRepository } from '../../src/repository/repository.ts';
import { judge } from './judge.ts';
import { Fault, type Part } from './part.ts';
import { tryCases } from './sample.ts';
import { type Answers, ask, FILES, Specimen } from './specimen.ts';
import { inTemporaryDirectory, QUICK } from './undo.ts';

/** The state in which a file is damaged: without an index, or with an index that considers the file unchanged. */
type Beside = 'no index' | 'index';

interface Target {
  readonly path: string;
  readonly beside: Beside;
}

const everyFile = (beside: Beside): Target[] => FILES.map((path) => ({ path, beside }));
const CACHES: Target[] = ['index.db', 'index.clean.json'].map((path) => ({ path, beside: 'index' }));

/** Flips one bit of one file, and keeps the file's size and mtime. */
function flippedBits(name: string, targets: readonly Target[], rounds: number): Part {
  return {
    name,
    rounds: () => rounds,
    whyNot: () => null,
    run: (options) =>
      inTemporaryDirectory(async (directory) => {
        const specimen = await Specimen.make(directory);
        const before = await asked(specimen, 'index');
        const sizes = targets.map(({ path }) => specimen.bytes(path).length * 8);
        const count = sizes.reduce((sum, size) => sum + size, 0);
        return tryCases(count, options, async (number) => {
          let bit = number;
          let which = 0;
          for (; bit >= sizes[which]!; which += 1) bit -= sizes[which]!;
          await flip(specimen, before, targets[which]!, bit);
        });
      }, QUICK),
  };
}

async function asked(specimen: Specimen, beside: Beside): Promise<Answers> {
  specimen.restore();
  if (beside === 'no index') specimen.removeIndex();
  const store = await specimen.open();
  try {
    return await ask(store);
  } finally {
    await store.close();
  }
}

async function flip(
  specimen: Specimen,
  before: Answers,
  { path, beside }: Target,
  bit: number,
): Promise<void> {
  const bytes = Buffer.from(specimen.bytes(path));
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  specimen.restore();
  if (beside === 'no index') specimen.removeIndex();
  specimen.write(path, bytes);
  const place = `bit ${bit & 7} of byte ${bit >> 3} of ${path}, ${beside}`;
  let store: SessionReader | undefined;
  try {
    // Opening for reading is faster, but only an owner can be asked about deleted sessions.
    const owner = beside === 'index' || path === 'store.jsonl' ? await specimen.open() : null;
    store = owner ?? (await specimen.openForReading());
    const after = await ask(store);
    const fault = judge(before, after, path, specimen.forms) ?? judgeCache(before, after, path);
    if (fault !== null) throw new Fault(fault);
    if (owner && !after.reported.has('store.jsonl')) await verifyDeletion(owner);
    await store.close();
  } catch (error) {
    await store?.close();
    throw new Fault(`${place}: ${error instanceof Fault ? error.message : (error as Error).stack}`);
  }
}

/** The index is a cache: nothing is lost, so there is nothing to report. */
function judgeCache(before: Answers, after: Answers, path: string): string | null {
  if (FILES.includes(path)) return null;
  const reported = [...after.reported];
  return before.listed.join() === after.listed.join() && reported.length === 0
    ? null
    : `the list is ${after.listed}, expected ${before.listed}; reported: ${reported}`;
}

/** The id of a deleted session stays taken, and a late retry is answered as the first time. */
async function verifyDeletion(store: SessionRepository): Promise<void> {
  const created = await store.create({ id: 'gone' }).catch(({ name }: Error) => name);
  if (created !== 'SessionExistsError') throw new Fault('the id of a deleted session can be taken again');
  const operation = operationOf('delete-gone', 'mutation', 'delete-gone');
  const again = await store
    .delete({ sessionId: 'gone', mode: 'CASCADE' }, operation)
    .catch((error: Error) => error);
  if (again instanceof Error || again.deletedIds.join() !== 'gone')
    throw new Fault(`the retry of a deletion was answered ${JSON.stringify(again)}`);
}

export const flippedBitsOfFiles = flippedBits(
  'a flipped bit in a file',
  [...everyFile('no index'), ...everyFile('index')],
  Number.POSITIVE_INFINITY,
);

export const flippedBitsOfIndex = flippedBits('a flipped bit in the index', CACHES, 5_000);
