import { execute as executeByTheBook, parse, validate } from 'graphql';
import { createSchema } from 'graphql-yoga';
import { afterEach, expect, test } from 'vitest';
import { execute } from '../../src/execution/execute.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { Budget } from '../../src/schema/budget.ts';
import type { SchemaContext } from '../../src/schema/context.ts';
import { Turns } from '../../src/schema/turns.ts';
import { executeCompiled, executeHalfCompiled, failOnUnhandled } from './by-the-book.ts';

const unhandled = failOnUnhandled();

afterEach(() => unhandled.check());

/** Resolves after `turns` turns of the event loop. */
async function after(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** The context of one execution, which counts the calls of a resolver. */
interface Counting extends Pick<SchemaContext, 'budget' | 'turns'> {
  next: number;
}

const counting = (): Counting => ({ budget: new Budget(DEFAULT_LIMITS), turns: new Turns(), next: 0 });

/** `A.bad` makes `a` null in the first turn. Every other field of `A` resolves or rejects later, and before `Query.last` does. */
const schema = createSchema<Counting>({
  typeDefs: `
    type Query { a: A list: [A] b: Int last: Int }
    type A { bad: Int! slow: Int fails: Int failsForSure: Int! over: Int deep: Deep promises: [Int] items: [Deep!] }
    type Deep { x: Int next: Deep }
  `,
  resolvers: {
    Query: {
      a: () => ({}),
      list: () => [{}, {}],
      b: () => after(1).then(() => 2),
      last: () => after(20).then(() => 3),
    },
    A: {
      bad: () => after(1).then(() => fail('bad')),
      slow: () => after(5).then(() => 1),
      fails: () => after(3).then(() => fail('later')),
      failsForSure: () => after(3).then(() => fail('later')),
      over: () => after(3).then(() => new Budget({ ...DEFAULT_LIMITS, objects: 0 }).exceedObjects()),
      deep: () => after(3).then(() => ({})),
      promises: () => after(3).then(() => [1, Promise.reject(new Error('of an item'))]),
      items: () => after(3).then(() => [{}, {}]),
    },
    Deep: {
      x: () => 1,
      next: (_deep, _args, context) => {
        context.next += 1;
        return after(1).then(() => ({}));
      },
    },
  },
});

function fail(message: string): never {
  throw new Error(message);
}

test.each([
  ['a value', '{ a { bad slow } b }'],
  ['objects', '{ a { bad deep { next { next { next { x } } } } } b }'],
  ['objects while the rest is read', '{ a { bad deep { next { next { next { x } } } } } last }'],
  ['a list of objects', '{ a { bad items { next { x } } } b last }'],
  ['a list of promises', '{ a { bad promises } last }'],
  ['an error', '{ a { bad fails } b last }'],
  ['an error of a non-null field', '{ a { bad failsForSure } b last }'],
  ['a spent budget', '{ a { bad over } b last }'],
  ['a spent budget, in a list', '{ list { bad over } b last }'],
])('below a place that an error has made null, %s changes nothing', async (_what, query) => {
  const document = parse(query);
  expect(validate(schema, document)).toEqual([]);
  const book = await executeByTheBook({ schema, document, contextValue: counting() });
  for (const way of [execute, execute, executeCompiled, executeHalfCompiled]) {
    const contextValue = counting();
    const answer = await way({ schema, document, contextValue });
    await after(20);
    expect(JSON.stringify(answer)).toBe(JSON.stringify(book));
    expect(contextValue.next).toBe(0);
  }
});
