import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Callers } from './callers.ts';
import { type Answer, bodyOf, type Request, send } from './client.ts';
import { peakMb, resetPeak, residentMb } from './memory.ts';
import type { Told } from './report-delay.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Megabytes of V8's heap. */
const HEAP_MB = 512;
/** A server that has more resident is killed: the attack has succeeded, and the machine is needed. */
const CEILING_MB = 2_500;
const START_TIMEOUT_MS = 120_000;
const KEPT_LINES = 2_000;

export interface ServerOptions {
  readonly directory: string;
  readonly flags: readonly string[];
  /** The limit of open files, as by `ulimit -n`. */
  readonly descriptors: number;
  /** `unread`: after the start, nobody reads the log, which is a pipe. */
  readonly log: 'read' | 'unread';
  /** Runs with `--auth token`. What is sent without an Authorization header gets that of the attacker. */
  readonly callers: Callers | null;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The server did not start; the message has what it wrote. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

const running = new Set<ServerProcess>();
process.once('exit', () => {
  for (const server of running) server.kill();
});

/** A real server, `node src/cli.ts serve`, in a process of its own with a limit of its memory. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #watch: NodeJS.Timeout;
  readonly callers: Callers | null;
  #errors = '';
  #port = 0;
  #peakMb = 0;
  #isOverCeiling = false;
  /** Resolves once the process has ended. */
  readonly ended: Promise<Ended>;

  /** Starts a server and waits until it listens. Rejects with a StartError. */
  static async start(
    options: Pick<ServerOptions, 'directory'> & Partial<ServerOptions>,
  ): Promise<ServerProcess> {
    const server = new ServerProcess(options);
    const timer = setTimeout(() => server.kill(), START_TIMEOUT_MS);
    try {
      await server.#listening(options.log === 'unread');
      return server;
    } catch (error) {
      server.kill();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  private constructor({
    directory,
    flags = [],
    descriptors,
    callers = null,
  }: Pick<ServerOptions, 'directory'> & Partial<ServerOptions>) {
    this.callers = callers;
    const command = [
      process.execPath,
      `--max-old-space-size=${HEAP_MB}`,
      '--expose-gc',
      '--import',
      join(import.meta.dirname, 'report-delay.ts'),
      join(ROOT, 'src/cli.ts'),
      ...['serve', '--port', '0', '--data', directory, '--log-format', 'json'],
      ...(callers ? ['--auth', 'token'] : []),
      ...flags,
    ];
    const limited =
      descriptors === undefined
        ? command
        : ['bash', '-c', `ulimit -n ${descriptors}; exec "$@"`, 'bash', ...command];
    this.#child = spawn(limited[0]!, limited.slice(1), {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child.stderr!.on('data', (chunk: Buffer) => {
      if (this.#errors.length < 100_000) this.#errors += chunk.toString();
    });
    running.add(this);
    this.#watch = setInterval(() => this.#look(), 50).unref();
    this.ended = once(this.#child, 'exit').then(([code, signal]) => {
      running.delete(this);
      clearInterval(this.#watch);
      return { code, signal } as Ended;
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get port(): number {
    return this.#port;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The last lines of the log. */
  get log(): readonly string[] {
    return this.#lines;
  }

  /** What the process wrote to its standard error. */
  get errors(): string {
    return this.#errors;
  }

  /** True if the process was killed because it had more than `CEILING_MB` resident. */
  get isOverCeiling(): boolean {
    return this.#isOverCeiling;
  }

  /** The header of the attacker, as it stands in a request; empty without one. */
  get authorization(): string {
    return this.callers?.attacker == null ? '' : `Authorization: Bearer ${this.callers.attacker}\r\n`;
  }

  query(document: string, variables?: unknown, options?: Request): Promise<Answer> {
    return this.send({ ...options, body: bodyOf(document, variables) });
  }

  send(request: Request): Promise<Answer> {
    const { attacker = null } = this.callers ?? {};
    const headers = attacker === null ? request.headers : { ...bearer(attacker), ...request.headers };
    return send(this.port, { ...request, ...(headers && { headers }) });
  }

  /** What must be sent for the good client. */
  get good(): Request {
    return this.callers ? { headers: bearer(this.callers.good) } : {};
  }

  /** Sends a query that must be answered with data. */
  async read<Data>(document: string, variables?: unknown, options?: Request): Promise<Data> {
    const { text, status, code } = await this.query(document, variables, options);
    if (code !== 'ok') throw new Error(`A read got ${status} ${code}: ${text.slice(0, 300)}`);
    return (JSON.parse(text) as { data: Data }).data;
  }

  /** The largest number of megabytes that were resident since the last call of `forgetPeak`. */
  peakMb(): number {
    this.#look();
    return this.#peakMb;
  }

  residentMb(): number {
    return residentMb(this.pid);
  }

  /**
   * What the process tells of its event loop since the last `reset`, and of its memory after a collection; null if it does not
   * answer.
   */
  async told(message: 'tell' | 'reset' = 'tell'): Promise<Told | null> {
    if (!this.#child.connected) return null;
    const answer = once(this.#child, 'message', { signal: AbortSignal.timeout(30_000) });
    this.#child.send(message);
    return answer.then(([told]) => told as Told).catch(() => null);
  }

  /** Begins a measurement: forgets the peak of memory until now. Gives the megabytes that are resident. */
  forgetPeak(): number {
    if (this.isRunning) resetPeak(this.pid);
    this.#peakMb = 0;
    return this.residentMb();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Reads the log of a server that was started with an unread one. */
  readLog(): void {
    createInterface(this.#child.stdout!).on('line', (line) => this.#keep(line));
  }

  /** Closes the pipe of the log, as a reader does that ends. */
  closeLog(): void {
    this.#child.stdout!.destroy();
  }

  /** Stops it as an operator does. Resolves with its end and the milliseconds that it took; kills it after `ms`. */
  async stop(ms = 30_000): Promise<Ended & { readonly tookMs: number }> {
    const started = performance.now();
    const timer = setTimeout(() => this.kill(), ms);
    this.signal('SIGTERM');
    const end = await this.ended;
    clearTimeout(timer);
    return { ...end, tookMs: performance.now() - started };
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #keep(line: string): void {
    if (this.#lines.push(line) > KEPT_LINES) this.#lines.shift();
  }

  #look(): void {
    this.#peakMb = Math.max(this.#peakMb, peakMb(this.pid));
    if (residentMb(this.pid) < CEILING_MB || this.#isOverCeiling) return;
    this.#isOverCeiling = true;
    this.kill();
  }

  async #listening(isUnread: boolean): Promise<void> {
    const lines = createInterface(this.#child.stdout!);
    const url = new Promise<string>((resolve) => {
      lines.on('line', (line) => {
        this.#keep(line);
        const found = /"url":"([^"]+)"/.exec(line)?.[1];
        if (found && this.#port === 0) resolve(found);
      });
    });
    const ended = this.ended.then(({ code, signal }): never => {
      const why = this.#isOverCeiling ? `more than ${CEILING_MB} MB resident` : (signal ?? `code ${code}`);
      throw new StartError(
        `The server ended (${why}) before it listened: ${this.#errors}${this.#lines.at(-1) ?? ''}`,
      );
    });
    this.#port = Number(new URL(await Promise.race([url, ended])).port);
    if (isUnread) {
      lines.close();
      this.#child.stdout!.pause();
    }
  }
}
