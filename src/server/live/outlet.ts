import type { LiveEvent } from './live-event.ts';

/** The way of a subscription's events to its client. */
export interface Outlet {
  /** False while the client has not read what was sent: nothing is made for it meanwhile. */
  readonly isReady: boolean;
  /** Calls `listener` once, when the client has read enough. Call it only if `isReady` is false. */
  onceReady(listener: () => void): void;
  send(event: LiveEvent): void;
  /** Ends the subscription: nothing follows. */
  complete(): void;
}
