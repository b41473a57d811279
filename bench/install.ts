import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Installs the contenders, if they are missing or differ from the lock file. */
export function installPeers(): void {
  const lock = join(import.meta.dirname, 'package-lock.json');
  const installed = join(import.meta.dirname, 'node_modules/.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  process.stderr.write('Installing what is compared with …\n');
  // Not `npm ci`: one peer has a package per platform, and `npm ci` refuses a lock file that was made where some were not
  // available.
  const { status, error } = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund'], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    throw new Error(
      `npm install in bench/: ${error?.message ?? `it ended with code ${status}`}. See what it said, above.`,
    );
  }
}
