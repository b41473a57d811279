import { isSameJson, type JsonObject } from '../model/json.ts';
import type { OnLoss } from './fit.ts';
import { STATE_MEMBER } from './import-state.ts';

/** What a source says of a session besides, without a member that has the name of the import's own. */
export function withoutState(metadata: JsonObject, onLoss: OnLoss): JsonObject {
  if (!Object.hasOwn(metadata, STATE_MEMBER)) return metadata;
  onLoss(`metadata.${STATE_MEMBER}`);
  const { [STATE_MEMBER]: _, ...rest } = metadata;
  return rest;
}

/** The members of `next` that `now` does not have, or has with another value. */
export function changedMembers(now: JsonObject, next: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(next).filter(
      ([name, value]) => !(Object.hasOwn(now, name) && isSameJson(now[name], value)),
    ),
  );
}
