import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import type { NewToolCall } from '../../model/message.ts';
import { type Conversation, changedMeanwhile, conversations, hasMessagesIn } from '../export-files.ts';
import { promptTitle } from '../fit.ts';
import type { Format, SourceItem, SourceMessage, SourceSession } from '../format.ts';
import { dateIn, listIn, objectIn, objectsIn, orNull, textIn, without } from '../source-json.ts';

/** An export of claude.ai: conversations without branches. */
export const claudeAi: Format = {
  name: 'claude-ai',
  title: 'claude.ai',

  /** An export has no place of its own. */
  defaultPlaces: () => [],

  recognises: (path) => hasMessagesIn(path, 'chat_messages'),

  async *survey(path, { onFile }) {
    for await (const item of conversations(path, onFile)) {
      if ('type' in item) {
        yield item;
        continue;
      }
      const session = sourceSession(item);
      const reason = 'a conversation has no uuid';
      yield session ?? { type: 'fault', path: item.path, line: null, reason };
    }
  },
};

const KNOWN = ['uuid', 'name', 'chat_messages', 'created_at'];

function sourceSession({ conversation, path, bytes, revision, again }: Conversation): SourceSession | null {
  const id = textIn(conversation.uuid);
  if (id === null) return null;
  const messages = objectsIn(conversation.chat_messages);
  const createdAt = dateIn(conversation.created_at);
  return {
    type: 'session',
    key: `claude-ai:${id}`,
    parent: null,
    forkedFrom: null,
    described: {
      title: textIn(conversation.name) ?? firstPrompt(messages),
      agentName: null,
      project: textIn(objectIn(conversation.project)?.name),
      userId: null,
      status: null,
      statusMessage: null,
      archivedAt: null,
      metadata: without(conversation, KNOWN),
    },
    createdAt,
    lastActiveAt: dateIn(conversation.updated_at),
    files: [{ path, bytes }],
    revision,
    async *read(): AsyncGenerator<SourceItem> {
      const conversation = await again();
      if (!conversation) yield changedMeanwhile(path);
      const keys = new Set<string>();
      let time = createdAt;
      const messages = objectsIn(conversation?.chat_messages);
      const others = listIn(conversation?.chat_messages).length - messages.length;
      if (others > 0) yield { type: 'dropped', kind: 'chat_messages that are no objects', count: others };
      for (const [n, message] of messages.entries()) {
        time = dateIn(message.created_at) ?? time;
        const uuid = textIn(message.uuid);
        const key = uuid === null || keys.has(uuid) ? `message:${n}` : uuid;
        keys.add(key);
        yield* translate(message, { path, time, key });
      }
      yield { type: 'end', described: null, resume: null, isUnfinished: !conversation };
    },
  };
}

/** Many conversations have no name. */
function firstPrompt(messages: readonly JsonObject[]): string | null {
  const prompt = messages.find(({ sender }) => sender === 'human');
  return prompt ? promptTitle(textOf(prompt)) : null;
}

/** The blocks of text, or, in older exports, the text. Where there are blocks, the text repeats them. */
function textOf({ content, text }: JsonObject): string {
  const blocks = objectsIn(content);
  const texts = blocks
    .map((block) => (block.type === 'text' ? textIn(block.text) : null))
    .filter((found) => found !== null);
  if (texts.length > 0) return texts.join('\n');
  return blocks.every(({ type }) => type === 'text') ? (textIn(text) ?? '') : '';
}

const KNOWN_MESSAGE = ['uuid', 'sender', 'content', 'created_at'];
const KNOWN_BLOCK: Record<string, readonly string[]> = {
  text: ['text'],
  thinking: ['thinking'],
  tool_use: ['input', 'name'],
  tool_result: ['content', 'is_error'],
};

interface Context {
  readonly path: string;
  readonly time: Date | null;
  readonly key: string;
}

function* translate(message: JsonObject, { path, time, key }: Context): Generator<SourceMessage> {
  const where = { path, line: null };
  const blocks = listIn(message.content);
  const thoughts = objectsIn(blocks)
    .map((block) => textIn(block.thinking))
    .filter((text) => text !== null);
  const calls: NewToolCall[] = [];
  const results: SourceMessage[] = [];
  const rest: JsonValue[] = [];
  for (const [n, block] of blocks.entries()) {
    if (!isJsonObject(block)) {
      rest.push(block);
      continue;
    }
    const type = textIn(block.type) ?? '';
    rest.push(without(block, KNOWN_BLOCK[type] ?? []));
    if (type === 'tool_use') {
      const toolCallId = textIn(block.id) ?? `${key}:${n}`;
      calls.push({ toolCallId, name: textIn(block.name) ?? 'tool', arguments: block.input ?? null });
    }
    if (type !== 'tool_result') continue;
    results.push({
      type: 'message',
      message: {
        key: `${key}:${n}`,
        role: 'TOOL',
        content: resultText(block.content),
        // Older exports have no ids: a result follows its call.
        toolCallId: textIn(block.tool_use_id) ?? calls.at(-1)?.toolCallId ?? null,
        name: textIn(block.name),
        isError: block.is_error === true,
        payload:
          typeof block.content === 'string' ? null : orNull(without({ content: block.content ?? null }, [])),
        createdAt: dateIn(block.stop_timestamp) ?? time,
      },
      where,
    });
  }
  const content = textOf(message);
  // As a rule, it repeats the blocks.
  const isRepeat = withoutSpace(textIn(message.text) ?? '') === withoutSpace(content);
  yield {
    type: 'message',
    message: {
      key,
      role: message.sender === 'human' ? 'USER' : 'ASSISTANT',
      content,
      reasoning: thoughts.join('\n') || null,
      toolCalls: calls,
      payload: { ...without(message, isRepeat ? ['text', ...KNOWN_MESSAGE] : KNOWN_MESSAGE), content: rest },
      createdAt: time,
    },
    where,
  };
  yield* results;
}

/** What joins blocks differs between versions. */
function withoutSpace(text: string): string {
  return text.replaceAll(/\s+/g, '');
}

function resultText(content: unknown): string {
  if (typeof content === 'string') return content;
  return objectsIn(content)
    .map((block) => textIn(block.text))
    .filter((text) => text !== null)
    .join('\n');
}
