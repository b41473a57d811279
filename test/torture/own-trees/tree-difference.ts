import { addOptionalDecimals } from '../../../src/model/decimal.ts';
import type { Message } from '../../../src/model/message.ts';
import type { Session } from '../../../src/model/session.ts';
import type { Model } from '../../repository/properties/model.ts';
import type { ModelSession } from '../../repository/properties/model-session.ts';
import { childrenRequests } from '../../support/children.ts';
import type { Reader } from '../workload.ts';

const ALL = { limit: 1_000_000, from: 'start' } as const;

/**
 * How the trees of a client, as read, differ from its model; null if they do not. `mentioned`: ids that may be of
 * sessions, beside those of the model.
 */
export async function differenceOf(
  model: Model,
  reader: Reader,
  mentioned: readonly string[],
): Promise<string | null> {
  const absent = [...model.deleted, ...mentioned.filter((id) => !model.sessions.has(id))];
  const found = (await reader.findMany(absent)).findIndex((session) => session !== null);
  if (found !== -1) return `session "${absent[found]}" is there`;

  const ids = [...model.sessions.keys()];
  const sessions = await reader.findMany(ids);
  const missing = sessions.indexOf(null);
  if (missing !== -1) return `session "${ids[missing]}" is gone`;
  const children = await reader.childrenOf(childrenRequests(ids, ALL));
  const histories = await reader.historyOf(
    ids.map((sessionId) => ({ sessionId, page: ALL })),
    2 ** 40,
  );
  for (const [n, id] of ids.entries()) {
    const modelled = model.sessions.get(id)!;
    const difference =
      sessionDifference(model, modelled, sessions[n]!) ??
      idsDifference(model.children(id), children[n]!.items) ??
      historyDifference(modelled, histories[n]!.items);
    if (difference !== null) return `session "${id}": ${difference}`;
  }
  return rollupDifference(model, reader);
}

/** Of the whole trees only: the sums of a subtree follow from the same rows. */
async function rollupDifference(model: Model, reader: Reader): Promise<string | null> {
  const roots = [...model.sessions.values()].filter(({ parentId }) => parentId === null);
  const rollups = await reader.rollupsOf(roots.map(({ id }) => id));
  for (const [n, { id }] of roots.entries()) {
    const { sessionCount, messageCount, historyLength, maxDepth, usage } = model.rollup(id);
    const expected = { sessionCount, messageCount, historyLength, maxDepth, costUsd: usage.costUsd };
    const rollup = rollups[n] && { ...rollups[n], costUsd: rollups[n].usage.costUsd };
    for (const [name, value] of Object.entries(expected)) {
      const given = rollup?.[name as keyof typeof expected];
      if (given !== value) return `the rollup of "${id}": ${name} is ${given}, expected ${value}`;
    }
  }
  return null;
}

function sessionDifference(model: Model, modelled: ModelSession, session: Session): string | null {
  const above = model.ancestors(modelled.id);
  const expected = {
    parentId: modelled.parentId,
    rootId: above[0]?.id ?? modelled.id,
    depth: above.length,
    childCount: model.children(modelled.id).length,
    key: modelled.key,
    title: modelled.title,
    status: modelled.status,
    costUsd: costOf(modelled),
    version: modelled.version,
    historyLength: modelled.history.length,
    messageCount: modelled.history.filter(({ role }) => role === 'USER').length,
    forkedFrom: modelled.forkedFrom,
    isArchived: modelled.archived,
    damage: [],
  };
  const read = { ...session, costUsd: session.usage.costUsd, isArchived: session.archivedAt !== null };
  for (const [name, value] of Object.entries(expected)) {
    const given = JSON.stringify(read[name as keyof typeof read]);
    if (given !== JSON.stringify(value)) return `${name} is ${given}, expected ${JSON.stringify(value)}`;
  }
  return null;
}

function costOf({ paid }: ModelSession): number | null {
  const sum = paid.reduce<string | null>(
    (costs, { usage }) => addOptionalDecimals(costs, String(usage.costUsd)),
    null,
  );
  return sum === null ? null : Number(sum);
}

function idsDifference(expected: readonly ModelSession[], read: readonly Session[]): string | null {
  const [wanted, given] = [expected, read].map((sessions) => sessions.map(({ id }) => id).join());
  return wanted === given ? null : `children [${given}], expected [${wanted}]`;
}

function historyDifference({ history }: ModelSession, read: readonly Message[]): string | null {
  if (read.length !== history.length) return `${read.length} messages, expected ${history.length}`;
  for (const [position, expected] of history.entries()) {
    const { ordinal, role, content, key, position: at } = read[position]!;
    if (at !== position || ordinal !== expected.ordinal || role !== expected.role)
      return `message ${position} is ${JSON.stringify({ at, ordinal, role })}`;
    if (key !== expected.key) return `message ${position} has the key ${key}, expected ${expected.key}`;
    if (content !== expected.content) return `message ${position} says "${content.slice(0, 80)}"`;
  }
  return null;
}
