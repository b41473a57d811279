import type { TreeRowFragment } from '../generated/operations.ts';

/** What a session and all beneath it come to. */
export interface Sums {
  readonly sessions: number;
  readonly running: number;
  readonly messages: number;
  readonly tokens: number;
  readonly cachedTokens: number;
  /** Null where nothing has a cost. */
  readonly costUsd: number | null;
}

/** Milliseconds since 1970. */
export interface Span {
  readonly begin: number;
  readonly end: number;
}

/** The sums of sessions in pre-order, by id. From the last one to the first: what is beneath a session comes after the session. */
export function addUp(sessions: readonly TreeRowFragment[]): Map<string, Sums> {
  const sums = new Map<string, Sums>();
  for (const session of sessions.toReversed()) {
    const { usage } = session;
    const beneath = sums.get(session.id) ?? NOTHING;
    const own: Sums = {
      sessions: beneath.sessions + 1,
      running: beneath.running + Number(session.status === 'RUNNING'),
      messages: beneath.messages + session.historyLength,
      tokens: beneath.tokens + usage.inputTokens + usage.outputTokens,
      cachedTokens: beneath.cachedTokens + usage.cacheReadTokens,
      costUsd: plus(beneath.costUsd, usage.costUsd),
    };
    sums.set(session.id, own);
    if (session.parentId !== null)
      sums.set(session.parentId, added(sums.get(session.parentId) ?? NOTHING, own));
  }
  return sums;
}

/** From when the first of some sessions was created to when the last one was active. */
export function spanOf(sessions: readonly TreeRowFragment[]): Span {
  let begin = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  for (const { createdAt, lastActiveAt } of sessions) {
    begin = Math.min(begin, Date.parse(createdAt));
    end = Math.max(end, Date.parse(lastActiveAt));
  }
  return { begin, end };
}

/** Of no session. */
export const NOTHING: Sums = {
  sessions: 0,
  running: 0,
  messages: 0,
  tokens: 0,
  cachedTokens: 0,
  costUsd: null,
};

function added(a: Sums, b: Sums): Sums {
  return {
    sessions: a.sessions + b.sessions,
    running: a.running + b.running,
    messages: a.messages + b.messages,
    tokens: a.tokens + b.tokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    costUsd: plus(a.costUsd, b.costUsd),
  };
}

const plus = (a: number | null, b: number | null) => (b === null ? a : (a ?? 0) + b);
