import { isDeepStrictEqual } from 'node:util';
import { messagesOf } from '../../export/messages.ts';
import { messageMembers, sessionMembers } from '../../export/sessiontree/members.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Session } from '../../model/session.ts';
import type { SessionReader } from '../../repository/repository.ts';

/**
 * Why the session in the store is not the one that a file describes; null if it is. `members` are what the file says of it, and `messages`
 * the members of its messages, without those that follow from others. `messages` is not read to its end if they differ.
 */
export async function differenceFrom(
  reader: SessionReader,
  stored: Session,
  members: JsonObject,
  messages: AsyncGenerator<JsonObject>,
): Promise<string | null> {
  const { id, version } = stored;
  const left = `the session "${id}" is there already`;
  if (version !== members.version)
    return `${left}, with version ${version} in place of ${members.version}: it stays as it is`;
  const isSame =
    (await haveSameMembers(reader, stored, members)) && (await haveSameMessages(reader, stored, messages));
  return isSame ? null : `${left}, with the same version and another content: it stays as it is`;
}

async function haveSameMembers(
  reader: SessionReader,
  stored: Session,
  members: JsonObject,
): Promise<boolean> {
  const [details] = await reader.copyDetailsOf([stored.id]);
  const own = asJson(sessionMembers(stored, details!));
  // A session whose parent was missing came in as a root.
  const isRooted = stored.parentId === null;
  const names = new Set([
    ...Object.keys(members),
    ...Object.keys(own).filter((name) => !NOT_COMPARED.has(name)),
  ]);
  return [...names].every(
    (name) =>
      (isRooted && name === 'parentId') || isDeepStrictEqual(own[name] ?? null, members[name] ?? null),
  );
}

/** Members that follow from the place of a session, or from its history; and those that files of early versions lack. */
const NOT_COMPARED = new Set([
  'rootId',
  'depth',
  'messageCount',
  'historyLength',
  'usage',
  'nextOrdinal',
  'paid',
]);

async function haveSameMessages(
  reader: SessionReader,
  stored: Session,
  messages: AsyncGenerator<JsonObject>,
): Promise<boolean> {
  let isReadable = true;
  const onFault = () => {
    isReadable = false;
  };
  try {
    for await (const page of messagesOf({ reader, onFault }, stored))
      for (const message of page) {
        const { value } = await messages.next();
        const { position: _, ...own } = asJson(messageMembers(message));
        if (!value || !isDeepStrictEqual(own, value)) return false;
      }
    return isReadable && ((await messages.next()).done ?? false);
  } finally {
    await messages.return(undefined);
  }
}

/** As it is written to a file, and read from one. */
function asJson(members: object): JsonObject {
  return JSON.parse(JSON.stringify(members)) as JsonObject;
}
