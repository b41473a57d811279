import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { cp, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ACCOUNT } from '../../support/postgres/account.ts';
import { type PostgresServer, startPostgres } from '../../support/postgres/server.ts';
import { run } from '../commands.ts';
import { Fault } from '../part.ts';
import type { Refusals } from '../refusals.ts';
import { owe } from '../undo.ts';
import { DURABLE } from './rounds.ts';

/** A folder of the data directory that is a small disk of its own. */
export class SmallFolder {
  readonly #filler: string;
  readonly #unmount: () => void;

  private constructor(path: string, unmount: () => void) {
    this.#filler = join(path, 'filler');
    this.#unmount = unmount;
  }

  /** Puts what is in the folder on a disk of this size, as `mount` takes it. */
  static async mount(data: string, folder: string, size: string): Promise<SmallFolder> {
    const path = join(data, folder);
    const former = `${path}.former`;
    await rename(path, former);
    run('mkdir', path);
    run('mount', '-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', path);
    const unmount = owe(() => void run('umount', '-l', path));
    await cp(former, path, { recursive: true });
    if (ACCOUNT) run('chown', '-R', `${ACCOUNT.uid}:${ACCOUNT.gid}`, path);
    rmSync(former, { recursive: true });
    return new SmallFolder(path, unmount);
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

export interface SmallPlace {
  readonly server: PostgresServer;
  readonly disk: SmallFolder;
}

/** Runs `work` with a PostgreSQL of its own, which has a folder on a small disk. */
export async function withSmallFolder<T>(
  folder: string,
  size: string,
  settings: Readonly<Record<string, string | number>>,
  work: (place: SmallPlace) => Promise<T>,
): Promise<T> {
  let disk: SmallFolder | undefined;
  const server = await startPostgres({
    settings: { ...DURABLE, ...settings },
    async prepare(data) {
      disk = await SmallFolder.mount(data, folder, size);
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

/** What a mutation of the load that needs room is refused with. Throws a Fault if it takes longer. */
export async function firstRefusal(refusals: Refusals, patienceMs: number): Promise<string> {
  const end = Date.now() + patienceMs;
  const before = refusals.count;
  while (refusals.count === before) {
    if (Date.now() > end) throw new Fault(`a full disk was not noticed in ${patienceMs / 1_000} s`);
    await delay(20);
  }
  return refusals.last;
}
