import type { JsonObject } from '../../model/json.ts';
import type { MessageRole, NewMessage } from '../../model/message.ts';
import { jsonOrText, objectIn, objectsIn, textIn, without } from '../source-json.ts';
import type { Node } from './branches.ts';

const ROLES: Record<string, MessageRole> = { user: 'USER', assistant: 'ASSISTANT', tool: 'TOOL' };
const KNOWN = ['id', 'author', 'content', 'create_time'];

/** The message of a node; `before` is the node above. Null: there is nothing in the message, which the program wrote. */
export function translate(
  { id, message }: Node,
  before: Node | null,
  createdAt: Date | null,
): (NewMessage & { key: string }) | null {
  if (!message) return null;
  const content = objectIn(message.content) ?? {};
  const author = objectIn(message.author) ?? {};
  const role = ROLES[textIn(author.role) ?? ''] ?? 'SYSTEM';
  const { text, reasoning, isWhole } = textOf(content);
  if (role === 'SYSTEM' && text === '' && isWhole) return null;
  const metadata = objectIn(message.metadata);
  const isCall = role === 'ASSISTANT' && isRecipient(message.recipient);
  const type = textIn(content.content_type) ?? 'text';
  const isRecap = type === 'reasoning_recap';
  const rest = without(author, ['role', 'name']);
  return {
    key: id,
    role: isRecap ? 'EVENT' : role,
    kind: isRecap ? type : null,
    content: isCall ? '' : text,
    reasoning,
    toolCalls: isCall
      ? [{ toolCallId: id, name: textIn(message.recipient)!, arguments: jsonOrText(text) }]
      : null,
    name: textIn(author.name),
    toolCallId: role === 'TOOL' ? callBefore(before) : null,
    isError: type === 'system_error',
    model: role === 'ASSISTANT' ? textIn(metadata?.model_slug) : null,
    payload: {
      ...without(message, KNOWN),
      ...(Object.keys(rest).length > 0 && { author: rest }),
      content: isWhole ? { content_type: type } : content,
    },
    createdAt,
  };
}

/** Whom a message is for: a tool, or everybody. */
function isRecipient(recipient: unknown): boolean {
  return textIn(recipient) !== null && recipient !== 'all';
}

function callBefore(node: Node | null): string | null {
  return node && isRecipient(node.message?.recipient) ? node.id : null;
}

/** `isWhole`: there is nothing in the content but the text. */
function textOf(content: JsonObject): { text: string; reasoning: string | null; isWhole: boolean } {
  const thoughts = objectsIn(content.thoughts);
  if (thoughts.length > 0) {
    const texts = thoughts.flatMap(({ summary, content: thought }) => [textIn(summary), textIn(thought)]);
    return { text: '', reasoning: joined(texts), isWhole: false };
  }
  if (Array.isArray(content.parts)) {
    const texts = content.parts.map((part) => textIn(part) ?? textIn(objectIn(part)?.text));
    return {
      text: joined(texts),
      reasoning: null,
      isWhole: content.parts.every((part) => typeof part === 'string'),
    };
  }
  const single = textIn(content.text) ?? textIn(content.content) ?? textIn(content.result);
  const texts =
    single === null ? [textIn(content.user_profile), textIn(content.user_instructions)] : [single];
  const known = ['content_type', 'text', 'content'];
  return { text: joined(texts), reasoning: null, isWhole: Object.keys(without(content, known)).length === 0 };
}

function joined(texts: readonly (string | null)[]): string {
  return texts.filter((text) => text !== null).join('\n');
}
