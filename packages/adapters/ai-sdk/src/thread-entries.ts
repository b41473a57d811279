import type { MessageInput, MessageRole } from '@sessiontree/client';
import { describeParts, type Part } from './describe-parts.ts';
import type { StoredMessage } from './read-history.ts';

/** The payload of a message of a thread. */
interface EntryPayload {
  /** The format of `content`, which is that of one runtime. */
  readonly format: string;
  readonly parentId: string | null;
  /** Null for a message that was deleted: its branches go on from its parent. */
  readonly content: unknown;
}

/** A message of a thread as it was stored. */
export interface ThreadEntry {
  readonly id: string;
  readonly parentId: string | null;
  /** In the format of the runtime; null for a message of another program. */
  readonly content: unknown;
  readonly stored: StoredMessage;
}

/** What is read of a message to describe it: that of either SDK. */
export interface DescribedMessage {
  readonly role?: unknown;
  readonly content?: unknown;
  readonly parts?: unknown;
}

const ROLES: Readonly<Record<string, MessageRole>> = { system: 'SYSTEM', user: 'USER' };

/** The roles of messages that a thread shows. assistant-ui has results of tools in the messages that call them, and no events. */
const SAID: ReadonlySet<MessageRole> = new Set(['ASSISTANT', 'SYSTEM', 'USER']);

/** The message of a history that an entry is stored as. */
export function inputOfEntry(
  id: string,
  { role, content, parts }: DescribedMessage,
  payload: EntryPayload,
): MessageInput {
  const list = Array.isArray(parts) ? parts : content;
  const described = typeof list === 'string' ? [{ type: 'text', text: list }] : list;
  return {
    key: id,
    role: ROLES[String(role)] ?? 'ASSISTANT',
    ...describeParts((Array.isArray(described) ? described : []) as readonly Part[]),
    payload,
  };
}

/** What takes the place of a message that is deleted. */
export function inputOfDeleted(id: string, format: string, parentId: string | null): MessageInput {
  return { key: id, role: 'EVENT', kind: 'deleted', payload: { format, parentId, content: null } };
}

/**
 * The entries of a format, without what was deleted. Messages of other programs, which have no such payload, are entries as well with
 * `withOthers`: each follows the message before.
 */
export function entriesOf(
  messages: readonly StoredMessage[],
  format: string,
  withOthers: boolean,
): ThreadEntry[] {
  const entries: ThreadEntry[] = [];
  /** The parents of what was deleted. */
  const deleted = new Map<string, string | null>();
  for (const stored of messages) {
    const id = stored.key ?? stored.id;
    const payload = Object(stored.payload) as Partial<EntryPayload>;
    const { parentId = null, content } = payload;
    if (payload.format === format && content === null) deleted.set(id, parentId);
    else if (payload.format === format) entries.push({ id, parentId, content, stored });
    else if (withOthers && typeof payload.format !== 'string' && SAID.has(stored.role))
      entries.push({ id, parentId: entries.at(-1)?.id ?? null, content: null, stored });
  }
  return entries.map((entry) => ({ ...entry, parentId: standingParent(entry.parentId, deleted) }));
}

function standingParent(id: string | null, deleted: ReadonlyMap<string, string | null>): string | null {
  const seen = new Set<string>();
  for (let parent = id; parent !== null; parent = deleted.get(parent)!) {
    if (!deleted.has(parent)) return parent;
    // Only a damaged history goes round.
    if (seen.has(parent)) return null;
    seen.add(parent);
  }
  return null;
}
