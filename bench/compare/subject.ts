import type { Connection } from '../client/connection.ts';
import type { HttpRequest } from '../peers/peer.ts';
import { type ContenderName, LABELS } from './contender-name.ts';

/** The task of a contender in one case. */
export type Operation =
  | {
      readonly kind: 'request';
      /** The request that a connection sends; always the same if `isFixed`. */
      next(connection: number): HttpRequest;
      readonly isFixed: boolean;
      /** Called for every answer of a load, so it must be cheap. */
      accepts(body: string): boolean;
      /** Throws an Error if an answer is incomplete. */
      check(body: string): void;
    }
  | { readonly kind: 'walk'; walk(): Promise<void> };

/** A contender in one case. */
export interface Subject {
  readonly name: ContenderName;
  readonly url: string;
  readonly connection: Connection;
  readonly operation: Operation;
  /** Another project's server: if it fails, the others continue without it. */
  readonly isPeer: boolean;
}

export type Samples = { [name in ContenderName]?: number[] };

/** The contenders that still take part, and the reasons why others do not. */
export class Field {
  readonly #subjects: Subject[];
  readonly failures: { [name in ContenderName]?: string } = {};
  readonly samples: Samples = {};

  constructor(subjects: readonly Subject[]) {
    this.#subjects = [...subjects];
  }

  /** Each round begins with another contender, so that none always follows the same one. */
  turns(round: number): Subject[] {
    const first = round % this.#subjects.length;
    return [...this.#subjects.slice(first), ...this.#subjects.slice(0, first)];
  }

  sample({ name }: Subject, value: number): void {
    this.samples[name] = [...(this.samples[name] ?? []), value];
  }

  /** A peer whose turn fails no longer takes part. Rejects if any other contender fails. */
  async turn(subject: Subject, work: () => Promise<void>): Promise<void> {
    const { name, isPeer } = subject;
    try {
      await work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!isPeer) throw new Error(`${LABELS[name]}: ${reason}`, { cause: error });
      this.#subjects.splice(this.#subjects.indexOf(subject), 1);
      delete this.samples[name];
      this.failures[name] = `failed: ${reason}`;
    }
  }
}
