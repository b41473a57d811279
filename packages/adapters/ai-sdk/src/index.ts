import type { Sessiontree } from '@sessiontree/client';
import type { UIMessage, UIMessageChunk } from 'ai';
import { type Chat, Chats, type NewChat, type SaveChatInput } from './chats.ts';
import { type ResumeStreamOptions, resumeStream } from './resume-stream.ts';
import { type ShareStreamInput, StreamSharing } from './share-stream.ts';

export { type Chat, ChatChangedError, type NewChat, type SaveChatInput } from './chats.ts';
export type { ResumeStreamOptions } from './resume-stream.ts';
export type { ShareStreamInput } from './share-stream.ts';
export { type ModelMetadata, messageMetadata } from './ui-messages.ts';

/** Options of a `ChatStore`. */
export interface ChatStoreOptions {
  /** What each chat is created with, by `createChat` or by the first `saveChat`. */
  readonly create?: NewChat;
  /** Called if a stream cannot be shared: its response goes on. Default: the error is logged. */
  readonly onError?: (error: unknown) => void;
}

/** What `createChatStore` makes. No function needs the others as `this`: take them out, and export them. */
export interface ChatStore<Message extends UIMessage = UIMessage> {
  /** Creates a chat without messages, and resolves with its id. */
  createChat(chat?: NewChat): Promise<string>;
  /** All messages of a chat, as they were saved. Rejects with a `SessionNotFoundError` of the client if there is no such chat. */
  loadChat(id: string): Promise<Message[]>;
  /** As `loadChat`, with the `revision` for a save that may overwrite what was read, and nothing else. */
  readChat(id: string): Promise<Chat<Message>>;
  /**
   * Saves what is new or has changed, and creates the chat if there is none. One request, all or nothing; several for more than 1,000 messages
   * or 8 Mi characters; and one more before them to read a chat that this store has not read or saved yet. An answer in the place of another one
   * drops that and what follows. All else that is stored stays, also what another writer has saved meanwhile; with a `revision`, the chat has
   * these messages and no others, or the save rejects with a `ChatChangedError`.
   */
  saveChat(input: SaveChatInput<Message>): Promise<void>;
  /**
   * Shares what an answer says while it is said, and returns the same stream for the response. It is read to its end whether or not the response
   * is. The session is RUNNING meanwhile.
   */
  shareStream<Chunk extends UIMessageChunk>(input: ShareStreamInput<Chunk>): ReadableStream<Chunk>;
  /**
   * What is being said in a chat, in whichever process: from its beginning, and then live. Null if nothing is, for which a route answers with
   * the status 204.
   */
  resumeStream(id: string, options?: ResumeStreamOptions): Promise<ReadableStream<UIMessageChunk> | null>;
}

/**
 * The chats of the AI SDK in a Sessiontree. Make one for the whole process: it keeps in mind what it has read and saved, up to fingerprints,
 * so that a save is one request. All methods reject with a `SessiontreeError` of `@sessiontree/client`.
 *
 * @example
 * export const { createChat, loadChat, saveChat } = createChatStore(new Sessiontree('http://localhost:4000/graphql'));
 */
export function createChatStore<Message extends UIMessage = UIMessage>(
  client: Sessiontree,
  { create = {}, onError = logError }: ChatStoreOptions = {},
): ChatStore<Message> {
  const chats = new Chats(client, create);
  const sharing = new StreamSharing(client, chats, onError);
  const readChat = async (id: string) => (await chats.read(id)) as Chat<Message>;
  return {
    createChat: (chat = {}) => chats.create(chat),
    readChat,
    loadChat: async (id) => (await readChat(id)).messages,
    saveChat: (input) => chats.save(input),
    shareStream: (input) => sharing.share(input),
    resumeStream: (id, options) => resumeStream(client, id, options),
  };
}

function logError(error: unknown): void {
  // biome-ignore lint/suspicious/noConsole: nobody waits for what is shared, and no error may be lost.
  console.error('@sessiontree/ai-sdk: a stream cannot be shared.', error);
}
