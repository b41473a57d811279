import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const CLI = join(import.meta.dirname, '../../../src/cli.ts');

/** A server that listens. */
export interface SpawnedServer {
  /** The URL of its API. */
  readonly url: string;
  /** Ends the server, and deletes its data. */
  stop(): Promise<void>;
}

/** Starts `sessiontree serve` with an empty data directory. Rejects if the server ends before it listens. */
export async function spawnServer(args: readonly string[] = []): Promise<SpawnedServer> {
  const data = await mkdtemp(join(tmpdir(), 'sessiontree-adapters-'));
  const child = spawn(process.execPath, [CLI, 'serve', '--port', '0', '--data', data, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(data, { recursive: true });
  };
  for await (const line of createInterface(child.stdout)) {
    const { url } = (line.startsWith('{') ? JSON.parse(line) : {}) as { url?: string };
    if (url === undefined) continue;
    child.stdout.resume();
    return { url, stop };
  }
  await stop();
  throw new Error(`Expected the server to listen, got its end: exit code ${child.exitCode}`);
}
