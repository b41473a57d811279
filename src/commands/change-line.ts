import type { Message, Session, SessionChange } from '@sessiontree/client';
import type { Paint } from '../server/pretty-line.ts';
import { oneLine } from './terminal-text.ts';

/** Columns of a title, and of the words of one message. */
const WORDS_WIDTH = 60;
/** Messages of one change whose words are shown. */
const MESSAGES_MAX = 3;
const KIND_WIDTH = 'TRUNCATED'.length;

export interface ChangeLine {
  /** For changes without a time of their own: when they arrived. */
  readonly now: Date;
  readonly ellipsis: string;
  readonly paint: Paint;
}

/** A change on one line: when, in which session, what happened, and the first words of its messages. */
export function changeLine(change: SessionChange, { now, ellipsis, paint }: ChangeLine): string {
  const { kind, sessionId, session, messages } = change;
  const cut = (text: string) => oneLine(text, WORDS_WIDTH, ellipsis);
  const time = new Date(messages.at(-1)?.createdAt ?? session?.updatedAt ?? now);
  const details = detailsOf(change, cut).filter((detail) => detail !== '');
  const columns = [
    paint('dim', clockOf(time)),
    paint('bold', sessionId),
    kind.padEnd(KIND_WIDTH),
    ...details,
  ];
  return columns.join('  ').trimEnd();
}

type Cut = (text: string) => string;

function detailsOf({ kind, session, messages, ...change }: SessionChange, cut: Cut): string[] {
  // Null as well if the session came and went since.
  const former = change.formerParentId === null ? '' : `from ${change.formerParentId}`;
  const place = session?.parentId ? `beneath ${session.parentId}` : 'at the top';
  switch (kind) {
    case 'CREATED':
    case 'ENTERED':
      return session ? [place, cut(session.title ?? ''), cut(session.agentName ?? '')] : [];
    case 'MOVED':
      return [former, `now ${place}`];
    case 'LEFT':
      return [former];
    case 'TRUNCATED':
      return [`after ${change.fromPosition} ${change.fromPosition === 1 ? 'message' : 'messages'}`];
    case 'APPENDED':
    case 'REPLACED':
      return wordsOf(messages, cut);
    case 'UPDATED':
      return session ? [stateOf(session, cut), cut(session.title ?? '')] : [];
    case 'DELETED':
      return [];
  }
}

/** The first words of the latest messages. */
function wordsOf(messages: readonly Message[], cut: Cut): string[] {
  const more = messages.length - MESSAGES_MAX;
  const latest = messages.slice(-MESSAGES_MAX).map(({ role, name, content, toolCalls }) => {
    const words = cut(content) || toolCalls.map((call) => cut(call.name)).join(', ');
    return `${[role, name ? cut(name) : ''].join(' ').trim()}: ${words}`;
  });
  return more > 0 ? [`${more} before`, ...latest] : latest;
}

function stateOf({ archivedAt, status, statusMessage }: Session, cut: Cut): string {
  const state = archivedAt === null ? status : 'archived';
  return statusMessage ? `${state}: ${cut(statusMessage)}` : state;
}

/** The time of the day, by the clock on the wall. */
function clockOf(time: Date): string {
  return time.toTimeString().slice(0, 'hh:mm:ss'.length);
}
