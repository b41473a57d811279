import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const CLI = join(import.meta.dirname, '../src/cli.ts');

export interface DemoServer {
  /** `http://127.0.0.1:4000` */
  readonly url: string;
  /** Resolves once the server has ended. */
  readonly ended: Promise<unknown>;
  /** Ends the server, as Ctrl-C does. */
  stop(): Promise<unknown>;
}

/** The server ended before it listened: the port or the data directory is in use, say. What it wrote to stderr says why. */
export class NotServedError extends Error {
  override name = 'NotServedError';
}

/** Serves a data directory in a process of its own. Rejects with a `NotServedError`. */
export async function serve(data: string, port: string): Promise<DemoServer> {
  const child = spawn(process.execPath, [CLI, 'serve', '--data', data, '--port', port], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url] = /(http:\/\/[\d.:]+)/.exec(line) ?? [];
    if (!url) continue;
    child.stdout.resume();
    return {
      url,
      ended,
      stop() {
        child.kill('SIGTERM');
        return ended;
      },
    };
  }
  throw new NotServedError(
    'The demo did not start: what is above must be mended first. Its options come after two dashes, such as: npm run demo -- --port 4001',
  );
}
