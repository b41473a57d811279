import { cut } from './message-input.ts';
import type { PendingStatus } from './recorded-session.ts';

/** Shorter than the server's limit `statusMessageLength`. */
const STATUS_MESSAGE_LENGTH = 1_000;

interface Interrupt {
  readonly value?: unknown;
}

/** What a person is asked by an error that interrupts a graph; null if the error is another one. */
export function questionOf(error: unknown): string | null {
  const { name, interrupts } = (error ?? {}) as { name?: unknown; interrupts?: readonly Interrupt[] };
  return name === 'GraphInterrupt' || name === 'NodeInterrupt' ? questionsOf(interrupts ?? []) : null;
}

/** What a person is asked by these interrupts; empty if they ask nothing. */
export function questionsOf(interrupts: readonly Interrupt[]): string {
  const values = interrupts.map(({ value }) => (typeof value === 'string' ? value : JSON.stringify(value)));
  return cut(values.join('\n'), STATUS_MESSAGE_LENGTH);
}

/** The status of a run that has ended with an error. */
export function statusAfter(error: unknown): PendingStatus {
  const question = questionOf(error);
  if (question !== null) return { status: 'WAITING', statusMessage: question };
  const { name, message, is_bubble_up } = (error ?? {}) as Record<string, unknown>;
  // A subgraph that hands over to the graph around its own has done its work.
  if (is_bubble_up === true) return { status: 'COMPLETED', statusMessage: null };
  if (name === 'AbortError' || message === 'Abort') return { status: 'CANCELLED', statusMessage: null };
  return { status: 'FAILED', statusMessage: cut(String(message ?? error), STATUS_MESSAGE_LENGTH) };
}
