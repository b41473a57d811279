import type { JsonObject } from '../../model/json.ts';
import type { MessageRole, NewMessage } from '../../model/message.ts';
import { jsonOrText, objectIn, objectsIn, orNull, textIn, without } from '../source-json.ts';
import type { Node } from './nodes.ts';

const ROLES: Record<string, MessageRole> = { user: 'USER', assistant: 'ASSISTANT', tool: 'TOOL' };
const KNOWN = ['id', 'author', 'content', 'create_time'];

/** The message of a node. `toolCallId`: the call above, if only results are between. Null: there is nothing in the message, which the program wrote. */
export function translate(
  node: Node,
  toolCallId: string | null,
  createdAt: Date | null,
): (NewMessage & { key: string }) | null {
  const { id, message } = node;
  if (!message) return null;
  const content = objectIn(message.content) ?? {};
  const author = objectIn(message.author) ?? {};
  const role = ROLES[textIn(author.role) ?? ''] ?? 'SYSTEM';
  const { text, reasoning, rest } = textOf(content);
  if (role === 'SYSTEM' && text === '' && orNull(without(rest, ['content_type'])) === null) return null;
  const metadata = objectIn(message.metadata);
  const type = textIn(content.content_type) ?? 'text';
  const isRecap = type === 'reasoning_recap';
  const authorRest = without(author, ['role', 'name']);
  const isTool = isCall(node);
  return {
    key: id,
    role: isRecap ? 'EVENT' : role,
    kind: isRecap ? type : null,
    content: isTool ? '' : text,
    reasoning,
    toolCalls: isTool
      ? [{ toolCallId: id, name: textIn(message.recipient)!, arguments: jsonOrText(text) }]
      : null,
    name: textIn(author.name),
    toolCallId: role === 'TOOL' ? toolCallId : null,
    isError: type === 'system_error',
    model: role === 'ASSISTANT' ? textIn(metadata?.model_slug) : null,
    payload: {
      ...without(message, KNOWN),
      ...(message.id != null && message.id !== id && { id: message.id }),
      ...(orNull(node.rest) && { node: node.rest }),
      ...(Object.keys(authorRest).length > 0 && { author: authorRest }),
      content: { content_type: type, ...rest },
    },
    createdAt,
  };
}

/** Whether the message of a node is for a tool: not for everybody. */
export function isCall({ message }: Node): boolean {
  const recipient = textIn(message?.recipient);
  return objectIn(message?.author)?.role === 'assistant' && recipient !== null && recipient !== 'all';
}

/** `rest`: what else is in the content. */
function textOf(content: JsonObject): { text: string; reasoning: string | null; rest: JsonObject } {
  const thoughts = objectsIn(content.thoughts);
  if (thoughts.length > 0) {
    const texts = thoughts.flatMap(({ summary, content: thought }) => [textIn(summary), textIn(thought)]);
    return { text: '', reasoning: joined(texts), rest: content };
  }
  if (Array.isArray(content.parts)) {
    const isOnlyText = content.parts.every((part) => typeof part === 'string');
    const texts = content.parts.map((part) => textIn(part) ?? textIn(objectIn(part)?.text));
    return {
      text: joined(texts),
      reasoning: null,
      rest: isOnlyText ? without(content, ['parts']) : content,
    };
  }
  const name = TEXT_MEMBERS.find((member) => textIn(content[member]) !== null);
  if (name !== undefined)
    return { text: textIn(content[name])!, reasoning: null, rest: without(content, [name]) };
  const texts = PROFILE_MEMBERS.map((member) => textIn(content[member]));
  return { text: joined(texts), reasoning: null, rest: without(content, PROFILE_MEMBERS) };
}

const TEXT_MEMBERS = ['text', 'content', 'result'];
/** Of `user_editable_context`. */
const PROFILE_MEMBERS = ['user_profile', 'user_instructions'];

function joined(texts: readonly (string | null)[]): string {
  return texts.filter((text) => text !== null).join('\n');
}
