import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Progress } from '../../src/repository/observer.ts';
import type { StorePlan } from '../stores/plan.ts';
import { vouchForSync } from '../stores/prepare.ts';

/** A process may take so many milliseconds until it is ready: an index may have to be built first. */
const START_TIMEOUT = 600_000;

/** A process that was forked, ready for use. */
export interface Started<Message> {
  readonly child: ChildProcess;
  /** What it said when it was ready. */
  readonly message: Message;
  /** From before it was started until then. */
  readonly milliseconds: number;
  /** Resolves once it has closed its store and ended. */
  stop(): Promise<void>;
}

/** Forks a script of the bench (`process/open.ts`) with a data directory. */
export async function start<Message>(
  script: string,
  directory: string,
  { execArgv = [], timeout = START_TIMEOUT }: { execArgv?: readonly string[]; timeout?: number } = {},
): Promise<Started<Message>> {
  const started = performance.now();
  const child = fork(join(import.meta.dirname, '..', script), [directory], { execArgv: [...execArgv] });
  const ended = once(child, 'exit');
  const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
  const message = await Promise.race([
    once(child, 'message').then(([first]) => first as Message),
    ended.then(([code, signal]) => {
      throw new Error(
        `${script} on ${directory} ended with ${signal ?? `code ${code}`} before it was ready.`,
      );
    }),
  ]).finally(() => clearTimeout(timer));
  const milliseconds = performance.now() - started;
  return {
    child,
    message,
    milliseconds,
    async stop() {
      if (child.connected) child.disconnect();
      const [code] = await ended;
      if (code !== 0) throw new Error(`${script} on ${directory} ended with code ${code}.`);
    },
  };
}

/** Megabytes of memory that the process has in use. */
export function residentMegabytes(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1_024;
}

/** Has the indexes of stores built that have none, and leaves them cleanly stopped. */
export async function openOnce(
  directory: string,
  plans: readonly StorePlan[],
  report: Progress,
): Promise<void> {
  for (const { name } of plans) {
    report(`Building the index of ${name}`, 0, 0);
    const store = await start('process/open.ts', join(directory, name));
    await store.stop();
    vouchForSync(join(directory, name));
  }
}
