import type { SessionKey } from '@anthropic-ai/claude-agent-sdk';

/** The keys of two transcripts differ wherever their parts do: "/" within the first two parts is escaped, and the last part is the rest. */
const MAIN = 'claude-agent';
const SUBAGENT = 'claude-subagent';

/** What the keys of all sessions of a project begin with. No subagent's does. */
export function projectPrefix(projectKey: string): string {
  return `${MAIN}/${escaped(projectKey)}/`;
}

/** What the keys of all subagents of a session begin with. */
export function subagentPrefix({ projectKey, sessionId }: SessionKey): string {
  return `${SUBAGENT}/${escaped(projectKey)}/${escaped(sessionId)}/`;
}

/** The key of the root session. */
export function mainKey({ projectKey, sessionId }: SessionKey): string {
  return projectPrefix(projectKey) + escaped(sessionId);
}

/** The key of the session that has the transcript. Throws a TypeError for an empty `subpath`, which the SDK calls invalid. */
export function storeKey(key: SessionKey): string {
  if (key.subpath === undefined) return mainKey(key);
  if (key.subpath === '') throw new TypeError('Expected a subpath that is not empty, or none, got ""');
  return subagentPrefix(key) + key.subpath;
}

/** The `sessionId` in the key of a root session. */
export function sessionIdIn(key: string, projectKey: string): string {
  return key.slice(projectPrefix(projectKey).length).replaceAll('%2F', '/').replaceAll('%25', '%');
}

/** The subpath of the transcript of a subagent, as the SDK names it. */
export function agentSubpath(agentId: string): string {
  return `subagents/agent-${agentId}`;
}

function escaped(part: string): string {
  return part.replaceAll('%', '%25').replaceAll('/', '%2F');
}
