import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { openFileRepository } from '../../../../src/repository/files/open.ts';

/*
 * Redacts a message, or does another mutation, and is killed before the nth of the calls that write, rename or remove something. Ends with a list of these calls if
 * there are fewer.
 */

const [directory, nth, input, method = 'redact'] = process.argv.slice(2);
const calls: string[] = [];
let isArmed = false;

/** What a call is about, for the list. */
function before(name: string): void {
  if (!isArmed) return;
  calls.push(name);
  if (calls.length === Number(nth)) process.kill(process.pid, 'SIGKILL');
}

const writing = ['writeSync', 'renameSync', 'rmSync', 'unlinkSync', 'ftruncateSync', 'fsyncSync'] as const;
for (const name of writing) {
  const called = fs[name] as (...values: unknown[]) => unknown;
  Object.assign(fs, {
    [name]: (...values: unknown[]) => {
      before(name);
      return called(...values);
    },
  });
}
for (const name of ['unlink', 'rename'] as const) {
  const called = fs.promises[name] as (...values: unknown[]) => Promise<void>;
  Object.assign(fs.promises, {
    [name]: (...values: unknown[]) => {
      before(name);
      return called(...values);
    },
  });
}
syncBuiltinESMExports();

const repository = await openFileRepository({ directory: directory! });
isArmed = true;
const given = JSON.parse(input!) as never;
if (method === 'truncate') await repository.truncate(given, null);
else if (method === 'delete') await repository.delete(given);
else await repository.redact(given);
isArmed = false;
await repository.close();
process.stdout.write(calls.join('\n'));
