import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, whyMissing, whyNoMounts } from './commands.ts';
import { owe } from './undo.ts';

export type FileSystem = 'ext4' | 'xfs';

const MAKE: Record<FileSystem, { command: string; flags: string[]; install: string }> = {
  ext4: { command: 'mkfs.ext4', flags: ['-q', '-F'], install: 'e2fsprogs' },
  xfs: { command: 'mkfs.xfs', flags: ['-q', '-f'], install: 'xfsprogs' },
};

/** The minimum for mkfs.xfs. The file is sparse. */
const SIZE = 320 * 1024 * 1024;

/** Why a loop disk cannot be created on this machine; null if it can. Tries it. */
export function whyNoLoopDisk(system: FileSystem): string | null {
  const { command, install } = MAKE[system];
  const missing = whyNoMounts() ?? whyMissing('xfs_io', 'xfsprogs') ?? whyMissing(command, install);
  if (missing !== null) return missing;
  try {
    new LoopDisk(system).dispose();
    return null;
  } catch (error) {
    return `no ${system} can be mounted on a loop device: ${(error as Error).message.trim()}`;
  }
}

/** A file system on a loop device, for simulated power cuts. */
export class LoopDisk {
  /** The mount point. */
  readonly directory: string;
  readonly #image: string;
  readonly #dispose: () => void;
  #mounted = false;

  constructor(system: FileSystem) {
    const home = mkdtempSync(join(tmpdir(), `sessiontree-${system}-`));
    this.#image = join(home, 'image');
    this.directory = join(home, 'mounted');
    this.#dispose = owe(() => {
      this.#unmount();
      rmSync(home, { recursive: true });
    });
    try {
      mkdirSync(this.directory);
      writeFileSync(this.#image, '');
      truncateSync(this.#image, SIZE);
      const { command, flags } = MAKE[system];
      run(command, ...flags, this.#image);
      this.#mount();
    } catch (error) {
      this.#dispose();
      throw error;
    }
  }

  /** From now on nothing reaches the disk; unsynced writes are lost. */
  cutPower(): void {
    run('xfs_io', '-x', '-c', 'shutdown', this.directory);
  }

  /** After `cutPower`, once no process has anything open on it. */
  restart(): void {
    this.#unmount();
    this.#mount();
  }

  dispose(): void {
    this.#dispose();
  }

  #mount(): void {
    run('mount', '-o', 'loop', this.#image, this.directory);
    this.#mounted = true;
  }

  #unmount(): void {
    if (this.#mounted) run('umount', this.directory);
    this.#mounted = false;
  }
}
