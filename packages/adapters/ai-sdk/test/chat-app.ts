import {
  AbstractChat,
  type ChatState,
  convertToModelMessages,
  createUIMessageStreamResponse,
  DefaultChatTransport,
  generateId,
  stepCountIs,
  streamText,
  type ToolSet,
  toUIMessageStream,
  type UIMessage,
} from 'ai';
import type { MockLanguageModelV4 } from 'ai/test';
import { type ChatStore, messageMetadata } from '../src/index.ts';

/** What a chat is shown from: what `useChat` keeps in React is a plain object here. */
class PlainState implements ChatState<UIMessage> {
  status: ChatState<UIMessage>['status'] = 'ready';
  error: Error | undefined;
  messages: UIMessage[];

  constructor(messages: UIMessage[]) {
    this.messages = messages;
  }

  pushMessage = (message: UIMessage) => {
    this.messages = [...this.messages, message];
  };
  popMessage = () => {
    this.messages = this.messages.slice(0, -1);
  };
  replaceMessage = (index: number, message: UIMessage) => {
    this.messages = this.messages.with(index, structuredClone(message));
  };
  snapshot = <Value>(value: Value) => structuredClone(value);
}

/** A window in which a chat is shown. */
export class Window extends AbstractChat<UIMessage> {}

/**
 * The routes of a chat, as the documentation of the AI SDK has them for streams that can be resumed, and windows that ask them: `fetch` is that
 * of the transport of a browser.
 */
export function chatApp(store: ChatStore, model: MockLanguageModelV4, tools: ToolSet = {}) {
  const work: Promise<void>[] = [];

  async function POST(request: Request): Promise<Response> {
    const { id, messages } = (await request.json()) as { id: string; messages: UIMessage[] };
    await store.saveChat({ chatId: id, messages });
    const result = streamText({
      model,
      messages: await convertToModelMessages(messages),
      tools,
      stopWhen: stepCountIs(4),
    });
    const stream = toUIMessageStream({
      stream: result.stream,
      originalMessages: messages,
      generateMessageId: generateId,
      messageMetadata,
      onEnd: ({ messages }) => store.saveChat({ chatId: id, messages }),
      onError: (error) => String(error),
    });
    return createUIMessageStreamResponse({
      stream: store.shareStream({ chatId: id, stream, waitUntil: (one) => work.push(one) }),
    });
  }

  async function GET(id: string): Promise<Response> {
    const stream = await store.resumeStream(id);
    return stream ? createUIMessageStreamResponse({ stream }) : new Response(null, { status: 204 });
  }

  return {
    GET,
    /** Resolves once all that was shared has ended. */
    ended: () => Promise.all(work),
    window: (id: string, messages: UIMessage[] = []) =>
      new Window({
        id,
        state: new PlainState(messages),
        transport: new DefaultChatTransport({
          api: 'http://app.example/api/chat',
          fetch: (input, init) => {
            const request = new Request(input, init);
            const [, chatId] = /chat\/([^/]+)\/stream$/.exec(request.url) ?? [];
            return chatId ? GET(decodeURIComponent(chatId)) : POST(request);
          },
        }),
      }),
  };
}
