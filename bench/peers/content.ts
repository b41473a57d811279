import type { FixtureSession } from './peer.ts';

/**
 * Number of sessions for the page of sessions. Each peer stores one session per request; this many take opencode half
 * a minute.
 */
export const LISTED_SESSIONS = 10_000;

/** Number of messages in the history whose last page is requested. */
export const HISTORY_MESSAGES = 2_000;

/** Entries per page, of sessions and of messages. */
export const PAGE = 50;

/**
 * Number of sessions that are written to in turn. Measuring makes histories longer: spread over these sessions, each stays
 * as long as a conversation.
 */
export const WRITTEN_SESSIONS = 64;

export const EXCHANGE = {
  message: 'Please compare this offer with the one before, and say which to take and why.',
  response:
    'It costs less at the start and more after two years. If you stay longer than that, take the other one; ' +
    'both can be ended at the end of a month, so that nothing is lost by trying.',
};

/** The title of a session that `spawn` creates. */
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
