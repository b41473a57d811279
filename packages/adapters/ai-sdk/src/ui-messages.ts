import type { MessageInput, MessageRole, TokenUsageInput } from '@sessiontree/client';
import type { LanguageModelUsage, TextStreamPart, ToolSet, UIMessage } from 'ai';
import { describeParts, type Part } from './describe-parts.ts';
import type { StoredMessage } from './read-history.ts';

const ROLES: Readonly<Record<UIMessage['role'], MessageRole>> = {
  assistant: 'ASSISTANT',
  system: 'SYSTEM',
  user: 'USER',
};

/** What `messageMetadata` puts on an answer, and `saveChat` reads from one. */
export interface ModelMetadata {
  /** The model that wrote the answer. */
  readonly model?: string;
  /** What all steps of the answer cost. */
  readonly usage?: LanguageModelUsage;
}

/**
 * For `toUIMessageStream({ messageMetadata })`: has each answer say its model and its usage, from where `saveChat` takes them for reports of
 * usage. Spread what it returns into metadata of your own.
 */
export function messageMetadata({
  part,
}: {
  readonly part: TextStreamPart<ToolSet>;
}): ModelMetadata | undefined {
  if (part.type === 'finish-step') return { model: part.response.modelId };
  if (part.type === 'finish') return { usage: part.totalUsage };
  return undefined;
}

/** The message of a history that a `UIMessage` is saved as: the payload is all of it, the rest what is found and shown of it. */
export function messageOf(message: UIMessage): MessageInput {
  const { model, usage } = Object(message.metadata) as { model?: unknown; usage?: unknown };
  const spent = usageOf(usage);
  return {
    ...(message.id !== '' && { key: message.id }),
    role: ROLES[message.role],
    ...describeParts(message.parts as readonly Part[]),
    ...(typeof model === 'string' && model !== '' && { model }),
    ...(spent && { usage: spent }),
    payload: message as unknown as MessageInput['payload'],
  };
}

function usageOf(usage: unknown): TokenUsageInput | undefined {
  const { inputTokens, outputTokens, inputTokenDetails, outputTokenDetails } = Object(
    usage,
  ) as Partial<LanguageModelUsage>;
  if (!isCount(inputTokens) || !isCount(outputTokens)) return undefined;
  const { cacheReadTokens, cacheWriteTokens } = Object(inputTokenDetails) as Record<string, unknown>;
  const { reasoningTokens } = Object(outputTokenDetails) as Record<string, unknown>;
  return {
    inputTokens,
    outputTokens,
    ...(isCount(cacheReadTokens) && { cacheReadTokens }),
    ...(isCount(cacheWriteTokens) && { cacheWriteTokens }),
    ...(isCount(reasoningTokens) && { reasoningTokens }),
  };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Whether another program wrote the message, which then has to be made a `UIMessage` from its content. */
export function isForeign({ payload }: StoredMessage): boolean {
  const { id, role, parts } = Object(payload) as Partial<UIMessage>;
  return !(typeof id === 'string' && role !== undefined && role in ROLES && Array.isArray(parts));
}

/** The `UIMessage` of a message, with `content` if it `isForeign`; null for a result of a tool or an event of another program. */
export function uiMessageOf(stored: StoredMessage, content: string): UIMessage | null {
  if (!isForeign(stored)) return stored.payload as UIMessage;
  const role = (Object.keys(ROLES) as UIMessage['role'][]).find((name) => ROLES[name] === stored.role);
  return role ? { id: stored.key ?? stored.id, role, parts: [{ type: 'text', text: content }] } : null;
}
