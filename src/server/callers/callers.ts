import { RateLimiterMemory } from 'rate-limiter-flexible';
import { accountOf, type Caller } from '../../model/caller.ts';
import type { MaybePromise } from '../../schema/maybe-promise.ts';
import type { Refusal } from '../refusal.ts';
import { OpenCounts } from './open-counts.ts';
import { type CallerLimits, type Quota, type QuotaOf, quotaIn } from './quota.ts';
import { spent, tooManyOpen } from './refusals.ts';
import { StoredSessions } from './stored-sessions.ts';

/** The longest time in which something is counted. */
const SECONDS_MAX = 24 * 60 * 60;

const NO_QUOTA: QuotaOf = () => null;

/**
 * Bounds what each caller may use, by account (see `accountOf`). `ANYONE` is not bounded. Requests, mutations and bytes are counted in
 * windows of time, which begin with the first request of an account.
 */
export class Callers {
  readonly #defaults: Quota;
  readonly #quotaOf: QuotaOf;
  readonly #seconds: number;
  readonly #requests: RateLimiterMemory;
  readonly #mutations: RateLimiterMemory;
  readonly #bytes: RateLimiterMemory;
  readonly #subscriptions = new OpenCounts();
  readonly #sockets = new OpenCounts();
  readonly sessions: StoredSessions;

  constructor(limits: CallerLimits, quotaOf: QuotaOf | null) {
    this.#defaults = quotaIn(limits);
    this.#quotaOf = quotaOf ?? NO_QUOTA;
    this.#seconds = Math.min(limits.callerSeconds, SECONDS_MAX);
    // The points are compared here: each user may have others.
    const options = { points: Number.MAX_SAFE_INTEGER, duration: this.#seconds, keyPrefix: '' };
    this.#requests = new RateLimiterMemory(options);
    this.#mutations = new RateLimiterMemory(options);
    this.#bytes = new RateLimiterMemory(options);
    this.sessions = new StoredSessions((userId) => this.#most('sessions', userId));
  }

  #most(name: keyof Quota, userId: string | null): number {
    return this.#quotaOf(userId)?.[name] ?? this.#defaults[name];
  }

  /** Counts a request. The refusal, if the caller has spent its requests or its bytes. */
  spendRequest(caller: Caller): MaybePromise<Refusal | undefined> {
    const account = accountOf(caller);
    return account === null ? undefined : this.#spendRequest(account, caller.userId);
  }

  async #spendRequest(account: string, userId: string | null): Promise<Refusal | undefined> {
    const requests = this.#most('requests', userId);
    const { consumedPoints, msBeforeNext } = await this.#requests.penalty(account);
    if (consumedPoints > requests) return spent('requests', requests, this.#seconds, msBeforeNext);
    const bytes = this.#most('bytes', userId);
    const counted = await this.#bytes.get(account);
    if (!counted || counted.consumedPoints < bytes) return undefined;
    return spent('bytes', bytes, this.#seconds, counted.msBeforeNext);
  }

  /** Counts mutations that are about to be executed. The refusal, if not all of them may be; then none counts. */
  spendMutations(caller: Caller, count: number): MaybePromise<Refusal | undefined> {
    const account = accountOf(caller);
    return account === null ? undefined : this.#spendMutations(account, caller.userId, count);
  }

  async #spendMutations(account: string, userId: string | null, count: number): Promise<Refusal | undefined> {
    const mutations = this.#most('mutations', userId);
    const { consumedPoints, msBeforeNext } = await this.#mutations.penalty(account, count);
    if (consumedPoints <= mutations) return undefined;
    await this.#mutations.reward(account, count);
    return spent('mutations', mutations, this.#seconds, msBeforeNext);
  }

  /** Counts bytes of a request or of its answer. Once they are spent, the next request is refused. */
  spendBytes(account: string, bytes: number): void {
    if (bytes > 0) void this.#bytes.penalty(account, bytes);
  }

  /** Counts a subscription until the function that it returns is called; or the refusal. */
  subscribe(caller: Caller): (() => void) | Refusal {
    return this.#open(this.#subscriptions, 'subscriptions', caller);
  }

  /** As `subscribe`, for a WebSocket. */
  connect(caller: Caller): (() => void) | Refusal {
    return this.#open(this.#sockets, 'WebSockets', caller);
  }

  #open(counts: OpenCounts, what: 'subscriptions' | 'WebSockets', caller: Caller): (() => void) | Refusal {
    const account = accountOf(caller);
    if (account === null) return NOTHING;
    const most = this.#most('subscriptions', caller.userId);
    return counts.take(account, most) ?? tooManyOpen(what, most);
  }
}

const NOTHING = () => {};
