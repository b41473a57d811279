import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** Syncs directories; callers during a running sync share the next one. */
export class DirectorySync {
  readonly #running = new Map<string, { current: Promise<void>; next: Promise<void> | null }>();

  sync(directory: string): Promise<void> {
    const state = this.#running.get(directory);
    if (!state) return this.#start(directory);
    // The running sync may have begun before the caller's change: only a later one is sure to include it.
    state.next ??= state.current.then(
      () => this.#start(directory),
      () => this.#start(directory),
    );
    return state.next;
  }

  #start(directory: string): Promise<void> {
    const current = syncDirectory(directory);
    const state: { current: Promise<void>; next: Promise<void> | null } = { current, next: null };
    this.#running.set(directory, state);
    const done = () => {
      if (this.#running.get(directory) === state && !state.next) this.#running.delete(directory);
    };
    current.then(done, done);
    return current;
  }
}

export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
