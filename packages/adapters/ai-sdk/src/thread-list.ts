import type { RemoteThreadListAdapter, ThreadMessage } from '@assistant-ui/react';
import {
  type CreateSessionInput,
  type Session,
  type SessionFilter,
  SessionNotFoundError,
  type Sessiontree,
} from '@sessiontree/client';
import { describeParts, type Part } from './describe-parts.ts';

/** Options of a thread list. */
export interface ThreadListOptions {
  /** Which sessions are threads. Default: all without a parent. */
  readonly filter?: SessionFilter;
  /** What new threads are created with. Name here what `filter` asks for. */
  readonly create?: Pick<CreateSessionInput, 'agentName' | 'metadata' | 'project' | 'userId'>;
  /** Threads a page. Default: 50. */
  readonly pageSize?: number;
  /** Names a thread by its first messages. Default: the beginning of what the user said first. */
  readonly nameThread?: (messages: readonly ThreadMessage[]) => string | Promise<string>;
}

/** The key of a session's metadata that has the `custom` metadata of its thread. */
const CUSTOM = 'custom';
const TITLE_LENGTH = 60;

/** The adapter with all of its methods, one request each. */
export type ThreadListAdapter = RemoteThreadListAdapter &
  Required<Pick<RemoteThreadListAdapter, 'unarchive' | 'updateCustom'>>;

/**
 * The threads of assistant-ui, each a session: its title, whether it is archived, and when it was last active are those of the session. What is
 * deleted takes the sessions beneath it along. All methods reject with a `SessiontreeError` of `@sessiontree/client`.
 *
 * @example
 * const adapter = createThreadListAdapter(client, { filter: { userId: 'ada' }, create: { userId: 'ada' } });
 */
export function createThreadListAdapter(
  client: Sessiontree,
  { filter = {}, create = {}, pageSize = 50, nameThread = firstWords }: ThreadListOptions = {},
): ThreadListAdapter {
  const threads = { rootsOnly: true, archived: 'INCLUDE', ...filter } as const;
  return {
    async list({ after } = {}) {
      const list = client.sessions.list({ filter: threads, pageSize, ...(after && { after }) });
      const { items, nextCursor } = await list.page();
      return { threads: items.map(threadOf), ...(nextCursor !== null && { nextCursor }) };
    },

    async rename(remoteId, title) {
      await client.sessions.update(remoteId, { title });
    },

    async updateCustom(remoteId, custom) {
      // As a whole value: keys that are left out are gone.
      await client.sessions.update(
        remoteId,
        custom ? { setMetadata: { [CUSTOM]: custom } } : { metadata: { [CUSTOM]: null } },
      );
    },

    async archive(remoteId) {
      await client.sessions.archive(remoteId);
    },

    async unarchive(remoteId) {
      await client.sessions.unarchive(remoteId);
    },

    async delete(remoteId) {
      try {
        await client.sessions.delete(remoteId, { mode: 'CASCADE' });
      } catch (error) {
        // Another window was faster.
        if (!(error instanceof SessionNotFoundError)) throw error;
      }
    },

    async initialize(_threadId, { custom } = {}) {
      const metadata = { ...create.metadata, ...(custom && { [CUSTOM]: custom }) };
      const { session } = await client.sessions.create({ ...create, metadata });
      return { remoteId: session.id, externalId: undefined };
    },

    async generateTitle(remoteId, messages) {
      const title = await nameThread(messages);
      // The title is stored before it is shown: the stream says that it is.
      if (title !== '') await client.sessions.update(remoteId, { title });
      return titleStream(title);
    },

    async fetch(threadId) {
      const session = await client.sessions.get(threadId);
      if (session) return threadOf(session);
      const message = `Expected a thread, got none with the id ${JSON.stringify(threadId)}. List the threads anew.`;
      throw new SessionNotFoundError({
        __typename: 'SessionNotFoundError',
        message,
        sessionId: threadId,
        key: null,
      });
    },
  };
}

type Thread = Awaited<ReturnType<RemoteThreadListAdapter['fetch']>>;

function threadOf({ id, title, archivedAt, lastActiveAt, metadata }: Session): Thread {
  const custom = metadata[CUSTOM];
  return {
    status: archivedAt === null ? 'regular' : 'archived',
    remoteId: id,
    externalId: undefined,
    title: title ?? undefined,
    lastMessageAt: new Date(lastActiveAt),
    custom: isRecord(custom) ? custom : undefined,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first words of the user, up to a length, without half a word at the end. */
function firstWords(messages: readonly ThreadMessage[]): string {
  const said = messages.find(({ role }) => role === 'user');
  const words = describeParts((said?.content ?? []) as readonly Part[])
    .content!.replace(/\s+/g, ' ')
    .trim();
  if (words.length <= TITLE_LENGTH) return words;
  const beginning = words.slice(0, TITLE_LENGTH).toWellFormed();
  return `${beginning.includes(' ') ? beginning.slice(0, beginning.lastIndexOf(' ')) : beginning}…`;
}

/** A title as assistant-ui reads one: the text of the first part of a stream. */
function titleStream(title: string): Awaited<ReturnType<RemoteThreadListAdapter['generateTitle']>> {
  return new ReadableStream({
    start(controller) {
      if (title !== '') {
        controller.enqueue({ type: 'part-start', path: [0], part: { type: 'text' } });
        controller.enqueue({ type: 'text-delta', path: [0], textDelta: title });
        controller.enqueue({ type: 'part-finish', path: [0] });
      }
      controller.close();
    },
  });
}
