import {
  type Context,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { SessionRepository } from '../../repository/repository.ts';
import type { BegunRequest, EndedSpan, RequestTrace } from './request-trace.ts';
import { timedStore } from './timed-store.ts';

/** Calls of the store that are spans of their own; more count only in the sums of the request. A deep tree can take thousands. */
const CALL_SPANS_MAX = 64;

/** The name of a request's span until it is known what the request asks for. */
const UNKNOWN_NAME = 'request';

/** What a span needs until it ends. A subscription lasts for days longer. */
interface OpenSpan {
  readonly span: Span;
  /** With the span, for those beneath. */
  readonly context: Context;
}

/** The span of a request, with the calls of the store beneath it. */
export class TracedRequest implements RequestTrace {
  readonly spanContext: SpanContext;
  readonly #tracer: Tracer;
  readonly #clock = new RequestClock();
  #open: OpenSpan | null;
  #calls = 0;
  #pending = 0;
  #busySince = 0;
  /** Milliseconds in which at least one call was under way. */
  #busyMs = 0;

  /**
   * `parent` has the span of the caller, if the caller named one. An operation over WebSocket is linked to `connection`, and not beneath it:
   * the trace of a connection would grow for days.
   */
  constructor(tracer: Tracer, parent: Context, { startedAt, scheme, connection }: BegunRequest) {
    this.#tracer = tracer;
    const links = connection instanceof TracedRequest ? [{ context: connection.spanContext }] : [];
    const startTime = this.#clock.at(startedAt);
    const attributes = scheme && { 'url.scheme': scheme };
    const options = { kind: SpanKind.SERVER, startTime, links, ...(attributes && { attributes }) };
    const span = tracer.startSpan(UNKNOWN_NAME, options, parent);
    this.spanContext = span.spanContext();
    this.#open = span.isRecording() ? { span, context: trace.setSpan(parent, span) } : null;
  }

  get traceId(): string {
    return this.spanContext.traceId;
  }

  timed(store: SessionRepository): SessionRepository {
    return this.#open ? timedStore(store, (method) => this.#begin(method)) : store;
  }

  #begin(method: string): (error?: unknown) => void {
    if (!this.#open) return NOTHING;
    const startedAt = performance.now();
    this.#calls += 1;
    if (this.#pending === 0) this.#busySince = startedAt;
    this.#pending += 1;
    const options = { startTime: this.#clock.at(startedAt) };
    const isSpan = this.#calls <= CALL_SPANS_MAX;
    const span = isSpan ? this.#tracer.startSpan(`store ${method}`, options, this.#open.context) : null;
    return (error) => {
      const endedAt = performance.now();
      this.#pending -= 1;
      if (this.#pending === 0) this.#busyMs += endedAt - this.#busySince;
      // The class of an error, and never its message, which can have ids and values.
      if (error instanceof Error) span?.setAttribute('error.type', error.constructor.name);
      span?.end(this.#clock.at(endedAt));
    };
  }

  end({ name, attributes, failure }: EndedSpan): void {
    if (!this.#open) return;
    const { span } = this.#open;
    this.#open = null;
    const endedAt = performance.now();
    span.updateName(name);
    for (const [key, value] of Object.entries(attributes))
      if (value !== undefined) span.setAttribute(key, value as string | number | string[]);
    if (this.#calls > 0) {
      const pendingMs = this.#pending > 0 ? endedAt - this.#busySince : 0;
      span.setAttribute('sessiontree.store.calls', this.#calls);
      span.setAttribute('sessiontree.store.seconds', (this.#busyMs + pendingMs) / 1_000);
    }
    if (failure !== null) {
      span.setAttribute('error.type', failure);
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end(this.#clock.at(endedAt));
  }
}

const NOTHING = () => {};

/**
 * Translates times of `performance.now()` into those since 1970. The two clocks are compared once for each request: in the weeks that a server
 * runs they drift apart, and within a request no span may begin before the one above it.
 */
class RequestClock {
  readonly #offset = Date.now() - performance.now();

  at(time: number): number {
    return this.#offset + time;
  }
}
