import type { JsonObject } from '../../model/json.ts';
import { numberIn, objectIn, orNull, textIn, without } from '../source-json.ts';
import type { OpencodeSession } from './store.ts';

/** The members of a session's JSON that have a field. */
const KNOWN = ['id', 'parentID', 'title', 'directory', 'agent', 'time'];

/** A session from its JSON. Null: it has no id. */
export function sessionFromInfo(
  info: JsonObject,
  added: JsonObject,
  file: Pick<OpencodeSession, 'path' | 'bytes' | 'revision' | 'isDamaged'>,
): OpencodeSession | null {
  const id = textIn(info.id);
  const time = objectIn(info.time);
  // The rest of them: of the last change, of a compaction.
  const times = orNull(without(time ?? {}, ['created', 'archived']));
  if (id === null) return null;
  return {
    ...file,
    id,
    parentId: textIn(info.parentID),
    title: textIn(info.title),
    directory: textIn(info.directory),
    agent: textIn(info.agent),
    createdMs: numberIn(time?.created),
    updatedMs: numberIn(time?.updated),
    archivedMs: numberIn(time?.archived),
    revert: objectIn(info.revert),
    rest: { ...without(info, KNOWN), ...(times && { time: times }), ...added },
  };
}
