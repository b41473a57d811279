import { randomUUID } from 'node:crypto';
import type { SessionKey, SessionStoreEntry } from '@anthropic-ai/claude-agent-sdk';
import { foldSessionSummary } from '@anthropic-ai/claude-agent-sdk';
import { type ClientOptions, Sessiontree } from '@sessiontree/client';
import { CountedClient } from '../../support/counted-client.ts';
import { SessiontreeSessionStore, type SessiontreeSessionStoreOptions } from '../src/index.ts';

export interface Lab {
  readonly client: Sessiontree;
  /** A store with nothing in its memory, as in a process of its own. */
  open(options?: SessiontreeSessionStoreOptions): OpenStore;
  /** A key that no other test has. */
  newKey(): SessionKey;
}

export interface OpenStore {
  readonly store: SessiontreeSessionStore & Required<Pick<SessiontreeSessionStore, 'listSessionSummaries'>>;
  /** How many requests `work` sends. */
  count(work: () => Promise<unknown>): Promise<number>;
}

export function labAt(url: string, clientOptions: ClientOptions = {}): Lab {
  return {
    client: new Sessiontree(url),
    open(options = { foldSessionSummary }) {
      const client = new CountedClient(url, clientOptions);
      return {
        store: new SessiontreeSessionStore(client, options) as OpenStore['store'],
        count: (work) => client.requestsOf(work),
      };
    },
    newKey: () => ({ projectKey: `-home-${randomUUID()}`, sessionId: randomUUID() }),
  };
}

/** A prompt, and its answer with a tool call. */
export function turn(sessionId: string, n: number, more: object = {}): SessionStoreEntry[] {
  const common = {
    sessionId,
    cwd: '/home/ada/trip',
    gitBranch: 'main',
    version: '2.1.40',
    isSidechain: false,
  };
  return [
    {
      ...common,
      type: 'user',
      uuid: `${sessionId}-${n}-user`,
      parentUuid: n === 0 ? null : `${sessionId}-${n - 1}-assistant`,
      timestamp: new Date(Date.UTC(2026, 2, 1, 10, n, 0)).toISOString(),
      message: { role: 'user', content: `Question ${n}` },
      ...more,
    },
    {
      ...common,
      type: 'assistant',
      uuid: `${sessionId}-${n}-assistant`,
      parentUuid: `${sessionId}-${n}-user`,
      timestamp: new Date(Date.UTC(2026, 2, 1, 10, n, 1)).toISOString(),
      requestId: `req-${n}`,
      message: {
        id: `msg-${sessionId}-${n}`,
        type: 'message',
        role: 'assistant',
        model: 'claude-sonnet-4-5',
        content: [{ type: 'text', text: `Answer ${n}` }],
        usage: { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 100 },
      },
      ...more,
    },
  ];
}
