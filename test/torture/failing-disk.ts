import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyAtRest } from './at-rest.ts';
import { tryRun, whyMissing } from './commands.ts';
import { load } from './load.ts';
import { Model } from './model.ts';
import { MIXED, Mutations } from './mutation.ts';
import { Fault, type Part, type PartOptions, SuiteError } from './part.ts';
import { Random } from './random.ts';
import { Refusals } from './refusals.ts';
import { repeatedly } from './repeatedly.ts';
import { StoreProcess } from './store-process.ts';
import { readTrace, writeAfterFailedSync } from './system-calls.ts';
import { inTemporaryDirectory } from './undo.ts';
import { verify } from './verify.ts';

const TRACED = 'openat,read,pread64,write,pwrite64,writev,pwritev,fsync,fdatasync,rename';
const FAILING = ['fdatasync', 'rename', 'fsync'] as const;
const MUTATIONS = 60;

/** Why system calls cannot be made to fail here; null where they can. Tries it. */
function whyNoInjection(): string | null {
  if (process.platform !== 'linux') return 'only Linux has strace';
  const missing = whyMissing('strace', 'strace');
  if (missing !== null) return missing;
  return tryRun('strace', '-f', '-o', '/dev/null', 'true') === null ? 'strace may not trace here' : null;
}

/** Some system call fails with EIO: the `when`th of its kind of each thread, and where it `stays` all later ones. */
interface Injection {
  readonly call: (typeof FAILING)[number];
  readonly when: number;
  readonly stays: boolean;
}

async function fail(options: PartOptions, { call, when, stays }: Injection, home: string): Promise<Model> {
  const directory = join(home, 'data');
  const trace = join(home, 'trace');
  const random = new Random(options.seed);
  const model = new Model();
  // Only large creations are synced and renamed by themselves.
  const weights = call === 'fdatasync' ? MIXED : { ...MIXED, largeCreations: 1 };
  const mutations = new Mutations(model, random, 'm', weights);
  // What fails is to be a mutation, not the making of a store.
  await (await StoreProcess.open(directory)).close();
  const inject = `inject=${call}:error=EIO:when=${when}${stays ? '+' : ''}`;
  const through = ['strace', '-f', '-y', '-o', trace, '-e', `trace=${TRACED}`, '-e', inject];
  // strace counts by thread: the calls of the store are to be made by one.
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
    await load(store, model, mutations, { lanes, storageErrors: 'nothing', goOn });
    await verify(model, store.reader(), directory);
    const told = store.said.filter((said) => said.startsWith('error: '));
    if (refusals.count > 0 && told.length === 0) throw new Fault('the operator was told of nothing');
    if (!stays && model.acknowledged < MUTATIONS / 2)
      throw new Fault(`one failure, and of ${MUTATIONS} mutations only ${model.acknowledged} were done`);
  } finally {
    await store.kill();
  }
  const calls = readTrace(readFileSync(trace, 'utf8'));
  if (!calls.some(({ injected }) => injected)) throw new SuiteError(`no ${call} was made to fail`);
  const path = writeAfterFailedSync(calls);
  if (path !== null)
    throw new Fault(`${path} was written to after a failed sync, without having been read back`);
  await verifyAtRest(model, directory);
  return model;
}

/** EIO from the calls that make writes durable. */
export const failingDisk: Part = {
  name: 'EIO from fdatasync, fsync, rename',
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
          const { acknowledged } = await fail(once, injection, home);
          return { rounds: 1, acknowledged, faults: [] };
        } catch (error) {
          if (!(error instanceof Fault)) throw error;
          const { call, when, stays } = injection;
          const which = `${call} ${when}${stays ? ' and all after it' : ''}`;
          return { rounds: 1, acknowledged: 0, faults: [`EIO from ${which}: ${error.message}`] };
        }
      }),
    ),
};
