import { addOptionalDecimals } from '../../../src/model/decimal.ts';
import type { MessageRef } from '../../../src/model/id.ts';
import { type ArchivedFilter, SESSION_STATUSES, type SessionStatus } from '../../../src/model/session.ts';
import type { Response } from '../contract/naive-usage.ts';
import type { ModelSession } from './model-session.ts';

/** What the model answers to reads: with a walk through everything for each answer. */
export class ModelReads {
  /** In order of creation. */
  readonly sessions = new Map<string, ModelSession>();

  protected get(id: string): ModelSession {
    const session = this.sessions.get(id);
    if (!session) throw new Error('SessionNotFoundError');
    return session;
  }

  /** The user of the root of the session's tree. */
  owner(id: string): string | null {
    return (this.ancestors(id)[0] ?? this.get(id)).userId;
  }

  withKey(key: string, owner: string | null): string | null {
    const all = [...this.sessions.values()];
    return all.find((each) => each.key === key && this.owner(each.id) === owner)?.id ?? null;
  }

  children(id: string): ModelSession[] {
    return [...this.sessions.values()]
      .filter(({ parentId }) => parentId === id)
      .sort((a, b) => a.arrival - b.arrival);
  }

  descendants(id: string): ModelSession[] {
    return this.children(id).flatMap((child) => [child, ...this.descendants(child.id)]);
  }

  /** Root first. */
  ancestors(id: string): ModelSession[] {
    const { parentId } = this.get(id);
    return parentId === null ? [] : [...this.ancestors(parentId), this.get(parentId)];
  }

  /** In order of creation. */
  list(archived: ArchivedFilter, statuses: readonly SessionStatus[] = SESSION_STATUSES): string[] {
    return idsWhere([...this.sessions.values()], archived, statuses);
  }

  /** In pre-order. */
  beneath(id: string, archived: ArchivedFilter, statuses: readonly SessionStatus[]): string[] {
    return idsWhere(this.descendants(id), archived, statuses);
  }

  /** In order of creation. */
  forks(id: string): string[] {
    return [...this.sessions.values()]
      .filter(({ forkedFrom }) => forkedFrom?.sessionId === id)
      .map((fork) => fork.id);
  }

  rollup(id: string) {
    const all = [this.get(id), ...this.descendants(id)];
    const paid = all.flatMap((each) => each.paid);
    const costUsd = paid.reduce<string | null>(
      (sum, { usage }) => addOptionalDecimals(sum, String(usage.costUsd)),
      null,
    );
    return {
      sessionCount: all.length,
      messageCount: all.flatMap(({ history }) => history).filter(({ role }) => role === 'USER').length,
      historyLength: all.flatMap(({ history }) => history).length,
      usage: { costUsd: costUsd === null ? null : Number(costUsd) },
      byStatus: SESSION_STATUSES.map((status) => ({
        status,
        count: all.filter((each) => each.status === status).length,
      })).filter(({ count }) => count > 0),
      maxDepth: Math.max(...all.map((each) => this.ancestors(each.id).length)),
    };
  }

  /** What is in the sums of all sessions, if all messages that cost something bring their times. */
  responses(): Response[] {
    return [...this.sessions.values()].flatMap(({ paid }) => paid as readonly Response[]);
  }

  /** The session that a tool call spawned: one that names its message, or else one that names the call alone. */
  spawned({ sessionId, ordinal, toolCallId }: MessageRef & { readonly toolCallId: string }): string | null {
    const calls = [...this.sessions.values()].filter(
      (each) => each.spawnedBy?.sessionId === sessionId && each.spawnedBy.toolCallId === toolCallId,
    );
    const named = (messageId: string | null) => calls.find((each) => each.spawnedBy!.messageId === messageId);
    return (named(`${sessionId}:${ordinal}`) ?? named(null))?.id ?? null;
  }

  search(word: string, within: string): string[] {
    return [this.get(within), ...this.descendants(within)].flatMap(({ id, history }) =>
      history
        .filter(({ content }) => content.split(' ').includes(word))
        .map(({ ordinal }) => `${id}:${ordinal}`),
    );
  }
}

function idsWhere(
  sessions: readonly ModelSession[],
  archived: ArchivedFilter,
  statuses: readonly SessionStatus[],
): string[] {
  return sessions
    .filter((session) => archived === 'INCLUDE' || session.archived === (archived === 'ONLY'))
    .filter(({ status }) => statuses.includes(status))
    .map(({ id }) => id);
}
