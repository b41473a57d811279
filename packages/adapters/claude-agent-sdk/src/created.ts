import type { SessionKey, SessionStoreEntry } from '@anthropic-ai/claude-agent-sdk';
import type { CreateIfMissingInput, SessionPatch, SpawnOriginInput } from '@sessiontree/client';
import { commonOf, timeOf } from './entry.ts';
import { fittedName } from './fit.ts';
import { type JsonObject, objectOf, textOf } from './json.ts';
import { agentSubpath, mainKey, storeKey } from './keys.ts';
import { agentMetaOf } from './transcript.ts';

/** What the session of a transcript is made of. `originId` is the id of the session that it is a fork of, if that is known. */
export function createdOf(
  key: SessionKey,
  entries: readonly SessionStoreEntry[],
  originId: string | null,
): CreateIfMissingInput {
  const times = entries.filter((entry) => timeOf(entry) !== null);
  // Entries without a uuid are notes of the program, which may be older than the session, as those of a queue are.
  const first = times.find(({ uuid }) => textOf(uuid) !== null) ?? times[0];
  const createdAt = first === undefined ? null : timeOf(first);
  const meta = agentMetaOf(entries) ?? {};
  if (key.subpath !== undefined) return { createdAt, parentKey: parentKeyOf(key, meta), ...agentOf(meta) };
  const forkedFrom = originId === null ? null : { sessionId: originId };
  return { createdAt, project: projectOf(entries), forkedFrom };
}

/** The session that a fork was made from, as its first entry says; null if it is none. */
export function originOf(key: SessionKey, [first]: readonly SessionStoreEntry[]): SessionKey | null {
  const sessionId = textOf(objectOf(first?.forkedFrom).sessionId);
  return sessionId === null || sessionId === key.sessionId ? null : { ...key, sessionId };
}

/** What a session is changed to after it was made, as its metadata before and after a write says; null for nothing. */
export function laterPatchOf(key: SessionKey, before: JsonObject, after: JsonObject): SessionPatch | null {
  if (key.subpath === undefined)
    return before.cwd === undefined && typeof after.cwd === 'string' ? { project: after.cwd } : null;
  const [old, meta] = [objectOf(before.meta), objectOf(after.meta)];
  const isSame = old.agentType === meta.agentType && old.toolUseId === meta.toolUseId;
  return isSame ? null : agentOf(meta);
}

/** The key of the parent that a subagent gets after it was made; null for none. */
export function laterParentOf(key: SessionKey, before: JsonObject, after: JsonObject): string | null {
  const [old, meta] = [objectOf(before.meta), objectOf(after.meta)];
  if (key.subpath === undefined || old.parentAgentId === meta.parentAgentId) return null;
  const parentKey = parentKeyOf(key, meta);
  return parentKey === mainKey(key) ? null : parentKey;
}

/** Which agent a subagent runs, and which call has spawned it, as the SDK says of it: see `agentMetaOf`. */
function agentOf(meta: JsonObject): {
  readonly agentName?: string;
  readonly spawnedBy?: SpawnOriginInput;
} {
  const agentName = fittedName(textOf(meta.agentType));
  const toolCallId = fittedName(textOf(meta.toolUseId));
  return { ...(agentName && { agentName }), ...(toolCallId && { spawnedBy: { toolCallId } }) };
}

/** The key of the session that a subagent belongs under: that of the subagent that spawned it, or else the root. */
function parentKeyOf(key: SessionKey, meta: JsonObject): string {
  const parentAgentId = textOf(meta.parentAgentId);
  const subpath = parentAgentId === null ? undefined : agentSubpath(parentAgentId);
  return subpath === undefined || subpath === key.subpath ? mainKey(key) : storeKey({ ...key, subpath });
}

/** The directory of the first entry that names one. */
export function projectOf(entries: readonly SessionStoreEntry[]): string | null {
  return entries.map((entry) => commonOf(entry).cwd).find((cwd) => cwd !== undefined) ?? null;
}
