import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { SessionRepository } from '../../repository/repository.ts';
import { SOCKET_METHOD } from '../live/socket-request.ts';
import type { RequestFacts } from '../request-facts.ts';
import type { LoggedRequest } from '../request-log.ts';
import { EventLoopDelay } from './event-loop-delay.ts';

/** Seconds. From an answer out of memory to the longest that a request may take. */
const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Seconds. A sync takes a tenth of a millisecond on a fast disk, and some ten on a slow one. */
const COMMIT_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** Methods that have a value of their own: a client may send any. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'OPTIONS', SOCKET_METHOD]);

/** What metrics are collected from when they are asked for. */
export interface MeasuredServer {
  readonly repository: Pick<SessionRepository, 'status'>;
  readonly subscriptions: () => number;
  /** How long the subscription has waited, in seconds, that has waited for longest for something that happened. */
  readonly subscriptionLag: () => number;
}

interface RequestKind {
  readonly count: Counter.Internal;
  readonly duration: Histogram.Internal<string>;
}

/**
 * What a server counts and measures, in the format of Prometheus. No value of a label comes from a client: each is one of a few that this
 * version knows. Everything counts from the start of the process.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = new Counter({
    name: 'sessiontree_requests_total',
    help: 'Requests that were answered, and operations over WebSocket. A subscription counts when it ends.',
    labelNames: ['method', 'operation', 'status'],
    registers: [this.#registry],
  });
  readonly #requestSeconds = new Histogram({
    name: 'sessiontree_request_duration_seconds',
    help: 'From the head of a request to the end of its answer, without subscriptions.',
    labelNames: ['operation'],
    buckets: REQUEST_BUCKETS,
    registers: [this.#registry],
  });
  readonly #mutations = new Counter({
    name: 'sessiontree_mutations_total',
    help: 'Mutations by what came of them: payload, the type of the typed error, or the code of an error in its place.',
    labelNames: ['mutation', 'result'],
    registers: [this.#registry],
  });
  readonly #commitSeconds = new Histogram({
    name: 'sessiontree_commit_duration_seconds',
    help: 'From the beginning of a write until it can be answered: the journal, its sync, and the index.',
    buckets: COMMIT_BUCKETS,
    registers: [this.#registry],
  });
  /** To look labels up takes prom-client as long as a fifth of a small read. There are few kinds: no value comes from a client. */
  readonly #kinds = new Map<string, RequestKind>();
  readonly #delay = new EventLoopDelay(this.#registry);

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** To be called once what is measured is there. */
  watch({ repository, subscriptions, subscriptionLag }: MeasuredServer): void {
    const registers = [this.#registry];
    const sessions = new Gauge({ name: 'sessiontree_sessions', help: 'Sessions in the store.', registers });
    const messages = new Gauge({ name: 'sessiontree_messages', help: 'Messages in the store.', registers });
    new Gauge({
      name: 'sessiontree_quarantined_files',
      help: 'Files of the store that cannot be read: see `store { quarantined }`. The three figures of the store are missing while it does not answer.',
      registers,
      // Collected together, so that one scrape asks the store once.
      async collect() {
        for (const gauge of [this, sessions, messages]) gauge.remove();
        const status = await repository.status().catch(() => null);
        if (!status) return;
        this.set(status.quarantined.length);
        sessions.set(status.sessionCount);
        messages.set(status.messageCount);
      },
    });
    new Gauge({
      name: 'sessiontree_subscriptions',
      help: 'Subscriptions that are open.',
      registers,
      collect() {
        this.set(subscriptions());
      },
    });
    new Gauge({
      name: 'sessiontree_subscription_lag_seconds',
      help: 'How long the subscription furthest behind has waited for something that happened; 0 if all are up to date.',
      registers,
      collect() {
        this.set(subscriptionLag());
      },
    });
  }

  /** Counts a request that has ended. */
  readonly requestEnded = (facts: RequestFacts, { method, status, events }: LoggedRequest): void => {
    const operation = facts.operation?.operation ?? 'none';
    const { count, duration } = this.#ofKind(METHODS.has(method) ? method : 'other', operation, status);
    count.inc();
    // A WebSocket and a subscription last for as long as their client likes.
    if (events === undefined && status !== SWITCHING_PROTOCOLS)
      duration.observe((performance.now() - facts.startedAt) / 1_000);
    for (const { mutation, result } of facts.context?.outcomes ?? [])
      this.#mutations.inc({ mutation, result });
  };

  #ofKind(method: string, operation: string, status: number): RequestKind {
    const key = `${method} ${operation} ${status}`;
    let kind = this.#kinds.get(key);
    if (!kind) {
      const count = this.#requests.labels({ method, operation, status });
      kind = { count, duration: this.#requestSeconds.labels({ operation }) };
      this.#kinds.set(key, kind);
    }
    return kind;
  }

  readonly committed = (milliseconds: number): void => this.#commitSeconds.observe(milliseconds / 1_000);

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics as text. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  close(): void {
    this.#delay.close();
    this.#registry.clear();
  }
}

const SWITCHING_PROTOCOLS = 101;
