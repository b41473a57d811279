import { type ChildProcess, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { STORE_LOG } from '../../src/repository/files/format/layout.ts';
import type { PostgresOptions } from '../../src/repository/postgres/options.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { BREAK_VARIABLE, HOOK, HOOK_FAILED } from './break-names.ts';
import type { Ports } from './live/serve.ts';
import type { TreeMutation } from './own-trees/tree-mutation.ts';
import { Fault, SuiteError } from './part.ts';
import { owe } from './undo.ts';
import { type Call, type Refusal, SERVES, type Told } from './worker-messages.ts';
import type { Reader } from './workload.ts';

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));
/** A store that does not answer for this long hangs: nothing takes as long, even on a busy machine. */
const PATIENCE = 60_000;

export type Answer<T> = { readonly value: T } | { readonly refusal: Refusal } | 'unanswered';

type Method = Exclude<keyof SessionRepository, 'storeId' | 'broadcast'>;
type Result<M extends Method> = Awaited<ReturnType<SessionRepository[M]>>;

const NO_LIMIT = { messages: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER };
/** What is read for an answer: all that a mutation drops, and all messages that it finds. */
const LIMITS: Partial<Record<TreeMutation['kind'], object>> = {
  append: NO_LIMIT,
  truncate: NO_LIMIT,
  writeHistory: { messages: NO_LIMIT, removed: NO_LIMIT },
};

export interface Surroundings {
  /** A command that wraps the one that starts the store, such as `strace …`. */
  readonly through?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** The process also serves the store over HTTP, at `ports`. */
  readonly serves?: boolean;
  /** How a store in a database is opened. */
  readonly options?: Pick<PostgresOptions, 'connections' | 'prepare' | 'listenUrl' | 'partitions'>;
}

/** A store in a child process: in a data directory, or in the database of a URL. */
export class StoreProcess {
  /** The lines of its log, as `level: message`. */
  readonly said: string[] = [];
  readonly exited: Promise<void>;
  /** Where an open store is served; null if it is not. */
  ports: Ports | null = null;
  readonly #child: ChildProcess;
  readonly #treeLog: string;
  readonly #waiting = new Map<number, (answer: Answer<unknown>) => void>();
  readonly #opened = Promise.withResolvers<Refusal | 'opened' | 'unanswered'>();
  #stderr = '';
  #calls = 0;
  #gone = false;

  constructor(place: string, surroundings: Surroundings = {}) {
    const { through = [], environment = {}, serves = false, options = {} } = surroundings;
    this.#treeLog = join(place, STORE_LOG);
    const imports = process.env[BREAK_VARIABLE] ? ['--import', HOOK] : [];
    const command = [
      ...through,
      process.execPath,
      ...imports,
      WORKER,
      place,
      JSON.stringify(options),
      ...(serves ? [SERVES] : []),
    ];
    // In a process group of its own, so that a kill reaches the store and its wrapper.
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

  /** Starts a process with an open store. Throws a Fault if the store does not open. */
  static async open(place: string, surroundings?: Surroundings): Promise<StoreProcess> {
    const store = new StoreProcess(place, surroundings);
    const opened = await store.opened();
    if (opened === 'opened') return store;
    await store.kill();
    if (store.#child.exitCode === HOOK_FAILED) throw new SuiteError(store.#stderr);
    const why = opened === 'unanswered' ? `it ended: ${store.#stderr}` : `${opened.name}: ${opened.message}`;
    throw new Fault(`the store does not open: ${why}`);
  }

  /** Bytes of `store.jsonl`; 0 for a database. */
  get treeLogSize(): number {
    return statSync(this.#treeLog, { throwIfNoEntry: false })?.size ?? 0;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Resolves once the store is open, has refused to open, or its process has ended. */
  opened(): Promise<Refusal | 'opened' | 'unanswered'> {
    return this.#patiently(this.#opened.promise, 'opening');
  }

  call<M extends Method>(method: M, ...args: Parameters<SessionRepository[M]>): Promise<Answer<Result<M>>> {
    this.#calls += 1;
    const call: Call = { number: this.#calls, method, args };
    const answer = new Promise<Answer<unknown>>((resolve) => {
      if (this.#gone) return resolve('unanswered');
      this.#waiting.set(call.number, resolve);
      // A failed send shows as the end of the process.
      this.#child.send(call, () => {});
    });
    return this.#patiently(answer, method) as Promise<Answer<Result<M>>>;
  }

  mutate<M extends TreeMutation>({ kind, input, operation }: M): Promise<Answer<Result<M['kind']>>> {
    const limits = LIMITS[kind];
    const args = kind === 'append' || !limits ? [input, operation, limits] : [input, limits, operation];
    return this.call<M['kind']>(kind, ...(args as Parameters<SessionRepository[M['kind']]>));
  }

  /** As `call`, but neither a refusal nor the end of the process is expected. */
  async get<M extends Method>(method: M, ...args: Parameters<SessionRepository[M]>): Promise<Result<M>> {
    const answer = await this.call(method, ...args);
    if (answer === 'unanswered') throw new Fault(`the store ended during "${method}": ${this.#stderr}`);
    if ('value' in answer) return answer.value;
    throw new Fault(`"${method}" failed with ${answer.refusal.name}: ${answer.refusal.message}`);
  }

  reader(): Reader {
    return {
      findByKeys: (...args) => this.get('findByKeys', ...args),
      findMany: (...args) => this.get('findMany', ...args),
      childrenOf: (...args) => this.get('childrenOf', ...args),
      historyOf: (...args) => this.get('historyOf', ...args),
      rollupsOf: (...args) => this.get('rollupsOf', ...args),
      list: (...args) => this.get('list', ...args),
      count: (...args) => this.get('count', ...args),
      status: (...args) => this.get('status', ...args),
    };
  }

  /** kill -9. Resolves once the process has ended, and its earlier messages have arrived. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL');
    // The timer keeps this process alive: otherwise it could end silently if the end of the child were never reported.
    await this.#patiently(this.exited, 'kill -9');
  }

  pause(): void {
    this.#signal('SIGSTOP');
  }

  resume(): void {
    this.#signal('SIGCONT');
  }

  /** Stops the store cleanly. */
  async close(): Promise<void> {
    await this.get('close');
    await this.#patiently(this.exited, 'ending');
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#gone || this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch (error) {
      // The process ended by itself, and this process has not been notified yet.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  #hear(told: Told): void {
    if ('opened' in told) {
      this.ports = told.ports;
      this.#opened.resolve('opened');
    } else if ('notOpened' in told) this.#opened.resolve(told.notOpened);
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
