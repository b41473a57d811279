import { dirname } from 'node:path';
import { isSameJson, type JsonObject, type JsonValue } from '../../model/json.ts';
import type { SessionStatus } from '../../model/session.ts';
import { LIVE_MS, type SessionDescription, type SourceItem, type SourceSession } from '../format.ts';
import { hashOf } from '../hash.ts';
import { dateIn, jsonOrText, objectIn, textIn, without, withoutTexts } from '../source-json.ts';
import { type Beginning, readThread } from './read-rollout.ts';
import type { RolloutFile } from './rollout-file.ts';
import type { RolloutState } from './rollout-state.ts';
import type { ThreadRecord, ThreadRecords } from './state-database.ts';
import type { ThreadLinks } from './thread-links.ts';

/** Members of the first line that have a field, if they are texts, or that are in the first message. */
const KNOWN = ['id', 'base_instructions', 'timestamp', 'parent_thread_id'];

/** Columns that change with each line of the rollout, and when a thread is only opened: they come in with other changes. */
const COUNTERS = ['updated_at', 'updated_at_ms', 'recency_at', 'recency_at_ms', 'tokens_used'];

export function sourceSession(
  rollout: RolloutFile,
  links: ThreadLinks,
  records: ThreadRecords,
  now: number,
): SourceSession {
  const { id, meta, path, bytes, mtimeMs } = rollout;
  const record = records.threads.get(id);
  const edge = records.edges.get(id);
  const isArchived = dirname(path).endsWith('archived_sessions');
  const spawn = objectIn(objectIn(objectIn(meta.source)?.subagent)?.thread_spawn);
  const agent = (name: string) => textIn(meta[name]) ?? textIn(spawn?.[name]);
  const described: SessionDescription = {
    title: record?.title ?? null,
    agentName: agent('agent_role') ?? agent('agent_nickname') ?? textIn(objectIn(meta.source)?.subagent),
    project: textIn(meta.cwd),
    userId: null,
    status: null,
    statusMessage: null,
    archivedAt: record?.archivedAt ?? (isArchived ? new Date(Math.floor(mtimeMs)) : null),
    metadata: {
      ...withoutTexts(without(meta, inFirstMessage(meta)), KNOWN),
      ...columnsOf(record, meta),
      ...(edge?.status && { spawn_edge_status: edge.status }),
      ...(edge?.rest && { spawn_edge: edge.rest }),
    },
  };
  const linked = hashOf([links.parent, links.origin, beginningIn(links.beginning), ...links.baseLengths]);
  // The database changes without the rollout.
  const recorded = hashOf([
    described.title,
    described.archivedAt?.getTime() ?? null,
    record ? without(record.rest, COUNTERS) : null,
    edge ? { ...edge } : null,
  ]);
  return {
    type: 'session',
    key: `codex:${id}`,
    parent: links.parent && { key: `codex:${links.parent.id}`, toolCallId: links.parent.toolCallId },
    forkedFrom: links.origin && { key: `codex:${links.origin.id}`, throughKey: links.origin.throughKey },
    described,
    createdAt: dateIn(meta.timestamp),
    lastActiveAt: record?.updatedAt ?? new Date(Math.floor(mtimeMs)),
    isPartlyKnown: records.isPartial,
    files: [{ path, bytes }],
    links: linked,
    revision: `${bytes} ${mtimeMs} ${linked} ${recorded}`,
    async *read(from): AsyncGenerator<SourceItem> {
      const items = readThread(rollout, links.beginning, { from, now });
      let next = await items.next();
      for (; !next.done; next = await items.next()) yield next.value;
      for (const kind of record?.dropped ?? []) yield { type: 'dropped', kind };
      const { state, resume, isUnfinished } = next.value;
      const isRecent = now - mtimeMs < LIVE_MS;
      const title = described.title ?? state.name ?? state.firstPrompt ?? agent('agent_path');
      const end = { status: statusOf(state, isRecent, links), title };
      const metadata = {
        ...described.metadata,
        ...settingsOf(state),
        ...(state.name !== null && state.name !== title && { thread_name: state.name }),
      };
      yield { type: 'end', described: { ...end, metadata }, resume, isUnfinished };
    },
  };
}

/** The member of the first line that is in the first message, unless it is a text of `KNOWN`. */
function inFirstMessage({ base_instructions: base, instructions }: JsonObject): string[] {
  if (!base) return textIn(instructions) === null ? [] : ['instructions'];
  return textIn(objectIn(base)?.text) === null ? [] : ['base_instructions'];
}

/** The columns of a thread that say something else than the first line of its rollout; with the names of both where the two differ. */
function columnsOf(record: ThreadRecord | undefined, meta: JsonObject): JsonObject {
  const columns = Object.entries(record?.rest ?? {}).flatMap(([name, value]): [string, JsonValue][] => {
    const said = meta[name] ?? null;
    if (said === null) return [[name, value]];
    const isSame = isSameJson(said, typeof value === 'string' && value !== said ? jsonOrText(value) : value);
    return isSame ? [] : [[`threads.${name}`, value]];
  });
  return Object.fromEntries(columns);
}

/** Where a thread begins, as JSON. */
function beginningIn({ base, ...beginning }: Beginning): JsonObject {
  return {
    ...beginning,
    base: base && { id: base.rollout.id, end: base.end, beginning: beginningIn(base.beginning) },
  };
}

function statusOf({ turn }: RolloutState, isRecent: boolean, { parent }: ThreadLinks): SessionStatus | null {
  if (turn === 'open') return isRecent ? 'RUNNING' : 'IDLE';
  if (turn === 'aborted') return 'CANCELLED';
  if (turn === 'failed') return 'FAILED';
  if (turn === 'complete') return parent ? 'COMPLETED' : 'IDLE';
  return null;
}

function settingsOf({ settings, latest }: RolloutState): JsonObject {
  return { ...latest, ...(settings && { turn_context: settings }) };
}
