import type { SessionRepository } from '../../repository/repository.ts';

/** Where a caller says to which trace its request belongs: headers, or the extensions of an operation over WebSocket. */
export type TraceCarrier = Readonly<Record<string, unknown>>;

/** A request that begins, as far as its span needs to know. */
export interface BegunRequest {
  /** Has `traceparent` and `tracestate` of W3C Trace Context, if the caller sent them. */
  readonly carrier: TraceCarrier;
  /** Of the URL that the client used; undefined for what is no request of HTTP. */
  readonly scheme?: 'http' | 'https' | undefined;
  /** On the clock of `performance.now()`. */
  readonly startedAt: number;
  /** Of an operation over WebSocket: the trace of the request that opened the connection. */
  readonly connection?: RequestTrace | undefined;
}

/** What is known of a request once it has ended: the rest of its span. */
export interface EndedSpan {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  /** What went wrong on the side of the server; null if nothing did. */
  readonly failure: string | null;
}

/** The span of a request, which lies in the trace of its caller or begins a trace. */
export interface RequestTrace {
  readonly traceId: string;
  /** `store`, whose calls are timed: each is a span of its own beneath that of the request. `store` itself if nothing is recorded. */
  timed(store: SessionRepository): SessionRepository;
  /** Ends the span; only the first call counts. What is read after that is not recorded. */
  end(ended: EndedSpan): void;
}

/** Begins the span of a request. Undefined for a server that makes no traces. */
export type BeginTrace = ((request: BegunRequest) => RequestTrace) | undefined;
