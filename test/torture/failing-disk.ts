import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyAtRest } from './at-rest.ts';
import { tryRun, whyMissing } from './commands.ts';
import { MIXED } from './mutation.ts';
import { Fault, type Part, type PartOptions, SuiteError } from './part.ts';
import { Random } from './random.ts';
import { Refusals } from './refusals.ts';
import { repeatedly } from './repeatedly.ts';
import { StoreProcess } from './store-process.ts';
import { readTrace, writeAfterFailedSync } from './system-calls.ts';
import { inTemporaryDirectory } from './undo.ts';
import type { Workload } from './workload.ts';
import { WORKLOADS, type WorkloadName } from './workloads.ts';

const TRACED = 'openat,read,pread64,write,pwrite64,writev,pwritev,fsync,fdatasync,rename,unlink';
const FAILING = ['fdatasync', 'rename', 'fsync'] as const;
const MUTATIONS = 60;

/** Why system calls cannot be made to fail on this machine; null if they can. Tries it. */
function whyNoInjection(): string | null {
  if (process.platform !== 'linux') return 'only Linux has strace';
  const missing = whyMissing('strace', 'strace');
  if (missing !== null) return missing;
  return tryRun('strace', '-f', '-o', '/dev/null', 'true') === null ? 'strace may not trace here' : null;
}

/** A system call fails with EIO: the `when`th of its kind in each thread and, with `stays`, all later ones. */
interface Injection {
  readonly call: (typeof FAILING)[number];
  readonly when: number;
  readonly stays: boolean;
}

async function fail(
  work: WorkloadName,
  options: PartOptions,
  { call, when, stays }: Injection,
  home: string,
): Promise<Workload> {
  const directory = join(home, 'data');
  const trace = join(home, 'trace');
  const random = new Random(options.seed);
  const workload = WORKLOADS[work](random);
  // Only files of large creations are synced and renamed individually.
  const weights = call === 'fdatasync' ? MIXED : { ...MIXED, largeCreations: 1 };
  // A mutation should fail, not the creation of the store.
  await (await StoreProcess.open(directory)).close();
  const inject = `inject=${call}:error=EIO:when=${when}${stays ? '+' : ''}`;
  const through = ['strace', '-f', '-y', '-o', trace, '-e', `trace=${TRACED}`, '-e', inject];
  // strace counts per thread, so the store's calls must come from a single thread.
  const store = await StoreProcess.open(directory, { through, environment: { UV_THREADPOOL_SIZE: '1' } });
  try {
    const refusals = new Refusals(false);
    let left = MUTATIONS;
    const goOn = (refusal: Parameters<Refusals['hear']>[0]) => {
      refusals.hear(refusal);
      left -= 1;
      return left > 0;
    };
    const lanes = random.oneIn(2) ? 1 : 4;
    await workload.load(store, { lanes, prefix: 'm', weights, storageErrors: 'nothing', goOn });
    await workload.verify(store.reader(), directory);
    const told = store.said.filter((said) => said.startsWith('error: '));
    if (refusals.count > 0 && told.length === 0) throw new Fault('the operator was told of nothing');
    if (!stays && workload.acknowledged < MUTATIONS / 2)
      throw new Fault(`one failure, and of ${MUTATIONS} mutations only ${workload.acknowledged} were done`);
  } finally {
    await store.kill();
  }
  const calls = readTrace(readFileSync(trace, 'utf8'));
  if (!calls.some(({ injected }) => injected)) throw new SuiteError(`no ${call} was made to fail`);
  const path = writeAfterFailedSync(calls);
  if (path !== null)
    throw new Fault(`${path} was written to after a failed sync, without having been read back`);
  await verifyAtRest(workload, directory);
  return workload;
}

/** EIO from the calls that make writes durable. */
export const failingDisk = (work: WorkloadName): Part => ({
  name: `EIO from fdatasync, fsync, rename, ${work}`,
  rounds: (asked) => Math.ceil(asked / 10),
  whyNot: whyNoInjection,
  run: (options) =>
    repeatedly(options, (once, round) =>
      inTemporaryDirectory(async (home) => {
        const random = new Random(once.seed);
        const injection: Injection = {
          call: FAILING[round % FAILING.length]!,
          when: 2 + random.below(8),
          stays: random.oneIn(4),
        };
        try {
          const { acknowledged } = await fail(work, once, injection, home);
          return { rounds: 1, acknowledged, faults: [] };
        } catch (error) {
          if (!(error instanceof Fault)) throw error;
          const { call, when, stays } = injection;
          const which = `${call} ${when}${stays ? ' and all after it' : ''}`;
          return { rounds: 1, acknowledged: 0, faults: [`EIO from ${which}: ${error.message}`] };
        }
      }),
    ),
});
