import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { owe } from '../torture/undo.ts';
import { type Attack, pickFor, type Scale } from './attack.ts';
import { type Callers, type Form, makeCallers } from './callers.ts';
import { ServerProcess } from './server-process.ts';
import { StoreWriter } from './store-writer.ts';

/** Where attacks run: a data directory with the sessions that they need, and its server, which is started again if one ends it. */
export class Place {
  readonly directory: string;
  /** The numbers of the writes of good clients that were acknowledged here. */
  readonly acknowledged: number[] = [];
  readonly #options: Attack['server'];
  readonly form: Form;
  readonly #remove: () => void;
  #callers: Callers | null = null;
  #server: ServerProcess | undefined;
  #attacked: ServerProcess | undefined;

  /** Writes the store of the attacks, which have the same options for their server. */
  static async make(attacks: readonly Attack[], scale: Scale, form: Form = 'anyone'): Promise<Place> {
    const place = new Place(attacks[0]?.server, form);
    const store = new StoreWriter(place.directory, form !== 'anyone');
    for (const { fill } of attacks) fill?.(store, pickFor(scale));
    await store.finish();
    place.#callers = await makeCallers(place.directory, form);
    return place;
  }

  private constructor(options: Attack['server'], form: Form) {
    this.form = form;
    const parent = mkdtempSync(join(tmpdir(), 'sessiontree-attacks-'));
    this.directory = join(parent, 'data');
    this.#options = options;
    this.#remove = owe(() => {
      this.#server?.kill();
      rmSync(parent, { recursive: true, force: true });
    });
  }

  /** The number for the next write of a good client: no number is used again. */
  get nextWrite(): number {
    return (this.acknowledged.at(-1) ?? 0) + 1_000_000;
  }

  async server(): Promise<ServerProcess> {
    if (!this.#server?.isRunning)
      this.#server = await ServerProcess.start({
        directory: this.directory,
        callers: this.#callers,
        ...this.#options,
      });
    return this.#server;
  }

  /** The server for an attack, and whether it is the first one on this server. */
  async serverForAttack(): Promise<{ readonly server: ServerProcess; readonly isFirst: boolean }> {
    const server = await this.server();
    const isFirst = server !== this.#attacked;
    this.#attacked = server;
    return { server, isFirst };
  }

  /** Stops the server as an operator does, so that `server` starts the next one. */
  async stop(): Promise<void> {
    if (this.#server?.isRunning) await this.#server.stop();
  }

  /** Ends the server and removes the directory. */
  async dispose(): Promise<void> {
    this.#server?.kill();
    await this.#server?.ended;
    this.#remove();
  }
}
