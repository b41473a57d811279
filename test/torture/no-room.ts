import { verifyAtRest } from './at-rest.ts';
import type { Weights } from './mutation.ts';
import { Fault, type Outcome, type Part, type PartOptions } from './part.ts';
import { Random } from './random.ts';
import { Refusals } from './refusals.ts';
import { repeatedly } from './repeatedly.ts';
import { SmallDisk, whyNoSmallDisk } from './small-disk.ts';
import { StoreProcess, type Surroundings } from './store-process.ts';
import { inTemporaryDirectory } from './undo.ts';
import { WORKLOADS, type WorkloadName } from './workloads.ts';

/** A place that runs out of space. */
interface Confined {
  readonly directory: string;
  readonly surroundings: Surroundings;
  readonly weights: Weights;
  readonly work: WorkloadName;
  /** Makes room, for the running store or for a restarted one. */
  makeRoom(): 'at once' | 'after a restart';
}

/** Number of refusals for lack of space before room is made. */
const ENOUGH_REFUSALS = 20;
/** Acknowledged mutations after which the disk must have been full. */
const TOO_MANY = 5_000;

/** Number of mutations after room was made. */
const MUTATIONS_AFTERWARDS = 20;
/** Two large creations among them could fill the disk again. */
const NONE_LARGE = { largeCreations: Number.MAX_SAFE_INTEGER };

/** Fills the store until it refuses mutations, checks that refused ones left nothing behind, makes room, and continues. */
async function fill(place: Confined, { seed }: PartOptions): Promise<Outcome> {
  const random = new Random(seed);
  const { weights } = place;
  const workload = WORKLOADS[place.work](random);
  let store = await StoreProcess.open(place.directory, place.surroundings);
  try {
    const refusals = new Refusals(true);
    const goOn = (refusal: Parameters<Refusals['hear']>[0]) => {
      refusals.hear(refusal);
      if (workload.acknowledged > TOO_MANY) throw new Fault('the disk is full, and nothing was refused');
      return refusals.count < ENOUGH_REFUSALS;
    };
    await workload.load(store, { lanes: 4, prefix: 'm', weights, storageErrors: 'nothing', goOn });
    await workload.verify(store.reader(), place.directory);
    if (!store.said.some((said) => said.startsWith('error: ')))
      throw new Fault('the operator was told of nothing');

    if (place.makeRoom() === 'after a restart') {
      await store.close();
      store = await StoreProcess.open(place.directory);
    }
    await workload.sendMore(store, MUTATIONS_AFTERWARDS, {
      prefix: 'n',
      weights: { ...weights, ...NONE_LARGE },
    });
    await workload.verify(store.reader(), place.directory);
    await store.close();
    await verifyAtRest(workload, place.directory);
    return { rounds: 1, acknowledged: workload.acknowledged, faults: [] };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const told = store.said.at(-1) ?? 'nothing';
    return {
      rounds: 1,
      acknowledged: workload.acknowledged,
      faults: [`${error.message} (the operator was told last: ${told})`],
    };
  } finally {
    await store.kill();
  }
}

/** The disk is full, for session files and index alike. */
export const fullDisk = (work: WorkloadName): Part => ({
  name: `a full disk, ${work}`,
  rounds: (asked) => Math.ceil(asked / 30),
  whyNot: whyNoSmallDisk,
  run: (options) =>
    repeatedly(options, async (once) => {
      const disk = new SmallDisk(9_000);
      try {
        disk.load(6_000);
        return await fill(
          {
            directory: disk.directory,
            surroundings: {},
            work,
            weights: { content: 3_000, largeContent: 200_000, largeCreations: 8, sessions: 40 },
            makeRoom() {
              disk.unload();
              return 'at once';
            },
          },
          once,
        );
      } finally {
        disk.dispose();
      }
    }),
});

/** No file may pass 8 MiB: the index stays well below, the sessions do not. */
const CONFINED = ['bash', '-c', 'trap \'\' XFSZ; ulimit -f 8192; exec "$0" "$@"'];

/** The system sets a limit to the size of files. */
export const fileSizeLimit: Part = {
  name: 'a file-size limit',
  rounds: (asked) => Math.ceil(asked / 100),
  whyNot: () => (process.platform === 'win32' ? 'there is no ulimit' : null),
  run: (options) =>
    repeatedly(options, (once) =>
      inTemporaryDirectory((directory) =>
        fill(
          {
            directory,
            surroundings: { through: CONFINED },
            work: 'shared sessions',
            weights: { content: 900_000, largeContent: 1_900_000, largeCreations: 8, sessions: 2 },
            makeRoom: () => 'after a restart',
          },
          once,
        ),
      ),
    ),
};
