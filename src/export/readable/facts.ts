import { parseMessageId } from '../../model/id.ts';
import type { TokenUsage } from '../../model/message.ts';
import type { Session } from '../../model/session.ts';
import { TOKEN_COUNTS } from '../../model/usage.ts';
import type { Entry, Outline } from './outline.ts';

/** A line about a session. */
export interface Fact {
  readonly label: string;
  readonly text: string;
  /** The id of the session or message of the document that the fact is about. */
  readonly target?: string | undefined;
}

/** What the head of a session says. `models` are those of its messages. */
export function factsOf(session: Session, entry: Entry, outline: Outline, models: string): Fact[] {
  const { id, agentName, status, statusMessage, project, userId, key, historyLength, usage } = session;
  const { archivedAt, forkedFrom, spawnedBy, childCount, damage } = session;
  const parent = session.parentId === null ? undefined : outline.get(session.parentId);
  const facts: (Fact | null)[] = [
    { label: 'Session', text: id, target: id },
    key === null ? null : { label: 'Key', text: key },
    agentName === null ? null : { label: 'Agent', text: agentName },
    { label: 'Status', text: statusMessage === null ? status : `${status}: ${statusMessage}` },
    project === null ? null : { label: 'Project', text: project },
    userId === null ? null : { label: 'User', text: userId },
    models === '' ? null : { label: 'Model', text: models },
    { label: 'Messages', text: counted(historyLength) },
    isNothing(usage) ? null : { label: 'Used', text: usageText(usage) },
    childCount === 0 || isNothing(entry.total)
      ? null
      : { label: 'With all beneath', text: usageText(entry.total) },
    { label: 'Created', text: timeText(session.createdAt) },
    { label: 'Last active', text: timeText(session.lastActiveAt) },
    archivedAt === null ? null : { label: 'Archived', text: timeText(archivedAt) },
    session.parentId === null
      ? null
      : { label: 'Parent', text: parent?.name ?? session.parentId, target: parent?.id },
    spawnedBy === null ? null : { label: 'Spawned by', ...spawnedFrom(spawnedBy, outline) },
    forkedFrom === null
      ? null
      : {
          label: 'Forked from',
          text: forkedFrom.messageId ?? forkedFrom.sessionId,
          target: targetOf(forkedFrom, outline),
        },
    ...damage.map(({ line, reason }) => ({
      label: 'Damaged',
      text: line === null ? reason : `line ${line}: ${reason}`,
    })),
  ];
  return facts.filter((fact) => fact !== null);
}

function spawnedFrom(origin: NonNullable<Session['spawnedBy']>, outline: Outline): Omit<Fact, 'label'> {
  const { sessionId, messageId, toolCallId } = origin;
  const place = messageId ?? sessionId;
  const text = toolCallId === null ? place : `${toolCallId} in ${place}`;
  return { text, target: targetOf(origin, outline) };
}

/** A file may have any text as the id of a message: only an id of the document becomes a link. */
function targetOf(
  { sessionId, messageId }: { readonly sessionId: string; readonly messageId: string | null },
  outline: Outline,
): string | undefined {
  const message = messageId === null ? null : parseMessageId(messageId);
  const place = message ?? { sessionId };
  return outline.get(place.sessionId) && (message ? messageId! : sessionId);
}

function isNothing(usage: TokenUsage): boolean {
  return usage.costUsd === null && TOKEN_COUNTS.every((count) => usage[count] === 0);
}

/** `1,234` */
export function counted(count: number): string {
  return count.toLocaleString('en');
}

/** `2026-11-24 09:30:00 UTC` */
export function timeText(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `1,200 tokens in (1,000 cached), 34 out, $0.0125` */
export function usageText(usage: TokenUsage): string {
  const { inputTokens, outputTokens, cacheReadTokens, reasoningTokens, costUsd } = usage;
  const cached = cacheReadTokens > 0 ? ` (${counted(cacheReadTokens)} cached)` : '';
  const reasoning = reasoningTokens > 0 ? ` (${counted(reasoningTokens)} reasoning)` : '';
  const cost = costUsd === null ? '' : `, $${Number(costUsd.toPrecision(4))}`;
  return `${counted(inputTokens)} tokens in${cached}, ${counted(outputTokens)} out${reasoning}${cost}`;
}
