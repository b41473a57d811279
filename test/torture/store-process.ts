import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SessionReader, SessionRepository } from '../../src/repository/repository.ts';
import { BREAK_VARIABLE, HOOK, HOOK_FAILED } from './break-names.ts';
import { Fault, SuiteError } from './part.ts';
import { owe } from './undo.ts';
import type { Call, Refusal, Told } from './worker.ts';

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));
/** Longer than anything takes on a busy machine: a store that is silent for so long hangs. */
const PATIENCE = 60_000;

export type Answer<T> = { readonly value: T } | { readonly refusal: Refusal } | 'unanswered';

type Method = keyof SessionRepository;
type Result<M extends Method> = Awaited<ReturnType<SessionRepository[M]>>;

/** The command before the one that starts the store, such as `strace …`, and variables for it. */
export interface Surroundings {
  readonly through?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** A store in a process of its own. */
export class StoreProcess {
  /** What it said to its operator, as `level: message`. */
  readonly said: string[] = [];
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer<unknown>) => void>();
  readonly #opened = Promise.withResolvers<Refusal | 'opened' | 'unanswered'>();
  #stderr = '';
  #calls = 0;
  #gone = false;

  constructor(directory: string, { through = [], environment = {} }: Surroundings = {}) {
    const imports = process.env[BREAK_VARIABLE] ? ['--import', HOOK] : [];
    const command = [...through, process.execPath, ...imports, WORKER, directory];
    // A group of its own, so that a kill reaches the store and what it runs under.
    this.#child = spawn(command[0]!, command.slice(1), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
      detached: true,
      env: { ...process.env, ...environment },
    });
    const forget = owe(() => this.#signal('SIGKILL'));
    this.#child.stderr!.on('data', (chunk) => {
      this.#stderr = (this.#stderr + chunk).slice(-4_000);
    });
    this.#child.on('message', (told: Told) => this.#hear(told));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.exited = promise;
    this.#child.on('close', () => {
      this.#gone = true;
      forget();
      this.#opened.resolve('unanswered');
      for (const answer of this.#waiting.values()) answer('unanswered');
      this.#waiting.clear();
      resolve();
    });
  }

  /** A store that is open. Throws a Fault where it does not open. */
  static async open(directory: string, surroundings?: Surroundings): Promise<StoreProcess> {
    const store = new StoreProcess(directory, surroundings);
    const opened = await store.opened();
    if (opened === 'opened') return store;
    await store.kill();
    if (store.#child.exitCode === HOOK_FAILED) throw new SuiteError(store.#stderr);
    const why = opened === 'unanswered' ? `it ended: ${store.#stderr}` : `${opened.name}: ${opened.message}`;
    throw new Fault(`the store does not open: ${why}`);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Resolves once it is open, or has refused, or is gone. */
  opened(): Promise<Refusal | 'opened' | 'unanswered'> {
    return this.#patiently(this.#opened.promise, 'opening');
  }

  call<M extends Method>(method: M, ...args: Parameters<SessionRepository[M]>): Promise<Answer<Result<M>>> {
    this.#calls += 1;
    const call: Call = { number: this.#calls, method, args };
    const answer = new Promise<Answer<unknown>>((resolve) => {
      if (this.#gone) return resolve('unanswered');
      this.#waiting.set(call.number, resolve);
      // That it could not be sent shows as the end of the process.
      this.#child.send(call, () => {});
    });
    return this.#patiently(answer, method) as Promise<Answer<Result<M>>>;
  }

  /** As `call`, where neither a refusal nor the end of the process is expected. */
  async get<M extends Method>(method: M, ...args: Parameters<SessionRepository[M]>): Promise<Result<M>> {
    const answer = await this.call(method, ...args);
    if (answer === 'unanswered') throw new Fault(`the store ended during "${method}": ${this.#stderr}`);
    if ('value' in answer) return answer.value;
    throw new Fault(`"${method}" failed with ${answer.refusal.name}: ${answer.refusal.message}`);
  }

  reader(): Pick<SessionReader, 'findMany' | 'childrenOf' | 'historyOf' | 'list' | 'count' | 'status'> {
    return {
      findMany: (...args) => this.get('findMany', ...args),
      childrenOf: (...args) => this.get('childrenOf', ...args),
      historyOf: (...args) => this.get('historyOf', ...args),
      list: (...args) => this.get('list', ...args),
      count: (...args) => this.get('count', ...args),
      status: (...args) => this.get('status', ...args),
    };
  }

  /** kill -9; resolves when the process is gone, and what it had said before is heard. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL');
    // With a clock: were its end never heard of, nothing else would keep this process from ending without a word.
    await this.#patiently(this.exited, 'kill -9');
  }

  pause(): void {
    this.#signal('SIGSTOP');
  }

  resume(): void {
    this.#signal('SIGCONT');
  }

  /** Stops it cleanly. */
  async close(): Promise<void> {
    await this.get('close');
    await this.#patiently(this.exited, 'ending');
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#gone || this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch (error) {
      // It ended by itself, and this process has not heard yet.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  #hear(told: Told): void {
    if ('opened' in told) this.#opened.resolve('opened');
    else if ('notOpened' in told) this.#opened.resolve(told.notOpened);
    else if ('level' in told) this.said.push(`${told.level}: ${told.message}`);
    else {
      this.#waiting.get(told.number)?.(told);
      this.#waiting.delete(told.number);
    }
  }

  async #patiently<T>(promise: Promise<T>, what: string): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Fault(`no answer to "${what}" in ${PATIENCE / 1000} s`)), PATIENCE);
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
