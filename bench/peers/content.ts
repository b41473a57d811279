import type { FixtureSession } from './peer.ts';

/**
 * Sessions among which the page of sessions is taken. Each peer stores one session a request: so many take opencode half
 * a minute.
 */
export const LISTED_SESSIONS = 10_000;

/** Messages of the history whose last page is taken. */
export const HISTORY_MESSAGES = 2_000;

/** Of sessions, and of messages. */
export const PAGE = 50;

/**
 * Sessions that take their turn in being written to. A history grows with what is measured: spread over these, it stays
 * as long as that of a conversation.
 */
export const WRITTEN_SESSIONS = 64;

export const EXCHANGE = {
  message: 'Please compare this offer with the one before, and say which to take and why.',
  response:
    'It costs less at the start and more after two years. If you stay longer than that, take the other one; ' +
    'both can be ended at the end of a month, so that nothing is lost by trying.',
};

/** The title of a session that `spawn` makes. */
export const SPAWNED_TITLE = 'Look up the prices';

export function rootSessions(name: string, count: number): FixtureSession[] {
  return Array.from({ length: count }, (_, n) => ({
    key: `${name}-${n}`,
    parentKey: null,
    title: `Compare the offers of round ${n}`,
    messages: [],
  }));
}

export function longHistory(): FixtureSession {
  return {
    key: 'history',
    parentKey: null,
    title: 'A long history',
    messages: Array.from({ length: HISTORY_MESSAGES }, (_, n) =>
      n % 2 === 0
        ? { role: 'user', text: `${n}: ${EXCHANGE.message}` }
        : { role: 'assistant', text: `${n}: ${EXCHANGE.response}` },
    ),
  };
}
