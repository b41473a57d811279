import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ACCOUNT } from './account.ts';
import { openGuard } from './guard.ts';

const run = promisify(execFile);

/** Where files outlive a run of the tests, whose own temporary directory does not. */
const KEPT = process.platform === 'win32' ? tmpdir() : '/var/tmp';

const INITDB = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];

/**
 * Writes a fresh data directory to `data`, whose folder belongs to the account of the daemons. `initdb` takes seconds, so that it runs
 * once on a machine for each version, and a copy is made of what it wrote.
 */
export async function writeDataDirectory(binaries: string, data: string): Promise<void> {
  await run('cp', ['-Rp', await templateOf(binaries), data], { ...ACCOUNT });
}

async function templateOf(binaries: string): Promise<string> {
  const { stdout } = await run(join(binaries, 'postgres'), ['--version'], { ...ACCOUNT, cwd: '/' });
  const uid = ACCOUNT?.uid ?? process.getuid?.();
  const version = /[\d.]+/.exec(stdout)![0];
  const template = join(KEPT, `sessiontree-postgres-template-${version}-of-${uid}`);
  if (!existsSync(template)) await makeTemplate(binaries, template);
  const owner = (await stat(template)).uid;
  if (uid !== undefined && owner !== uid) {
    throw new Error(`expected ${template} to belong to user ${uid}, got user ${owner}: remove it`);
  }
  return template;
}

async function makeTemplate(binaries: string, template: string): Promise<void> {
  const guard = await openGuard('initdb', KEPT);
  try {
    const data = join(guard.directory, 'data');
    await run(join(binaries, 'initdb'), [...INITDB, data], { ...ACCOUNT, cwd: guard.directory });
    await rename(data, template);
  } catch (error) {
    // Another process was first.
    if (!existsSync(template)) throw error;
  } finally {
    await guard.close();
  }
}
