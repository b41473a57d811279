import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningContender, START_TIMEOUT } from './contender.ts';

const CLI = join(import.meta.dirname, '../../src/cli.ts');
/** Milliseconds between two reads of its log. */
const LOOK = 5;
/** Milliseconds for a stop: the server finishes running requests within ten seconds. */
const STOP_TIMEOUT = 15_000;

/** Starts Sessiontree as its users do, with default flags. Its log goes to a file beside the data directory. */
export async function startSessiontree(directory: string): Promise<RunningContender> {
  const log = `${directory}.log`;
  const output = openSync(log, 'w');
  const child = spawn(process.execPath, [CLI, 'serve', '--port', '0', '--data', directory], {
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const ended = once(child, 'exit');
  // If the bench exits before it has stopped this server.
  const abandon = () => child.kill('SIGTERM');
  process.once('exit', abandon);
  const stop = async () => {
    process.off('exit', abandon);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT);
    child.kill('SIGTERM');
    await ended;
    clearTimeout(timer);
  };
  const started = performance.now();
  while (performance.now() - started < START_TIMEOUT && child.exitCode === null) {
    const url = /"url":"([^"]+)"/.exec(readFileSync(log, 'utf8'))?.[1];
    if (url !== undefined) return { url: new URL(url).origin, pid: child.pid!, stop };
    await sleep(LOOK);
  }
  await stop();
  throw new Error(`Sessiontree did not start; it said: ${readFileSync(log, 'utf8').slice(-1_000)}`);
}
