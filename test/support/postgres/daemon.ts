import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { ACCOUNT } from './account.ts';
import type { Guard } from './guard.ts';

export interface DaemonOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly guard: Guard;
  /** What the daemon writes to its standard error once it takes connections. */
  readonly ready: RegExp;
}

/** A server program that runs in the directory of its guard. */
export interface Daemon {
  readonly pid: number;
  /** Sends a signal, and resolves once the process has ended. */
  end(signal: NodeJS.Signals): Promise<void>;
}

const LINES_KEPT = 30;

/** Starts a server program, and resolves once it takes connections. It leads a process group. Throws, with what the program said, if it ends before. */
export async function startDaemon({ command, args, guard, ready }: DaemonOptions): Promise<Daemon> {
  const child = spawn(command, args, {
    ...ACCOUNT,
    cwd: guard.directory,
    detached: true,
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = endOf(child);
  const said: string[] = [];
  const lines = createInterface({ input: child.stderr });
  const isReady = new Promise<true>((resolve) => {
    lines.on('line', (line) => {
      said.push(line);
      if (said.length > LINES_KEPT) said.shift();
      if (ready.test(line)) resolve(true);
    });
  });
  if (child.pid !== undefined) guard.watch(child.pid);
  ended.then(() => guard.watch(undefined));
  const end = await Promise.race([isReady, ended]);
  if (end !== true)
    throw new Error(`expected ${command} to take connections, got ${end}: ${said.join('\n')}`);
  const stderr = child.stderr as Socket;
  child.unref();
  stderr.unref();
  return {
    pid: child.pid!,
    async end(signal) {
      child.ref();
      stderr.ref();
      child.kill(signal);
      await ended;
    },
  };
}

/** How the process ended. */
async function endOf(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = await once(child, 'close');
    return `its end (${signal ?? `exit code ${code}`})`;
  } catch (error) {
    return (error as Error).message;
  }
}
