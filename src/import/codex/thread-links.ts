import type { Fault } from '../format.ts';
import { readLines } from '../lines.ts';
import { numberIn, objectIn, textIn } from '../source-json.ts';
import { unreadable } from '../unreadable.ts';
import { copiedLines } from './copied-lines.ts';
import { type Beginning, firstLinesOf, OWN_BEGINNING } from './read-rollout.ts';
import type { RolloutFile } from './rollout-file.ts';
import { parseRolloutLine } from './rollout-line.ts';
import { spawnedThreads } from './rollout-state.ts';
import type { ThreadRecords } from './state-database.ts';

/** How a thread is connected with others. */
export interface ThreadLinks {
  readonly parent: { readonly id: string; readonly toolCallId: string | null } | null;
  readonly origin: { readonly id: string; readonly throughKey: string | null } | null;
  readonly beginning: Beginning;
  /** How many bytes there are of the lines of each base: a base can be cut until now. */
  readonly baseLengths: readonly number[];
}

/** Forks of forks; more is a cycle. */
const BASES_MAX = 1_000;

export async function linkThreads(
  rollouts: ReadonlyMap<string, RolloutFile>,
  records: ThreadRecords,
  faults: Fault[],
): Promise<ReadonlyMap<string, ThreadLinks>> {
  const parents = new Map<string, string>();
  for (const rollout of rollouts.values()) {
    const parent = parentOf(rollout) ?? records.edges.get(rollout.id)?.parent ?? null;
    if (parent !== null && parent !== rollout.id) parents.set(rollout.id, parent);
  }
  const calls = new Map<string, string>();
  for (const parent of new Set(parents.values())) {
    const rollout = rollouts.get(parent);
    if (!rollout) continue;
    await findSpawningCalls(rollout, calls).catch((error: unknown) => {
      faults.push(unreadable(rollout.path, error));
    });
  }
  const links = new Map<string, ThreadLinks>();
  for (const rollout of rollouts.values()) {
    const parent = parents.get(rollout.id) ?? null;
    const { origin, beginning, baseLengths } = await beginningOf(rollout, rollouts).catch(
      (error: unknown) => {
        faults.push(unreadable(rollout.path, error));
        return alone(null);
      },
    );
    links.set(rollout.id, {
      parent: parent === null ? null : { id: parent, toolCallId: calls.get(rollout.id) ?? null },
      origin,
      beginning,
      baseLengths,
    });
  }
  return links;
}

function parentOf({ meta }: RolloutFile): string | null {
  const spawn = objectIn(objectIn(objectIn(meta.source)?.subagent)?.thread_spawn);
  return textIn(meta.parent_thread_id) ?? textIn(spawn?.parent_thread_id);
}

/** Which calls of a thread spawned which threads. A file can be larger than memory: only lines that name a thread are parsed. */
async function findSpawningCalls(rollout: RolloutFile, calls: Map<string, string>): Promise<void> {
  for await (const lines of readLines(rollout.path)) {
    for (const line of lines) {
      if (!line.bytes || !SPAWNING.some((name) => line.bytes!.includes(name))) continue;
      const { payload = {} } = parseRolloutLine(line) ?? {};
      const item = objectIn(payload.item) ?? payload;
      const callId = textIn(item.call_id) ?? textIn(item.id);
      if (callId === null) continue;
      const threads = typeof item.output === 'string' ? threadsNamedIn(item.output) : spawnedThreads(item);
      for (const thread of threads) if (!calls.has(thread)) calls.set(thread, callId);
    }
  }
}

const SPAWNING = ['"agent_thread_id"', '"receiver_thread_ids"', '"new_thread_id"', 'agent_id\\"'];

/** The output of `spawn_agent` before there were items: `{"agent_id":"…"}`. */
function threadsNamedIn(output: string): string[] {
  const id = /^\{"agent_id":"([^"]+)"/.exec(output)?.[1];
  return id === undefined ? [] : [id];
}

async function beginningOf(
  rollout: RolloutFile,
  rollouts: ReadonlyMap<string, RolloutFile>,
): Promise<Omit<ThreadLinks, 'parent'>> {
  const { meta, copiedFrom } = rollout;
  const beginning = baseOf(rollout, rollouts);
  if (beginning !== OWN_BEGINNING) {
    const id = textIn(objectIn(meta.history_base)!.thread_id)!;
    const { base } = beginning;
    if (!base) return { origin: { id, throughKey: null }, beginning, baseLengths: [] };
    const { lastKey, lengths } = await firstLinesOf(base.rollout, base.beginning, { ordinal: base.end });
    return { origin: { id, throughKey: lastKey }, beginning, baseLengths: lengths };
  }
  const ownFromOrdinal = numberIn(meta.subagent_history_start_ordinal);
  // The child knows what its parent knew, but is no fork: its own history begins with its task.
  if (ownFromOrdinal !== null) return alone(null, { ownFromOrdinal });
  const id = textIn(meta.forked_from_id) ?? copiedFrom;
  if (id === null || id === rollout.id) return alone(null);
  const from = rollouts.get(id);
  // Without the origin, nothing else counts what was copied.
  if (!from) return alone({ id, throughKey: null });
  const { throughLine, originLine, hasDiverged } = await copiedLines(rollout.path, from.path);
  const originBeginning = baseOf(from, rollouts);
  const until = { afterLine: originLine };
  const throughKey = originLine === 0 ? null : (await firstLinesOf(from, originBeginning, until)).lastKey;
  return alone({ id, throughKey }, { copiedThroughLine: throughLine, hasDiverged });
}

/** Of a thread that has all its lines itself. */
function alone(
  origin: ThreadLinks['origin'],
  beginning: Partial<Beginning> = {},
): Omit<ThreadLinks, 'parent'> {
  return { origin, beginning: { ...OWN_BEGINNING, ...beginning }, baseLengths: [] };
}

/** The chain of rollouts that the history of one begins with. */
function baseOf(rollout: RolloutFile, rollouts: ReadonlyMap<string, RolloutFile>, depth = 0): Beginning {
  const named = objectIn(rollout.meta.history_base);
  const id = textIn(named?.thread_id);
  const end = numberIn(named?.end_ordinal_exclusive);
  if (id === null || end === null || id === rollout.id || depth > BASES_MAX) return OWN_BEGINNING;
  const base = rollouts.get(id);
  if (!base) return { ...OWN_BEGINNING, missingBase: id };
  const ownFromOrdinal = numberIn(base.meta.subagent_history_start_ordinal) ?? 0;
  const beginning = { ...baseOf(base, rollouts, depth + 1), ownFromOrdinal };
  return { ...OWN_BEGINNING, base: { rollout: base, beginning, end } };
}
