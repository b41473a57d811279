import { SuiteError } from '../part.ts';
import type { Random } from '../random.ts';
import { StoreProcess } from '../store-process.ts';
import type { Reader, StorageErrors, Target } from '../workload.ts';
import type { Ports } from './serve.ts';

/** What clients follow: a store that one process serves, or several of them do. Mutations go to any of these. */
export interface LiveStores extends Target {
  /** The meaning of a StorageError. */
  readonly storageErrors: StorageErrors;
  /** Where each process serves; none while the store is closed. */
  readonly ports: readonly Ports[];
  reader(): Reader;
  open(): Promise<void>;
  /** In order. */
  close(): Promise<void>;
  /** kill -9 of all. */
  kill(): Promise<void>;
  /** What happens to the store under load. Calls `moved` when `ports` have changed, and resolves once all of the store is there again. */
  readonly strike?: (moved: () => void) => Promise<void>;
}

/** Processes of the suite that have a store open and serve it. */
export class OpenStores implements LiveStores {
  readonly treeLogSize = 0;
  readonly storageErrors = 'fault';
  readonly #place: string;
  readonly #count: number;
  readonly #random: Random;
  #open: readonly StoreProcess[] = [];

  /** `place` is a data directory, or the URL of a database, which several can have open. */
  constructor(place: string, random: Random, count = 1) {
    this.#place = place;
    this.#random = random;
    this.#count = count;
  }

  get ports(): readonly Ports[] {
    return this.#open.map(({ ports }) => ports!);
  }

  get mutate(): Target['mutate'] {
    return (mutation) => this.#any.mutate(mutation);
  }

  reader(): Reader {
    return this.#any.reader();
  }

  async open(): Promise<void> {
    const open = () => StoreProcess.open(this.#place, { serves: true });
    this.#open = await Promise.all(Array.from({ length: this.#count }, open));
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = [];
    await Promise.all(open.map((store) => store.close()));
  }

  /** What was sent to them before stays without an answer. */
  async kill(): Promise<void> {
    await Promise.all(this.#open.map((store) => store.kill()));
  }

  get #any(): StoreProcess {
    if (this.#open.length === 0) throw new SuiteError('No process has the store open.');
    return this.#random.pick(this.#open);
  }
}
