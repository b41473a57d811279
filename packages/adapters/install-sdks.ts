import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOrExit } from './run-or-exit.ts';

const LOCK = join(import.meta.dirname, 'package-lock.json');
/** A copy of the lock file that was installed last. */
const INSTALLED = join(import.meta.dirname, 'node_modules/installed-lock.json');

/**
 * Installs the SDKs into `packages/adapters/node_modules` if they are not there as `package-lock.json` says, without optional dependencies
 * (hundreds of megabytes of programs for each platform). The adapters are compiled and tested with them.
 */
export function installSdks(): void {
  if (existsSync(INSTALLED) && readFileSync(INSTALLED, 'utf8') === readFileSync(LOCK, 'utf8')) return;
  process.stderr.write('Installing the SDKs that the adapters are compiled and tested with…\n');
  runOrExit('npm', ['ci', '--omit=optional', '--no-audit', '--no-fund'], import.meta.dirname);
  writeFileSync(INSTALLED, readFileSync(LOCK));
}
