import { GraphQLError } from 'graphql';
import type { Limits } from '../model/limits.ts';
import type { Message } from '../model/message.ts';

/** The error that ends a request because its budget is spent. */
export function isBudgetExceeded(error: unknown): error is GraphQLError {
  return error instanceof GraphQLError && error.extensions.code === 'BUDGET_EXCEEDED';
}

/**
 * What one request may read: so many sessions and messages, counted each time one appears in its answer, and so much of
 * their text. Once it is spent the request is over: every further charge throws the same error.
 */
export class Budget {
  readonly #limits: Pick<Limits, 'objects' | 'textBytes'>;
  #objects = 0;
  #textBytes = 0;
  #exceeded: GraphQLError | undefined;

  constructor(limits: Pick<Limits, 'objects' | 'textBytes'>) {
    this.#limits = limits;
  }

  get objectsLeft(): number {
    return this.#limits.objects - this.#objects;
  }

  get textLeft(): number {
    return this.#limits.textBytes - this.#textBytes;
  }

  /** `count` sessions or messages appear in the answer; a negative count gives back what was charged ahead. */
  chargeObjects(count: number): void {
    this.check();
    if (count > this.objectsLeft) this.exceedObjects();
    this.#objects += count;
  }

  chargeText(bytes: number): void {
    this.check();
    if (bytes > this.textLeft) this.exceedText();
    this.#textBytes += bytes;
  }

  chargeMessages(messages: readonly Message[]): void {
    this.chargeObjects(messages.length);
    this.chargeText(messages.reduce((bytes, message) => bytes + message.bytes, 0));
  }

  exceedObjects(): never {
    return this.#exceed(
      `The answer would hold more than ${this.#limits.objects} sessions and messages, counted each time one appears. ` +
        'Ask for smaller pages or fewer levels, and page on with "after".',
    );
  }

  exceedText(): never {
    return this.#exceed(
      `The answer would hold more than ${this.#limits.textBytes} bytes of text. ` +
        'Ask for smaller pages, and page on with "after".',
    );
  }

  /** Throws once it is spent. */
  check(): void {
    if (this.#exceeded) throw this.#exceeded;
  }

  #exceed(message: string): never {
    this.#exceeded = new GraphQLError(message, { extensions: { code: 'BUDGET_EXCEEDED' } });
    throw this.#exceeded;
  }
}
