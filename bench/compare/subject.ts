import type { Connection } from '../client/connection.ts';
import type { HttpRequest } from '../peers/peer.ts';
import { type ContenderName, LABELS } from './contender-name.ts';

/** What is asked of a contender in one case. */
export type Operation =
  | {
      readonly kind: 'request';
      /** What a connection sends; where `isFixed`, always the same. */
      next(connection: number): HttpRequest;
      readonly isFixed: boolean;
      /** Asked of every answer of a load, so it is cheap. */
      accepts(body: string): boolean;
      /** Throws an Error where an answer is not whole. */
      check(body: string): void;
    }
  | { readonly kind: 'walk'; walk(): Promise<void> };

/** A contender in one case. */
export interface Subject {
  readonly name: ContenderName;
  readonly url: string;
  readonly connection: Connection;
  readonly operation: Operation;
  /** Another project's server: where it fails, the others go on without it. */
  readonly isPeer: boolean;
}

export type Samples = { [name in ContenderName]?: number[] };

/** Those that are still in, and why the others are out. */
export class Field {
  readonly #subjects: Subject[];
  readonly failures: { [name in ContenderName]?: string } = {};
  readonly samples: Samples = {};

  constructor(subjects: readonly Subject[]) {
    this.#subjects = [...subjects];
  }

  /** Each round begins with another, so that none always comes after the same. */
  turns(round: number): Subject[] {
    const first = round % this.#subjects.length;
    return [...this.#subjects.slice(first), ...this.#subjects.slice(0, first)];
  }

  sample({ name }: Subject, value: number): void {
    this.samples[name] = [...(this.samples[name] ?? []), value];
  }

  /** A peer whose turn fails is out. Rejects where any other fails. */
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
