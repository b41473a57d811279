import { ANYONE, type Caller } from '../model/caller.ts';
import { type InputRules, inputRules } from '../model/input.ts';
import { DEFAULT_LIMITS, type Limits } from '../model/limits.ts';
import { type Message, type ShownTexts, textBytesOf } from '../model/message.ts';
import type { Session } from '../model/session.ts';
import type { TokenIssuer } from '../model/token-issuer.ts';
import type { SessionRepository } from '../repository/repository.ts';
import { scopedTo, storeBehind } from '../repository/scoped/scoped-repository.ts';
import type { SessionQuota } from '../repository/scoped/session-quota.ts';
import { Budget, type WriteTurn } from './budget.ts';
import { Loaders } from './loaders.ts';
import { andThen, type MaybePromise } from './maybe-promise.ts';
import type { MutationOutcome } from './mutation-outcome.ts';
import { Turns } from './turns.ts';

/** The context of every resolver. Each request gets its own: loaders cache, and a budget is used up. */
export interface SchemaContext {
  /** What the caller may see of the store. */
  readonly repository: SessionRepository;
  readonly caller: Caller;
  /** Makes tokens for callers; null if the server asks nobody for one. */
  readonly tokens: TokenIssuer | null;
  readonly limits: Limits;
  readonly rules: InputRules;
  readonly budget: Budget;
  readonly turns: Turns;
  /** A mutation replaces both `loaders` and `shownSessions`: what was read before is stale. */
  loaders: Loaders;
  /** The sessions that have appeared in the answer, by id. */
  shownSessions: Map<string, Session>;
  /**
   * Where the store was before anything else of the operation was read; null if the operation has not asked for that. Settles, and may
   * reject.
   */
  mark: Promise<string> | null;
  /** What came of the mutations so far, in their order. */
  readonly outcomes: MutationOutcome[];
}

export interface SchemaContextOptions {
  readonly repository: SessionRepository;
  /** Default: `ANYONE`, who may do everything. */
  readonly caller?: Caller;
  /** Default: null. */
  readonly tokens?: TokenIssuer | null;
  /** Bounds the sessions of the caller's user. Default: null. */
  readonly sessions?: SessionQuota | null;
  /** Default: `DEFAULT_LIMITS`. */
  readonly limits?: Limits;
  /** When the head of the request came, on the clock of `performance.now()`. Default: now. */
  readonly startedAt?: number;
  /** Counts bytes of the answer for the whole process. False if there is no room for them: the request ends with OVERLOADED. */
  readonly hold?: ((bytes: number) => boolean) | undefined;
  /** Of a request whose body may be large. */
  readonly writeTurn?: WriteTurn | undefined;
}

const rulesOf = new WeakMap<Limits, InputRules>();

/** Creates the context of one request. Pass the same `limits` object each time: its input rules are built once. */
export function createContext({
  repository,
  caller = ANYONE,
  tokens = null,
  sessions = null,
  limits = DEFAULT_LIMITS,
  startedAt,
  hold,
  writeTurn,
}: SchemaContextOptions): SchemaContext {
  let rules = rulesOf.get(limits);
  if (!rules) {
    rules = inputRules(limits);
    rulesOf.set(limits, rules);
  }
  const scoped = scopedTo(repository, caller, sessions);
  const budget = new Budget(limits, startedAt, hold, writeTurn);
  const turns = new Turns(startedAt);
  return {
    repository: scoped,
    caller,
    tokens,
    limits,
    rules,
    budget,
    turns,
    loaders: new Loaders(scoped, budget, turns),
    shownSessions: new Map(),
    mark: null,
    outcomes: [],
  };
}

/** The context of an event of a subscription that `context` began: nothing that was read before, and a budget of its own. */
export function contextOfEvent({ repository, caller, tokens, limits }: SchemaContext): SchemaContext {
  return createContext({ repository: storeBehind(repository), caller, tokens, limits });
}

/** Discards what was read: a mutation is about to change it. */
export function forget(context: SchemaContext): void {
  context.loaders = new Loaders(context.repository, context.budget, context.turns);
  context.shownSessions = new Map();
}

/** The session with this id, or null. A session that has appeared in the answer is not read again. */
export function findSession(context: SchemaContext, id: string): MaybePromise<Session | null> {
  return context.shownSessions.get(id) ?? context.loaders.session.load(id);
}

/** The session with this id, which appears in the answer; null if the id is null or there is no such session. */
export function sessionOrNull(context: SchemaContext, id: string | null): MaybePromise<Session | null> {
  if (id === null) return null;
  return andThen(findSession(context, id), (session) => session && appear(context, session));
}

/** Charges for a session that appears in the answer, and keeps it for `findSession`. */
export function appear(context: SchemaContext, session: Session): Session {
  context.budget.chargeObjects(1);
  context.shownSessions.set(session.id, session);
  return session;
}

/**
 * Charges for messages of `session` that appear in the answer, and for their `shown` texts. Keeps the session for `findSession`.
 */
export function appearMessages(
  context: SchemaContext,
  session: Session,
  messages: readonly Message[],
  shown: ShownTexts | null,
): void {
  context.budget.chargeObjects(messages.length);
  if (shown) {
    for (const message of messages) context.budget.chargeText(textBytesOf(message, shown));
  }
  context.shownSessions.set(session.id, session);
}
