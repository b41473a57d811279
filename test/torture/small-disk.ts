import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, whyNoMounts } from './commands.ts';
import { owe } from './undo.ts';

/** Why a small disk cannot be created on this machine; null if it can. Tries it. */
export function whyNoSmallDisk(): string | null {
  const missing = whyNoMounts();
  if (missing !== null) return missing;
  try {
    new SmallDisk(64).dispose();
    return null;
  } catch (error) {
    return `no tmpfs can be mounted: ${(error as Error).message.trim()}`;
  }
}

/** A disk that fills up quickly, and whose space can be freed again. */
export class SmallDisk {
  readonly directory: string;
  readonly #ballast: string;
  readonly #dispose: () => void;

  constructor(kibibytes: number) {
    this.directory = mkdtempSync(join(tmpdir(), 'sessiontree-small-'));
    this.#ballast = join(this.directory, 'ballast');
    let mounted = false;
    this.#dispose = owe(() => {
      if (mounted) run('umount', this.directory);
      rmdirSync(this.directory);
    });
    try {
      run('mount', '-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', this.directory);
      mounted = true;
    } catch (error) {
      this.#dispose();
      throw error;
    }
  }

  /** Uses up space. */
  load(kibibytes: number): void {
    writeFileSync(this.#ballast, Buffer.alloc(kibibytes * 1024));
  }

  /** Uses up all remaining space. */
  fill(): void {
    const descriptor = openSync(this.#ballast, 'a');
    try {
      for (;;) writeSync(descriptor, PAGE);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(descriptor);
    }
  }

  /** Frees the space. */
  unload(): void {
    rmSync(this.#ballast);
  }

  dispose(): void {
    this.#dispose();
  }
}

const PAGE = Buffer.alloc(4096);
