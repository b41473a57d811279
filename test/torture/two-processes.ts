import { verifyAtRest } from './at-rest.ts';
import { load } from './load.ts';
import { Model } from './model.ts';
import { Mutations } from './mutation.ts';
import { Fault, type Outcome, type Part, type PartOptions } from './part.ts';
import { Random } from './random.ts';
import { repeatedly } from './repeatedly.ts';
import { StoreProcess } from './store-process.ts';
import { inTemporaryDirectory } from './undo.ts';
import { verify } from './verify.ts';

const CONTENDERS = 3;
const MUTATIONS = 40;

/** Some that open the store at the same time: one gets it. The others are told who has it. */
async function contend(directory: string): Promise<StoreProcess> {
  const contenders = Array.from({ length: CONTENDERS }, () => new StoreProcess(directory));
  const outcomes = await Promise.all(contenders.map((store) => store.opened()));
  const owners = contenders.filter((_, n) => outcomes[n] === 'opened');
  await Promise.all(contenders.filter((store) => store !== owners[0]).map((store) => store.kill()));
  const [owner] = owners;
  if (!owner || owners.length > 1)
    throw new Fault(`${owners.length} of ${CONTENDERS} processes own the directory`);
  for (const outcome of outcomes) if (outcome !== 'opened') verifyRefused(outcome);
  return owner;
}

function verifyRefused(outcome: Awaited<ReturnType<StoreProcess['opened']>>): void {
  if (typeof outcome === 'string' || outcome.name !== 'DataDirectoryInUseError')
    throw new Fault(`a second process was not told that the directory is in use: ${JSON.stringify(outcome)}`);
}

/** The owner is stopped for a while, in the middle of its work: it stays the owner, and goes on. */
async function pauseUnderLoad(owner: StoreProcess, model: Model, mutations: Mutations, directory: string) {
  let left = MUTATIONS;
  const goOn = () => {
    left -= 1;
    if (left === MUTATIONS / 2) owner.pause();
    return left > 0;
  };
  const loaded = load(owner, model, mutations, { lanes: 4, storageErrors: 'fault', goOn });
  const second = new StoreProcess(directory);
  const refused = await second.opened();
  await second.kill();
  owner.resume();
  await loaded;
  verifyRefused(refused);
}

async function rivals({ seed }: PartOptions): Promise<Outcome> {
  const model = new Model();
  try {
    await inTemporaryDirectory(async (directory) => {
      const mutations = new Mutations(model, new Random(seed), 'm');
      const owner = await contend(directory);
      try {
        await pauseUnderLoad(owner, model, mutations, directory);
        await verify(model, owner.reader(), directory);
        owner.pause();
      } finally {
        await owner.kill();
      }
      // At once: nothing is left of the lock of a process that is gone.
      const next = await StoreProcess.open(directory);
      try {
        await verify(model, next.reader(), directory);
      } finally {
        await next.kill();
      }
      await verifyAtRest(model, directory);
    });
    return { rounds: 1, acknowledged: model.acknowledged, faults: [] };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { rounds: 1, acknowledged: model.acknowledged, faults: [error.message] };
  }
}

/** Processes that want the same directory. */
export const twoProcesses: Part = {
  name: 'two processes on one directory',
  rounds: (asked) => Math.ceil(asked / 30),
  whyNot: () => null,
  run: (options) => repeatedly(options, rivals),
};
