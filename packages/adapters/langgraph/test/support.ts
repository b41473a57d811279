import type { CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager';
import { BaseChatModel } from '@langchain/core/language_models/chat_models';
import {
  AIMessage,
  AIMessageChunk,
  type AIMessageFields,
  type BaseMessage,
  HumanMessage,
} from '@langchain/core/messages';
import { ChatGenerationChunk, type ChatResult } from '@langchain/core/outputs';
import { tool } from '@langchain/core/tools';
import type { MessagesAnnotation } from '@langchain/langgraph';
import type { ClientOptions, Session, Sessiontree } from '@sessiontree/client';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { CountedClient } from '../../support/counted-client.ts';
import { type RecorderOptions, SessiontreeRecorder } from '../src/index.ts';

export type Reply = AIMessageFields | Error;

/** A chat model that gives these answers, one after the other; streamed, a word at a time. */
export class ScriptedModel extends BaseChatModel {
  readonly #replies: Reply[];
  /** What a stream waits for after its first word. */
  afterFirstWord: Promise<void> | null = null;

  constructor(...replies: Reply[]) {
    super({});
    this.#replies = replies;
  }

  _llmType(): string {
    return 'scripted';
  }

  override bindTools(): this {
    return this;
  }

  async _generate(_messages: BaseMessage[]): Promise<ChatResult> {
    const message = new AIMessage(this.#next());
    return { generations: [{ text: message.text, message }] };
  }

  override async *_streamResponseChunks(
    _messages: BaseMessage[],
    _options: this['ParsedCallOptions'],
    run?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    const { content, ...rest } = this.#next();
    const words = String(content).split(/(?<= )/);
    for (const [n, word] of words.entries()) {
      const isLast = n === words.length - 1;
      const { response_metadata: _, ...fields } = isLast ? rest : {};
      const message = new AIMessageChunk({ ...(fields as object), content: word });
      const chunk = new ChatGenerationChunk({ text: word, message });
      yield chunk;
      await run?.handleLLMNewToken(word, undefined, undefined, undefined, undefined, { chunk });
      if (n === 0) await this.afterFirstWord;
    }
  }

  #next(): AIMessageFields {
    const reply = this.#replies.shift();
    if (reply === undefined) throw new Error('Expected no further call of the model, got one');
    if (reply instanceof Error) throw reply;
    // LangChain writes the id of the message into these fields.
    return { ...reply };
  }
}

/** The answer of a model that calls tools. */
export function calling(
  name: string,
  ...calls: { id: string; args: Record<string, unknown> }[]
): AIMessageFields {
  return { content: '', tool_calls: calls.map((call) => ({ name, ...call })) };
}

export interface Recording {
  readonly client: Sessiontree;
  readonly recorder: SessiontreeRecorder;
  readonly errors: unknown[];
  /** What was sent, in order: the names of the operations' fields. */
  readonly requests: string[];
}

/** A recorder for the server at `url`, whose requests are counted. */
export function openRecording(
  url: string,
  options: Partial<RecorderOptions> = {},
  clientOptions: ClientOptions = {},
): Recording {
  const client = new CountedClient(url, clientOptions);
  const errors: unknown[] = [];
  const recorder = new SessiontreeRecorder(client, {
    onError: (error) => void errors.push(error),
    ...options,
  });
  onTestFinished(() => recorder.flush());
  return { client, recorder, errors, requests: client.requests };
}

/** A thread as lines: each session with its status, and its messages beneath it, children further in. */
export async function drawn(client: Sessiontree, key: string): Promise<string[]> {
  const root = await client.sessions.get({ key });
  if (!root) return [];
  const tree = await client.sessions.tree(root.id);
  const lines: string[] = [];
  const draw = async (session: Session & { children: readonly never[] }, indent: string) => {
    const asked = session.statusMessage === null ? '' : ` (${session.statusMessage})`;
    lines.push(`${indent}${session.agentName ?? '-'} "${session.title}" ${session.status}${asked}`);
    for await (const message of client.history.list(session.id)) {
      const calls = message.toolCalls.map(({ toolCallId }) => ` → ${toolCallId}`).join('');
      const of = message.toolCallId === null ? '' : ` of ${message.toolCallId}`;
      lines.push(
        `${indent}  ${message.role}${of}${message.isCopy ? ' (copy)' : ''}: ${message.content}${calls}`,
      );
    }
    for (const child of session.children) await draw(child, `${indent}    `);
  };
  await draw(tree as never, '');
  return lines;
}

/** A number that differs in each call: for the ids of threads, since the tests of a file share a server. */
let threads = 0;
export const newThread = () => `thread-${++threads}`;

/** The config of a run on a thread, which is recorded. */
export const configOf = ({ recorder }: Pick<Recording, 'recorder'>, thread: string) => ({
  configurable: { thread_id: thread },
  callbacks: [recorder],
});

/** What a graph is given: a question. */
export const asked = (content: string) => ({ messages: [new HumanMessage(content)] });

/** A node that answers as the model does. */
export const answering = (model: ScriptedModel) => async (state: typeof MessagesAnnotation.State) => {
  return { messages: [await model.invoke(state.messages)] };
};

export const QUERY = z.object({ q: z.string() });

/** A tool that tells the weather. */
export const lookup = tool(async ({ q }) => `sunny in ${q}`, {
  name: 'lookup',
  description: 'The weather.',
  schema: QUERY,
});
