import { EventSource } from 'eventsource';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import type { ChangeKind } from '../../../src/repository/changes.ts';
import type { ReplicaSession } from '../../support/replica.ts';
import { MESSAGE, type SaidMessage, SESSION } from './queries.ts';

/** The messages of a change that come with it, at most. */
export const MESSAGES_AT_ONCE = 20;

const WATCH = `subscription ($within: ID, $after: String) {
  sessionChanges(within: $within, after: $after) {
    cursor isReset isUpToDate
    changes { kind sessionId fromPosition ${SESSION} messages(first: ${MESSAGES_AT_ONCE}) { ${MESSAGE} } }
  }
}`;

export interface ChangeTold {
  readonly kind: ChangeKind;
  readonly sessionId: string;
  readonly fromPosition: number | null;
  readonly session: ReplicaSession | null;
  readonly messages: readonly SaidMessage[];
}

/** An event of the subscription. */
export interface ChangesTold {
  readonly cursor: string;
  readonly isReset: boolean;
  readonly isUpToDate: boolean;
  readonly changes: readonly ChangeTold[];
}

interface Result {
  readonly data?: { readonly sessionChanges: ChangesTold } | null | undefined;
  readonly errors?: readonly unknown[] | undefined;
}

/** Gets what a client library tells. */
export interface Sink {
  next(event: ChangesTold): void;
  /** The subscription has failed, and does not go on by itself. */
  error(error: unknown): void;
  complete(): void;
}

/** A client library, as the pages of documentation use it. */
export interface LiveClient {
  /** Subscribes, and after each lost connection goes on from the last cursor. Returns a function that ends the subscription. */
  watch(within: string | null, after: string, sink: Sink): () => void;
  dispose(): void;
}

const RETRY_MS = 30;
const retrySoon = () => new Promise<void>((resolve) => setTimeout(resolve, Math.random() * RETRY_MS));

export const CLIENTS: Readonly<Record<string, (port: number) => LiveClient>> = {
  'graphql-ws': (port) => {
    let isDisposed = false;
    const library = createWsClient({
      url: `ws://127.0.0.1:${port}/graphql`,
      retryAttempts: Number.POSITIVE_INFINITY,
      // A subscription that was ended while there was no connection goes on trying.
      shouldRetry: () => !isDisposed,
      retryWait: retrySoon,
    });
    const dispose = () => {
      isDisposed = true;
      return library.dispose();
    };
    return libraryClient({ subscribe: library.subscribe, dispose });
  },
  'graphql-sse': (port) =>
    libraryClient(
      createSseClient({
        url: `http://127.0.0.1:${port}/graphql`,
        retryAttempts: Number.POSITIVE_INFINITY,
        retry: retrySoon,
      }),
    ),
  EventSource: (port) => eventSourceClient(port),
};

/** What graphql-ws and graphql-sse have in common. */
interface Library {
  subscribe(
    payload: { readonly query: string; readonly variables: Record<string, unknown> },
    sink: { next(result: unknown): void; error(error: unknown): void; complete(): void },
  ): () => void;
  dispose(): unknown;
}

function libraryClient(library: Library): LiveClient {
  return {
    watch(within, first, sink) {
      let after = first;
      const payload = {
        query: WATCH,
        get variables() {
          return { within, after };
        },
      };
      return library.subscribe(payload, {
        next(result) {
          const event = eventOf(result as Result, sink);
          if (event) after = event.cursor;
        },
        error: (error) => sink.error(error),
        complete: () => sink.complete(),
      });
    },
    dispose() {
      // graphql-ws rejects if it was just connecting.
      void Promise.resolve(library.dispose()).catch(() => {});
    },
  };
}

function eventSourceClient(port: number): LiveClient {
  const sources = new Set<EventSource>();
  return {
    watch(within, after, sink) {
      const url = new URL(`http://127.0.0.1:${port}/graphql`);
      url.searchParams.set('query', WATCH);
      url.searchParams.set('variables', JSON.stringify({ within, after }));
      const source = new EventSource(url);
      sources.add(source);
      source.addEventListener('next', ({ data, lastEventId }) => {
        const event = eventOf(JSON.parse(data), sink);
        if (event && event.cursor !== lastEventId) sink.error(new Error(`the id is ${lastEventId}`));
      });
      const end = () => {
        source.close();
        sources.delete(source);
      };
      source.addEventListener('complete', () => {
        end();
        sink.complete();
      });
      source.addEventListener('error', ({ code, message }) => {
        if (source.readyState === EventSource.CLOSED) sink.error(new Error(`${code}: ${message}`));
      });
      return end;
    },
    dispose() {
      for (const source of sources) source.close();
    },
  };
}

function eventOf({ data, errors }: Result, sink: Sink): ChangesTold | null {
  if (errors || !data) {
    sink.error(errors);
    return null;
  }
  sink.next(data.sessionChanges);
  return data.sessionChanges;
}
