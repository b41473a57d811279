import type DataLoader from 'dataloader';
import { messageId } from '../model/id.ts';
import { type Message, textsKey } from '../model/message.ts';
import {
  type HistoryPage,
  type HistoryRequest,
  type HistoryScope,
  type KeyedMessageRequest,
  type MessageRequest,
  type PageRequest,
  ReadTooLargeError,
  type ToolCallRef,
  type ToolResultRequest,
  UnknownKeyError,
} from '../repository/reads.ts';
import { BatchLoaders } from './batch-loaders.ts';
import { unknownPlace } from './request-error.ts';

/** The loaders of messages. */
export abstract class MessageLoaders extends BatchLoaders {
  #message?: DataLoader<MessageRequest, Message | null, string>;
  #keyedMessage?: DataLoader<KeyedMessageRequest, Message | null, string>;
  #toolResult?: DataLoader<ToolResultRequest, Message | null, string>;
  #history?: DataLoader<HistoryRequest, HistoryPage, string>;
  #historyCount?: DataLoader<HistoryScope, number, string>;

  get message() {
    this.#message ??= this.loader(
      (requests, options) =>
        this.#withinText((left) => this.repository.findMessages(requests, left, options)),
      { cacheKeyFn: (request) => `${messageId(request)} ${textsKey(request.shown)}` },
    );
    return this.#message;
  }

  get keyedMessage() {
    this.#keyedMessage ??= this.loader(
      (requests, options) =>
        this.#withinText((left) => this.repository.findMessagesByKey(requests, left, options)),
      { cacheKeyFn: ({ sessionId, key, shown }) => `${sessionId} ${textsKey(shown)} ${key}` },
    );
    return this.#keyedMessage;
  }

  get toolResult() {
    this.#toolResult ??= this.loader(
      (requests, options) =>
        this.#withinText((left) => this.repository.findToolResults(requests, left, options)),
      { cacheKeyFn: (request) => `${textsKey(request.shown)} ${toolCallKey(request)}` },
    );
    return this.#toolResult;
  }

  get history() {
    this.#history ??= this.loader(
      (requests, options) =>
        this.#withinText((left) => this.repository.historyOf(requests, left, options)).catch((error) => {
          throw error instanceof UnknownKeyError ? unknownPlace() : error;
        }),
      {
        cacheKeyFn: (request) => {
          const { page, place, shown } = request;
          return `${scopeKey(request)} ${textsKey(shown)} ${pageKey(page)} ${place ? JSON.stringify(place) : ''}`;
        },
      },
    );
    return this.#history;
  }

  get historyCount() {
    this.#historyCount ??= this.loader((scopes, options) => this.repository.countHistory(scopes, options), {
      cacheKeyFn: scopeKey,
    });
    return this.#historyCount;
  }

  /** Text is charged where it appears in the answer. */
  async #withinText<T>(read: (textLeft: number) => Promise<T>): Promise<T> {
    try {
      return await read(this.budget.textLeft);
    } catch (error) {
      if (error instanceof ReadTooLargeError) this.budget.exceedText();
      throw error;
    }
  }
}

export function pageKey({ from, limit, after, before }: PageRequest<number | string>): string {
  return `${from} ${limit} ${after} ${before}`;
}

export function toolCallKey({ toolCallId, ...ref }: ToolCallRef): string {
  return `${messageId(ref)} ${toolCallId}`;
}

function scopeKey({ sessionId, roles, createdAfter, createdBefore }: HistoryScope): string {
  const key = `${sessionId} ${roles ?? 'ALL'}`;
  if (createdAfter == null && createdBefore == null) return key;
  return `${key} ${JSON.stringify([createdAfter, createdBefore])}`;
}
