import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { NewMessage, NewTokenUsage } from '../model/message.ts';

const TOKENS_A_PRICE = 1_000_000;

const price = z.number().min(0);
const table = z.record(
  z.string(),
  z.strictObject({
    input: price,
    output: price,
    /** Default: the price of `input`. */
    cacheRead: price.optional(),
    cacheWrite: price.optional(),
  }),
);

type Price = z.output<typeof table>[string];

/** A file of prices that cannot be used. */
export class PricesError extends Error {}

/** The prices of models, in US dollars for a million tokens. docs/import.md describes the file. */
export class Prices {
  readonly #exact: ReadonlyMap<string, Price>;
  /** Of names that end in `*`: what stands before it. The longest first. */
  readonly #prefixes: readonly (readonly [string, Price])[];

  constructor(prices: Readonly<Record<string, Price>>) {
    const entries = Object.entries(prices);
    this.#exact = new Map(entries.filter(([model]) => !model.endsWith('*')));
    this.#prefixes = entries
      .filter(([model]) => model.endsWith('*'))
      .map(([model, found]) => [model.slice(0, -1), found] as const)
      .sort(([a], [b]) => b.length - a.length);
  }

  /** Rejects with a PricesError, or with an error of the operating system. */
  static async read(path: string): Promise<Prices> {
    const text = await readFile(path, 'utf8');
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new PricesError(`${path}: expected JSON: ${(error as Error).message}`);
    }
    const read = table.safeParse(value);
    if (read.success) return new Prices(read.data);
    const { path: place, message } = read.error.issues[0]!;
    throw new PricesError(
      `${path}: expected {"<model>": {"input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3.75}}, in US dollars for ` +
        `a million tokens; ${place.join('.') || 'the file'}: ${message}`,
    );
  }

  /** `message` with what it cost, if its source does not say so and the model has a price. */
  priced<Priced extends NewMessage>(message: Priced): Priced {
    const { usage, model } = message;
    if (!usage || usage.costUsd != null || model == null) return message;
    const found = this.#exact.get(model) ?? this.#prefixes.find(([prefix]) => model.startsWith(prefix))?.[1];
    return found ? { ...message, usage: { ...usage, costUsd: costOf(usage, found) } } : message;
  }
}

function costOf(usage: NewTokenUsage, prices: Price): number {
  const read = usage.cacheReadTokens ?? 0;
  const written = usage.cacheWriteTokens ?? 0;
  const fresh = Math.max(0, usage.inputTokens - read - written);
  const sum =
    fresh * prices.input +
    read * (prices.cacheRead ?? prices.input) +
    written * (prices.cacheWrite ?? prices.input) +
    usage.outputTokens * prices.output;
  // Twelve digits: the sum of products of decimals such as 0.3 has noise in the last ones.
  return Number((sum / TOKENS_A_PRICE).toPrecision(12));
}
