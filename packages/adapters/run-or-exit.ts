import { spawnSync } from 'node:child_process';

/** Runs a command in a directory. Ends this process as the command ended, if it failed. */
export function runOrExit(command: string, args: readonly string[], cwd: string): void {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
