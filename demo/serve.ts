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

/** Serves a data directory in a process of its own. Rejects if the server ends before it listens: it says why itself. */
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
  throw new Error('The server ended before it listened.');
}
