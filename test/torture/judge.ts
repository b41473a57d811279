import { isDeepStrictEqual } from 'node:util';
import type { Message } from '../../src/model/message.ts';
import type { Session } from '../../src/model/session.ts';
import { sessionPath } from '../../src/repository/files/format/layout.ts';
import { type Answers, LIVING, PARENT } from './specimen.ts';
import type { Read } from './state.ts';

/**
 * The fault in the answers of a store whose file `damaged` was changed; null if there is none: each answer is what it
 * was, or its session's damage is reported and the gap is visible.
 */
export function judge(
  before: Answers,
  after: Answers,
  damaged: string,
  forms: readonly Message[],
): string | null {
  const strangers = after.listed.filter((id) => !before.listed.includes(id));
  if (strangers.length > 0) return `sessions that never were: ${strangers}`;
  for (const id of LIVING) {
    const was = before.sessions[id]!;
    const is = after.sessions[id] ?? null;
    if (after.listed.includes(id) !== (is !== null))
      return `"${id}" is in the list and cannot be read, or the other way`;
    const fault =
      sessionPath(id) === damaged ? judgeDamaged(was, is, after, forms) : judgeOther(was, is, before, after);
    if (fault !== null) return `session "${id}": ${fault}`;
  }
  return null;
}

function judgeDamaged(
  was: Read,
  is: Read | null,
  { reported }: Answers,
  forms: readonly Message[],
): string | null {
  const path = sessionPath(was.session.id);
  if (is === null) return reported.has(path) ? null : 'is gone, and nobody is told';
  if (isDeepStrictEqual(is, was)) return null;
  if (is.session.damage.length === 0) return `changed, and its damage is empty: ${firstDifference(was, is)}`;
  if (!reported.has(path)) return 'is damaged, and the status does not say so';
  for (const message of is.history) {
    // `bytes` is the cost of reading a message, not a part of the message. The line that replaced or dropped it may be the damaged one.
    const isForm = (form: Message) => isDeepStrictEqual({ ...message, bytes: 0 }, { ...form, bytes: 0 });
    if (!forms.some(isForm))
      return `message ${message.position} is not what it was: ${JSON.stringify(message)}`;
  }
  const { id, sequence, parentId, createdAt, userId } = is.session;
  const kept = { id, sequence, parentId, createdAt, userId };
  const difference = Object.entries(kept).find(
    ([key, value]) => !isDeepStrictEqual(value, was.session[key as keyof Session]),
  );
  return difference ? `its ${difference[0]} became ${difference[1]}` : null;
}

/** Other sessions may differ only in values that depend on a missing ancestor or child. */
function judgeOther(was: Read, is: Read | null, before: Answers, after: Answers): string | null {
  if (is === null) return 'is gone, though another file was damaged';
  const gone: string[] = LIVING.filter((id) => before.sessions[id] && !after.sessions[id]);
  const childrenGone = gone.filter((id) => PARENT[id] === was.session.id).length;
  const place = placeOf(was.session.id, after);
  const expected: Read = {
    ...was,
    session: {
      ...was.session,
      ...place,
      childCount: was.session.childCount - childrenGone,
      treeLastActiveAt: place.depth === 0 ? lastActiveIn(was.session.id, after) : null,
    },
  };
  const orphaned = gone.includes(PARENT[was.session.id] ?? '');
  if (!orphaned && is.session.damage.length > 0) return `has damage: ${JSON.stringify(is.session.damage)}`;
  const now = { ...is, session: { ...is.session, damage: [] } };
  return isDeepStrictEqual(now, expected) ? null : `changed: ${firstDifference(expected, now)}`;
}

/** Its topmost readable ancestor, and the distance to it. */
function placeOf(id: string, { sessions }: Answers): Pick<Session, 'rootId' | 'depth'> {
  const parent = PARENT[id] ?? null;
  if (parent === null || !sessions[parent]) return { rootId: id, depth: 0 };
  const above = placeOf(parent, { sessions } as Answers);
  return { rootId: above.rootId, depth: above.depth + 1 };
}

/** The latest activity of the sessions that can be read in the tree of the root `id`. */
function lastActiveIn(id: string, after: Answers): Date {
  const times = LIVING.filter((each) => after.sessions[each] && placeOf(each, after).rootId === id).map(
    (each) => after.sessions[each]!.session.lastActiveAt.getTime(),
  );
  return new Date(Math.max(...times));
}

function firstDifference(was: Read, is: Read): string {
  for (const [key, value] of Object.entries(was.session)) {
    const now = is.session[key as keyof Session];
    if (!isDeepStrictEqual(value, now))
      return `${key} from ${JSON.stringify(value)} to ${JSON.stringify(now)}`;
  }
  return `history from ${was.history.length} messages to ${is.history.length}, or one of them`;
}
