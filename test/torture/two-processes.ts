import { verifyAtRest } from './at-rest.ts';
import { MIXED } from './mutation.ts';
import { Fault, type Outcome, type Part, type PartOptions } from './part.ts';
import { Random } from './random.ts';
import { repeatedly } from './repeatedly.ts';
import { SharedSessions } from './shared-sessions.ts';
import { StoreProcess } from './store-process.ts';
import { inTemporaryDirectory } from './undo.ts';
import type { Workload } from './workload.ts';

const CONTENDERS = 3;
const MUTATIONS = 40;

/** Several processes open the store at the same time: one succeeds, and the others get an error that names the owner. */
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

/** The owner is paused in the middle of its work: it stays the owner, and continues. */
async function pauseUnderLoad(owner: StoreProcess, workload: Workload, directory: string) {
  let left = MUTATIONS;
  const goOn = () => {
    left -= 1;
    if (left === MUTATIONS / 2) owner.pause();
    return left > 0;
  };
  const loaded = workload.load(owner, {
    lanes: 4,
    prefix: 'm',
    weights: MIXED,
    storageErrors: 'fault',
    goOn,
  });
  const second = new StoreProcess(directory);
  const refused = await second.opened();
  await second.kill();
  owner.resume();
  await loaded;
  verifyRefused(refused);
}

async function rivals({ seed }: PartOptions): Promise<Outcome> {
  const workload = new SharedSessions(new Random(seed));
  try {
    await inTemporaryDirectory(async (directory) => {
      const owner = await contend(directory);
      try {
        await pauseUnderLoad(owner, workload, directory);
        await workload.verify(owner.reader(), directory);
        owner.pause();
      } finally {
        await owner.kill();
      }
      // Immediately: the system releases the lock of a process that has ended.
      const next = await StoreProcess.open(directory);
      try {
        await workload.verify(next.reader(), directory);
      } finally {
        await next.kill();
      }
      await verifyAtRest(workload, directory);
    });
    return { rounds: 1, acknowledged: workload.acknowledged, faults: [] };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { rounds: 1, acknowledged: workload.acknowledged, faults: [error.message] };
  }
}

/** Several processes on the same directory. */
export const twoProcesses: Part = {
  name: 'two processes on one directory',
  rounds: (asked) => Math.ceil(asked / 30),
  whyNot: () => null,
  run: (options) => repeatedly(options, rivals),
};
