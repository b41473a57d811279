import { z } from 'zod';
import { parseMessageId } from '../../model/id.ts';
import { checkInput, inputRules } from '../../model/input.ts';
import { count, messageId, sessionId } from '../../model/input-values.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Limits } from '../../model/limits.ts';
import { SESSION_STATUSES } from '../../model/session.ts';
import type { DailyUsage } from '../../model/usage-report.ts';
import type { RestoredMessage, RestoreSession } from '../../repository/mutations.ts';
import { LineFault } from './session-lines.ts';

/** What a line says of a session; null members are left out by some writers, and are null then. */
export type SessionHead = Omit<RestoreSession, 'historyLength' | 'messages'>;

/** Follow from the others, or from the place of the session. */
const DERIVED = ['rootId', 'depth', 'messageCount', 'historyLength', 'usage'] as const;
/** Of a message. */
const DERIVED_OF_MESSAGE = ['position'] as const;

/** Later mutations need numbers above those of the file: versions are 32-bit integers in the API, and ordinals stay below 2^53. */
const VERSION_MAX = 2 ** 30;
const ORDINAL_MAX = 2 ** 52;

const time = z.iso.datetime('a time as 2026-01-31T12:00:00.000Z').transform((text) => new Date(text));
/** The exact sum of any costs needs fewer digits. */
const DECIMAL = /^\d{1,400}(?:\.\d{1,1100})?$/;

/** The rules of a line: those of every input, for members that an export writes. */
export class LineRules {
  readonly #session: ReturnType<typeof sessionRule>;
  readonly #message: ReturnType<typeof messageRule>;
  readonly #sessionMembers: ReadonlySet<string>;
  readonly #messageMembers: ReadonlySet<string>;

  constructor(limits: Limits) {
    const rules = inputRules(limits);
    this.#session = sessionRule(rules);
    this.#message = messageRule(rules);
    this.#sessionMembers = new Set(Object.keys(this.#session.shape));
    this.#messageMembers = new Set(Object.keys(this.#message.shape));
  }

  /** The members that say something of their own; calls `onUnknown` with the names of those that no export writes. */
  sessionMembersOf(head: JsonObject, onUnknown: (name: string) => void = () => {}): JsonObject {
    return known(head, this.#sessionMembers, DERIVED, onUnknown);
  }

  messageMembersOf(message: JsonObject, onUnknown: (name: string) => void = () => {}): JsonObject {
    return known(message, this.#messageMembers, DERIVED_OF_MESSAGE, onUnknown);
  }

  /** Throws an InvalidInputError. */
  session(members: JsonObject): SessionHead {
    const { paid, nextOrdinal, ...session } = checkInput(this.#session, members, []);
    const { createdAt, spawnedBy, forkedFrom } = session;
    return {
      ...session,
      parentId: session.parentId ?? null,
      userId: session.userId ?? null,
      key: session.key ?? null,
      title: session.title ?? null,
      agentName: session.agentName ?? null,
      project: session.project ?? null,
      status: session.status ?? 'IDLE',
      statusMessage: session.statusMessage ?? null,
      statusChangedAt: session.statusChangedAt ?? createdAt,
      spawnedBy: spawnedBy
        ? { ...spawnedBy, messageId: spawnedBy.messageId ?? null, toolCallId: spawnedBy.toolCallId ?? null }
        : null,
      metadata: session.metadata ?? {},
      lastActiveAt: session.lastActiveAt ?? createdAt,
      updatedAt: session.updatedAt ?? createdAt,
      archivedAt: session.archivedAt ?? null,
      forkedFrom: forkedFrom ? { ...forkedFrom, messageId: forkedFrom.messageId ?? null } : null,
      // The ordinals of the messages count, too.
      nextOrdinal: nextOrdinal ?? 0,
      paid: paid?.map(dailyUsageOf) ?? null,
    };
  }

  /** Message number `n` of the session `id`, whose ordinal is above `after`. Throws an InvalidInputError, or a LineFault. */
  message(members: JsonObject, id: string, n: number, after: number): RestoredMessage {
    const {
      id: given,
      replacedAt = null,
      redactedAt = null,
      ...message
    } = checkInput(this.#message, members, ['history', `${n}`]);
    const { sessionId: of, ordinal } = parseMessageId(given)!;
    if (of !== id)
      throw new LineFault(`history.${n}.id: expected the id of a message of "${id}", got "${given}"`);
    if (ordinal > ORDINAL_MAX)
      throw new LineFault(`history.${n}.id: expected a number of at most 2^52, got ${ordinal}`);
    if (ordinal <= after)
      throw new LineFault(`history.${n}.id: expected a number above ${after}, got ${ordinal}`);
    return { ...message, ordinal, replacedAt, redactedAt };
  }
}

type Rules = ReturnType<typeof inputRules>;

function sessionRule({ create, message, userId: name }: Rules) {
  const { key, userId, title, agentName, project, statusMessage, metadata } = create.shape;
  const { inputTokens, outputTokens } = message.shape.usage.unwrap().unwrap().shape;
  const tokens = {
    inputTokens,
    outputTokens,
    cacheReadTokens: count,
    cacheWriteTokens: count,
    reasoningTokens: count,
  };
  const paid = z.object({
    day: z.iso.date('a day as 2026-01-31'),
    model: name.nullish(),
    responseCount: count,
    ...tokens,
    costUsd: z.string().regex(DECIMAL, 'a decimal number as text').nullish(),
    pricedCount: count,
  });
  return z.object({
    id: sessionId,
    parentId: sessionId.nullish(),
    key,
    userId,
    title,
    agentName,
    project,
    status: z.enum(SESSION_STATUSES).nullish(),
    statusMessage,
    statusChangedAt: time.nullish(),
    spawnedBy: z.object({ sessionId, messageId: messageId.nullish(), toolCallId: name.nullish() }).nullish(),
    metadata,
    createdAt: time,
    lastActiveAt: time.nullish(),
    updatedAt: time.nullish(),
    version: count.min(1, '1 or more').max(VERSION_MAX, 'at most 2^30'),
    archivedAt: time.nullish(),
    forkedFrom: z.object({ sessionId, messageId: messageId.nullish(), historyLength: count }).nullish(),
    nextOrdinal: count.max(ORDINAL_MAX, 'at most 2^52').nullish(),
    paid: z.array(paid).nullish(),
  });
}

function messageRule({ message }: Rules) {
  return message.extend({
    id: messageId,
    createdAt: time,
    replacedAt: time.nullish(),
    redactedAt: time.nullish(),
  });
}

function dailyUsageOf({
  day,
  model = null,
  responseCount,
  costUsd = null,
  ...counts
}: NonNullable<z.output<ReturnType<typeof sessionRule>>['paid']>[number]): DailyUsage {
  return { day, model, responseCount, usage: { ...counts, costUsd } };
}

function known(
  value: JsonObject,
  names: ReadonlySet<string>,
  derived: readonly string[],
  onUnknown: (name: string) => void,
): JsonObject {
  const members: JsonObject = {};
  for (const name of Object.keys(value)) {
    if (names.has(name)) members[name] = value[name]!;
    else if (!derived.includes(name)) onUnknown(name);
  }
  return members;
}
