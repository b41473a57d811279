import { verifyAtRest } from './at-rest.ts';
import { load, mutate } from './load.ts';
import { Model } from './model.ts';
import { Mutations, type Weights } from './mutation.ts';
import { Fault, type Outcome, type Part, type PartOptions } from './part.ts';
import { Random } from './random.ts';
import { Refusals } from './refusals.ts';
import { repeatedly } from './repeatedly.ts';
import { SmallDisk, whyNoSmallDisk } from './small-disk.ts';
import { StoreProcess, type Surroundings } from './store-process.ts';
import { inTemporaryDirectory } from './undo.ts';
import { verify } from './verify.ts';

/** A place where room runs out. */
interface Confined {
  readonly directory: string;
  readonly surroundings: Surroundings;
  readonly weights: Weights;
  /** Makes room, for the store that runs or for one started anew. */
  makeRoom(): 'at once' | 'after a restart';
}

/** Refusals for want of room before there is room again. */
const ENOUGH_REFUSALS = 20;
/** What there is room for in no case. */
const TOO_MANY = 5_000;

/** Fills the store until it refuses, looks that nothing of what was refused is there, makes room, and goes on. */
async function fill(place: Confined, { seed }: PartOptions): Promise<Outcome> {
  const random = new Random(seed);
  const model = new Model();
  const mutations = new Mutations(model, random, 'm', place.weights);
  let store = await StoreProcess.open(place.directory, place.surroundings);
  try {
    const refusals = new Refusals(true);
    const goOn = (refusal: Parameters<Refusals['hear']>[0]) => {
      refusals.hear(refusal);
      if (model.acknowledged > TOO_MANY) throw new Fault('the disk is full, and nothing was refused');
      return refusals.count < ENOUGH_REFUSALS;
    };
    await load(store, model, mutations, { lanes: 4, storageErrors: 'nothing', goOn });
    await verify(model, store.reader(), place.directory);
    if (!store.said.some((said) => said.startsWith('error: ')))
      throw new Fault('the operator was told of nothing');

    if (place.makeRoom() === 'after a restart') {
      await store.close();
      store = await StoreProcess.open(place.directory);
    }
    for (const id of [...model.sessions.keys()].slice(0, 20)) {
      const answer = await mutate(store, model, mutations.append(id), 'nothing');
      if (answer === 'unanswered' || 'refusal' in answer)
        throw new Fault(`there is room again, and "${id}" takes no more: ${JSON.stringify(answer)}`);
    }
    await verify(model, store.reader(), place.directory);
    await store.close();
    await verifyAtRest(model, place.directory);
    return { rounds: 1, acknowledged: model.acknowledged, faults: [] };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const told = store.said.at(-1) ?? 'nothing';
    return {
      rounds: 1,
      acknowledged: model.acknowledged,
      faults: [`${error.message} (the operator was told last: ${told})`],
    };
  } finally {
    await store.kill();
  }
}

/** The disk is full, for the session files and for the index alike. */
export const fullDisk: Part = {
  name: 'a full disk',
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
};

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
            weights: { content: 900_000, largeContent: 1_900_000, largeCreations: 8, sessions: 2 },
            makeRoom: () => 'after a restart',
          },
          once,
        ),
      ),
    ),
};
