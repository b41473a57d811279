import { type InputRules, inputRules } from '../model/input.ts';
import type { Limits } from '../model/limits.ts';
import type { Message } from '../model/message.ts';
import type { Session } from '../model/session.ts';
import type { SessionRepository } from '../repository/repository.ts';
import { Budget } from './budget.ts';
import { Loaders } from './loaders.ts';
import type { MaybePromise } from './maybe-promise.ts';
import { Outcomes } from './outcomes.ts';
import { Turns } from './turns.ts';

/** What every resolver is given. Made anew for each request: its loaders cache and its budget is spent. */
export interface SchemaContext {
  readonly repository: SessionRepository;
  readonly limits: Limits;
  readonly rules: InputRules;
  readonly budget: Budget;
  readonly turns: Turns;
  /** Replaced, both, by each mutation: what was read before it is stale. */
  loaders: Loaders;
  /** The sessions that the answer has shown, by id. */
  shown: Map<string, Session>;
  readonly outcomes: Outcomes;
}

export interface SchemaContextOptions {
  readonly repository: SessionRepository;
  readonly limits: Limits;
}

const rulesOf = new WeakMap<Limits, InputRules>();

/** The context of one request. The server calls it; keep the same `limits` object, for its rules are built once. */
export function createContext({ repository, limits }: SchemaContextOptions): SchemaContext {
  let rules = rulesOf.get(limits);
  if (!rules) {
    rules = inputRules(limits);
    rulesOf.set(limits, rules);
  }
  const budget = new Budget(limits);
  const loaders = new Loaders(repository, budget);
  return {
    repository,
    limits,
    rules,
    budget,
    turns: new Turns(),
    loaders,
    shown: new Map(),
    outcomes: new Outcomes(),
  };
}

/** Forgets what was read: a mutation is about to change it. */
export function forget(context: SchemaContext): void {
  context.loaders = new Loaders(context.repository, context.budget);
  context.shown = new Map();
}

/** The session with this id; null where there is none. What an answer has shown once it shows again without another read. */
export function findSession(context: SchemaContext, id: string): MaybePromise<Session | null> {
  return context.shown.get(id) ?? context.loaders.session.load(id);
}

/** A session appears in the answer: it is charged, and what asks for it again (as a parent, say) finds it. */
export function appear(context: SchemaContext, session: Session): Session {
  context.budget.chargeObjects(1);
  context.shown.set(session.id, session);
  return session;
}

/** Messages of `session` appear in the answer: they are charged, and `Message.session` finds it. */
export function appearMessages(context: SchemaContext, session: Session, messages: readonly Message[]): void {
  context.budget.chargeMessages(messages);
  context.shown.set(session.id, session);
}
