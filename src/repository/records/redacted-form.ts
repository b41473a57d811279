import type { StoredMessage } from './stored-message.ts';

/**
 * A form of a message without what the message says. What other records and other programs lean on stays: the place, the key, the role,
 * what was paid for the form, and which call a result answers.
 */
export function redactedForm(stored: StoredMessage, redactedAt: string | undefined): StoredMessage {
  const { role, key, kind, toolCalls, toolCallId, isError, model, isCopy, usage, createdAt } = stored;
  return {
    role,
    content: '',
    key,
    kind,
    toolCalls: toolCalls?.map(({ toolCallId, name }) => ({ toolCallId, name })),
    toolCallId,
    isError,
    model,
    isCopy,
    usage,
    createdAt,
    paidBefore: stored.paidBefore,
    redactedAt: stored.redactedAt ?? redactedAt,
    replacedAt: stored.replacedAt,
  };
}

/** As `redactedForm`, for a message that was dropped for good: only what sums are made of stays. */
export function purgedForm(stored: StoredMessage, redactedAt: string | undefined): StoredMessage {
  const { role, content, model, isCopy, usage, createdAt, paidBefore, replacedAt, ...at } = redactedForm(
    stored,
    redactedAt,
  );
  return {
    role,
    content,
    model,
    isCopy,
    usage,
    createdAt,
    paidBefore,
    redactedAt: at.redactedAt,
    replacedAt,
  };
}

/** True if a form says nothing that a redaction would take away. */
export function saysNothing({
  content,
  reasoning,
  name,
  toolCalls,
  payload,
  metadata,
}: StoredMessage): boolean {
  return (
    content === '' &&
    reasoning === undefined &&
    name === undefined &&
    payload === undefined &&
    metadata === undefined &&
    (toolCalls?.every((call) => call.arguments === undefined) ?? true)
  );
}

/** All that a form says, as one text: equal for forms that say the same. */
export function saidBy({
  role,
  content,
  reasoning,
  name,
  toolCalls,
  payload,
  metadata,
}: StoredMessage): string {
  return JSON.stringify([role, content, reasoning, name, toolCalls, payload, metadata]);
}

/** True if a form says nothing that a purge would take away. */
export function isPurged(stored: StoredMessage): boolean {
  const { key, kind, toolCalls, toolCallId, isError } = stored;
  const others = [key, kind, toolCalls, toolCallId, isError];
  return saysNothing(stored) && others.every((value) => value === undefined);
}
