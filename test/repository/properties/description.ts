import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/model/json.ts';
import type { NewSpawnOrigin, SessionStatus, SpawnOrigin } from '../../../src/model/session.ts';

/** What a session says of itself. */
export interface Description {
  title: string | null;
  agentName: string | null;
  project: string | null;
  status: SessionStatus;
  statusMessage: string | null;
  metadata: JsonObject;
}

/** The members are as in `UpdateSession`. */
export interface DescriptionChange {
  readonly title?: string | null | undefined;
  readonly agentName?: string | null | undefined;
  readonly project?: string | null | undefined;
  readonly status?: SessionStatus | null | undefined;
  readonly statusMessage?: string | null | undefined;
  readonly metadata?: JsonObject | null | undefined;
  readonly setMetadata?: JsonObject | null | undefined;
}

/** Left out, or as it is after the change. */
const given = <T>(value: T | undefined, before: T): T => (value === undefined ? before : value);

export function changed(before: Description, change: DescriptionChange): Description {
  const message = change.status == null ? before.statusMessage : null;
  return {
    title: given(change.title, before.title),
    agentName: given(change.agentName, before.agentName),
    project: given(change.project, before.project),
    status: change.status ?? before.status,
    statusMessage: given(change.statusMessage, message),
    metadata: {
      ...(mergePatch(before.metadata, change.metadata ?? {}) as JsonObject),
      ...change.setMetadata,
    },
  };
}

/** Of two descriptions, or of a session and a description. The order of the keys of an object says nothing. */
export function isSameDescription(one: Description, other: Description): boolean {
  return isDeepStrictEqual(descriptionOf(one), descriptionOf(other));
}

function descriptionOf({ title, agentName, project, status, statusMessage, metadata }: Description) {
  return { title, agentName, project, status, statusMessage, metadata };
}

/** As RFC 7396 has it. */
function mergePatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return patch;
  const merged = isJsonObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}

/** Throws an Error if the parent cannot have spawned the session so. */
export function spawnedBy(
  parentId: string | null,
  origin: NewSpawnOrigin | null | undefined,
): SpawnOrigin | null {
  if (!origin) return null;
  const { messageId = null, toolCallId = null } = origin;
  const isAstray = messageId !== null && !messageId.startsWith(`${parentId}:`);
  if (parentId === null || isAstray) throw new Error('InvalidInputError');
  return { sessionId: parentId, messageId, toolCallId };
}
