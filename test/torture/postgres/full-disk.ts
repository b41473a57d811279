import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { cp, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ACCOUNT } from '../../support/postgres/account.ts';
import { type PostgresServer, startPostgres } from '../../support/postgres/server.ts';
import { run, whyNoMounts } from '../commands.ts';
import { Fault, type Outcome, type Part, type PartOptions } from '../part.ts';
import { Random } from '../random.ts';
import type { Refusals } from '../refusals.ts';
import { owe } from '../undo.ts';
import type { Instances } from './instances.ts';
import { DURABLE, type Oracle, troubledRounds, withInstances } from './rounds.ts';

/** The tables are there. Without room for its log, PostgreSQL ends itself, as by kill -9: the log is elsewhere. */
const FOLDER = 'base';
const SIZE = '48m';
const ANSWERS = 80;
/** Milliseconds within which a full disk must be noticed. */
const PATIENCE_MS = 20_000;

/** A folder of the data directory that is a small disk of its own. */
class SmallDisk {
  readonly #filler: string;
  readonly #unmount: () => void;

  private constructor(path: string, unmount: () => void) {
    this.#filler = join(path, 'filler');
    this.#unmount = unmount;
  }

  static async mount(data: string): Promise<SmallDisk> {
    const path = join(data, FOLDER);
    const former = `${path}.former`;
    await rename(path, former);
    run('mkdir', path);
    run('mount', '-t', 'tmpfs', '-o', `size=${SIZE},mode=0700`, 'tmpfs', path);
    const unmount = owe(() => void run('umount', '-l', path));
    await cp(former, path, { recursive: true });
    if (ACCOUNT) run('chown', '-R', `${ACCOUNT.uid}:${ACCOUNT.gid}`, path);
    rmSync(former, { recursive: true });
    return new SmallDisk(path, unmount);
  }

  fill(): void {
    const file = openSync(this.#filler, 'a');
    try {
      for (const size of [1 << 20, 1 << 12]) {
        const zeros = Buffer.alloc(size);
        try {
          while (writeSync(file, zeros) === size);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        }
      }
    } finally {
      closeSync(file);
    }
  }

  makeRoom(): void {
    rmSync(this.#filler, { force: true });
  }

  unmount(): void {
    this.#unmount();
  }
}

/** The disk of the database runs full under load, and gets room again. */
export const fullDisk = (oracle: Oracle): Part => ({
  name: `a full disk, ${oracle}`,
  rounds: (asked) => Math.ceil(asked / 5),
  whyNot: whyNoMounts,
  run: (options) => onSmallDisk((place) => fullDisks(place, oracle, options)),
});

interface Place {
  readonly server: PostgresServer;
  readonly disk: SmallDisk;
}

async function onSmallDisk<T>(work: (place: Place) => Promise<T>): Promise<T> {
  let disk: SmallDisk | undefined;
  const server = await startPostgres({
    settings: { ...DURABLE, autovacuum: 'off' },
    async prepare(data) {
      disk = await SmallDisk.mount(data);
    },
  });
  try {
    return await work({ server, disk: disk! });
  } finally {
    await server.kill();
    disk!.unmount();
    await server.stop();
  }
}

function fullDisks({ server, disk }: Place, oracle: Oracle, options: PartOptions): Promise<Outcome> {
  const random = new Random(options.seed);
  return withInstances({ url: server.url, random }, (instances) =>
    troubledRounds(
      {
        url: server.url,
        instances,
        random,
        answers: ANSWERS,
        storageErrors: 'told',
        async strike(refusals) {
          disk.fill();
          const refusal = await firstRefusal(refusals);
          if (!refusal.startsWith('The disk of the database is full'))
            throw new Fault(`expected to be told of the full disk, got: ${refusal}`);
          await expectReads(instances);
          disk.makeRoom();
        },
      },
      oracle,
      options,
    ),
  );
}

/** What a mutation of the load that needs room is refused with. */
async function firstRefusal(refusals: Refusals): Promise<string> {
  const end = Date.now() + PATIENCE_MS;
  const before = refusals.count;
  while (refusals.count === before) {
    if (Date.now() > end) throw new Fault(`a full disk was not noticed in ${PATIENCE_MS / 1_000} s`);
    await delay(20);
  }
  return refusals.last;
}

async function expectReads(instances: Instances): Promise<void> {
  const order = { field: 'CREATED_AT', direction: 'ASC' } as const;
  const { items } = await instances.any.get('list', {}, order, { limit: 50, from: 'start' });
  await instances.any.get(
    'historyOf',
    items.map(({ id }) => ({ sessionId: id, page: { limit: 10, from: 'start' } })),
    2 ** 30,
  );
}
