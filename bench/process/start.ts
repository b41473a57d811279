import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Progress } from '../../src/repository/observer.ts';
import type { StorePlan } from '../stores/plan.ts';
import { vouchForSync } from '../stores/prepare.ts';

/** Milliseconds within which a process must be ready: it may have to build an index first. */
const START_TIMEOUT = 600_000;

/** A process that was forked, ready for use. */
export interface Started<Message> {
  readonly child: ChildProcess;
  /** The message with which it reported that it was ready. */
  readonly message: Message;
  /** Milliseconds from before its start until then. */
  readonly milliseconds: number;
  /** Closes the store. Resolves once the process has ended. */
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

/** The process's memory in megabytes. */
export function residentMegabytes(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1_024;
}

/** Builds the indexes of stores that have none, and stops them cleanly. */
export async function openOnce(
  directory: string,
  plans: readonly Pick<StorePlan, 'name'>[],
  report: Progress,
): Promise<void> {
  for (const { name } of plans) {
    report(`Building the index of ${name}`, 0, 0);
    const store = await start('process/open.ts', join(directory, name));
    await store.stop();
    vouchForSync(join(directory, name));
  }
}
