import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const START_MILLISECONDS = 120_000;
const STOP_MILLISECONDS = 5_000;
/** Milliseconds between two checks whether the server answers. */
const LOOK_MILLISECONDS = 100;
/** Characters of its output that are kept for error messages. */
const KEPT_CHARACTERS = 4_000;

/** How to start another project's server. */
export interface ServerCommand {
  /** Its name in error messages. */
  readonly name: string;
  readonly file: string;
  readonly arguments: readonly string[];
  /** Its working directory. */
  readonly directory: string;
  /** Its whole environment. Nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  /** A URL that answers with a status of 2xx and JSON once the server is ready. */
  readonly readyUrl: string;
}

/** A running server. */
export interface ServerProcess {
  /** The started process. The server itself may be a child of it. */
  readonly pid: number;
  /** The answer of `readyUrl`. */
  readonly ready: unknown;
  /** Stops the server. Resolves once its process and all descendants have ended. */
  stop(): Promise<void>;
}

/** Rejects, with the end of its output, if the process ends or does not answer within two minutes. */
export async function startServerProcess(command: ServerCommand): Promise<ServerProcess> {
  const child = spawn(command.file, command.arguments, {
    cwd: command.directory,
    env: command.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = lastOutputOf(child);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? `code ${code}`}`));
  });
  // If the benchmark fails or exits before it has stopped this process.
  const abandon = () => kill(treeOf(child.pid), 'SIGKILL');
  process.once('exit', abandon);
  const stop = async () => {
    process.off('exit', abandon);
    await stopTree(child, ended);
  };
  try {
    const ready = await answerOf(command.readyUrl, ended);
    return { pid: child.pid!, ready, stop };
  } catch (error) {
    await stop();
    throw new Error(`${command.name}: ${(error as Error).message}. Its last output:\n${output()}`);
  }
}

/** A free port of the loopback interface. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

function lastOutputOf(child: ChildProcess): () => string {
  let kept = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      kept = (kept + text).slice(-KEPT_CHARACTERS);
    });
  }
  return () => kept;
}

async function answerOf(url: string, ended: Promise<string>): Promise<unknown> {
  const deadline = performance.now() + START_MILLISECONDS;
  let last = 'no answer';
  while (performance.now() < deadline) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
      if (response.ok) return await response.json();
      last = `status ${response.status}`;
      await response.body?.cancel();
    } catch (error) {
      last = String((error as Error).cause ?? error);
    }
    const end = await Promise.race([ended, sleep(LOOK_MILLISECONDS)]);
    if (end !== undefined) throw new Error(`expected an answer of ${url}, but ${end}`);
  }
  throw new Error(`expected an answer of ${url} within ${START_MILLISECONDS / 1_000} s, got ${last}`);
}

async function stopTree(child: ChildProcess, ended: Promise<string>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  // Listed before the first signal: a process that outlives its parent gets another parent.
  const tree = treeOf(child.pid);
  child.kill('SIGTERM');
  await Promise.race([ended, sleep(STOP_MILLISECONDS, undefined, { ref: false })]);
  const deadline = performance.now() + STOP_MILLISECONDS;
  while (tree.some(isAlive) && performance.now() < deadline) await sleep(LOOK_MILLISECONDS);
  kill(tree.filter(isAlive), 'SIGKILL');
  await ended;
}

/** The process and its descendants, parents before children. */
function treeOf(root: number | undefined): number[] {
  if (root === undefined) return [];
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const processes = lines.map((line) => line.trim().split(/\s+/).map(Number));
  const tree = [root];
  for (const parent of tree) {
    for (const [pid, ppid] of processes) if (ppid === parent) tree.push(pid!);
  }
  return tree;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function kill(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // The process has already ended.
    }
  }
}
