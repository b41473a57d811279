import { isDeepStrictEqual } from 'node:util';
import { messagesOf } from '../../export/messages.ts';
import type { Message } from '../../model/message.ts';
import type { Session } from '../../model/session.ts';
import { TOKEN_COUNTS } from '../../model/usage.ts';
import type { RestoredMessage } from '../../repository/mutations.ts';
import type { SessionReader } from '../../repository/repository.ts';
import type { SessionHead } from './rules.ts';

/**
 * Why the session in the store is not the one that a file describes; null if it is. `session` and `messages` are what the file says,
 * whatever form it has for that: null or left out, with or without milliseconds. `messages` is not read to its end if they differ.
 */
export async function differenceFrom(
  reader: SessionReader,
  stored: Session,
  session: SessionHead,
  messages: AsyncGenerator<RestoredMessage>,
): Promise<string | null> {
  const { id, version } = stored;
  const left = `the session "${id}" is there already`;
  if (version !== session.version)
    return `${left}, with version ${version} in place of ${session.version}: it stays as it is`;
  const isSame =
    (await haveSameMembers(reader, stored, session)) && (await haveSameMessages(reader, stored, messages));
  return isSame ? null : `${left}, with the same version and another content: it stays as it is`;
}

async function haveSameMembers(
  reader: SessionReader,
  stored: Session,
  { parentId, nextOrdinal, paid, ...members }: SessionHead,
): Promise<boolean> {
  // A session whose parent was missing came in as a root.
  if (stored.parentId !== null && stored.parentId !== parentId) return false;
  const [details] = await reader.copyDetailsOf([stored.id]);
  // Files of early versions have neither; and a file that lacks messages may say less than these do.
  if (nextOrdinal > details!.nextOrdinal) return false;
  if (paid !== null && !isSameJson(paid, details!.paid)) return false;
  const names = Object.keys(members) as (keyof typeof members)[];
  return names.every((name) => isSameJson(members[name], stored[name]));
}

async function haveSameMessages(
  reader: SessionReader,
  stored: Session,
  messages: AsyncGenerator<RestoredMessage>,
): Promise<boolean> {
  let isReadable = true;
  const onFault = () => {
    isReadable = false;
  };
  try {
    for await (const page of messagesOf({ reader, onFault }, stored))
      for (const message of page) {
        const { value } = await messages.next();
        if (!value || !isSameJson(contentOf(value, stored), contentOf(message, stored))) return false;
      }
    return isReadable && ((await messages.next()).done ?? false);
  } finally {
    await messages.return(undefined);
  }
}

/** What a message says, in the one form that the store has for it. */
function contentOf(message: RestoredMessage | Message, { forkedFrom }: Session) {
  const { ordinal, role, content, createdAt, replacedAt, usage } = message;
  const isForkCopy = forkedFrom !== null && ordinal < forkedFrom.historyLength && replacedAt === null;
  return {
    ordinal,
    role,
    content,
    createdAt,
    replacedAt,
    redactedAt: message.redactedAt ?? null,
    key: message.key ?? null,
    kind: message.kind ?? null,
    reasoning: message.reasoning ?? null,
    toolCalls: (message.toolCalls ?? []).map(({ toolCallId, name, arguments: given }) => ({
      toolCallId,
      name,
      arguments: given ?? null,
    })),
    name: message.name ?? null,
    toolCallId: message.toolCallId ?? null,
    isError: message.isError ?? false,
    model: message.model ?? null,
    isCopy: message.isCopy || isForkCopy,
    payload: message.payload ?? null,
    usage: usage ? [...TOKEN_COUNTS.map((name) => usage[name] ?? 0), usage.costUsd ?? null] : null,
    metadata: message.metadata ?? {},
  };
}

/** Whether both are the same in a file. */
function isSameJson(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(other)));
}
