import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const CLI = join(import.meta.dirname, '../../src/cli.ts');

export interface ServeProcess {
  readonly pid: number;
  /** The endpoint of GraphQL. */
  readonly url: string;
  /** All lines of the log so far. */
  readonly log: readonly string[];
  /** Sends SIGTERM, and resolves once the process has ended. */
  stop(): Promise<void>;
  /** kill -9. Resolves once the process has ended. */
  kill(): Promise<void>;
}

/**
 * Starts `sessiontree serve` on a free port, and resolves once it listens. Rejects with its output if it does not start. `willEnd` is called
 * at once, with a function that stops the process: call it in any case.
 */
export async function spawnServe(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  willEnd: (stop: () => Promise<void>) => void,
): Promise<ServeProcess> {
  const child = spawn(process.execPath, [CLI, 'serve', '--port', '0', '--log-format', 'json', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
  };
  const stop = () => end('SIGTERM');
  willEnd(stop);
  const log: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  child.stderr.setEncoding('utf8').on('data', (text) => log.push(text));
  createInterface({ input: child.stdout }).on('line', (line) => {
    log.push(line);
    const url = /"url":"([^"]+)"/.exec(line)?.[1];
    if (url) resolve(url);
  });
  ended.then(() => reject(new Error(`The server ended: ${log.join('\n')}`)));
  const url = await promise;
  return { pid: child.pid!, url, log, stop, kill: () => end('SIGKILL') };
}
