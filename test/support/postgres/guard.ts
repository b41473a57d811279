import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ACCOUNT } from './account.ts';

/** Reads the process id of the running daemon, or an empty line if there is none, until the pipe ends: also when this process was killed. */
const SCRIPT = `
pid=
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then
  kill -QUIT "$pid"
  tries=0
  while kill -0 "$pid" && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
  kill -KILL -- "-$pid"
fi
rm -rf -- "$1"
`;

/** A temporary directory of a daemon. Both end with this process, however it ends. */
export interface Guard {
  readonly directory: string;
  /** Says which process is to end with this one: the leader of a process group, or none. */
  watch(pid: number | undefined): void;
  /** Ends the daemon if one is watched, and resolves once it is gone and the directory is removed. */
  close(): Promise<void>;
}

/** Makes a temporary directory, in `parent`, that belongs to the account of the daemons. */
export async function openGuard(name: string, parent = tmpdir()): Promise<Guard> {
  const directory = await mkdtemp(join(parent, `sessiontree-${name}-`));
  // A session of its own: an interrupt from the terminal is for the tests alone.
  const keeper = spawn('/bin/sh', ['-c', SCRIPT, 'guard', directory], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const gone = once(keeper, 'exit');
  keeper.unref();
  if (ACCOUNT) await chown(directory, ACCOUNT.uid, ACCOUNT.gid);
  return {
    directory,
    watch(pid) {
      keeper.stdin.write(`${pid ?? ''}\n`);
    },
    async close() {
      keeper.ref();
      keeper.stdin.end();
      if (keeper.exitCode === null) await gone;
    },
  };
}
