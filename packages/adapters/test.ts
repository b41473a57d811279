import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `npm run test:adapters [-- FILES]`: installs the SDKs into `packages/adapters/node_modules` if they are not there as `package-lock.json` says,
 * without optional dependencies (hundreds of megabytes of programs for each platform), then checks the types and runs the tests.
 */
const ADAPTERS = import.meta.dirname;
const ROOT = join(ADAPTERS, '../..');
const LOCK = join(ADAPTERS, 'package-lock.json');
/** A copy of the lock file that was installed last. */
const INSTALLED = join(ADAPTERS, 'node_modules/installed-lock.json');
const BIN = join(ROOT, 'node_modules/.bin');

if (!existsSync(INSTALLED) || readFileSync(INSTALLED, 'utf8') !== readFileSync(LOCK, 'utf8')) {
  process.stderr.write('Installing the SDKs that the adapters are tested with…\n');
  run('npm', ['ci', '--omit=optional', '--no-audit', '--no-fund']);
  writeFileSync(INSTALLED, readFileSync(LOCK));
}
run(join(BIN, 'tsc'), ['--noEmit', '-p', ADAPTERS]);
run(join(BIN, 'vitest'), ['run', '--config', join(ADAPTERS, 'vitest.config.ts'), ...process.argv.slice(2)]);

/** Ends this process as the command ended, if it failed. */
function run(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { cwd: ADAPTERS, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
