import {
  type ExecutionArgs,
  type ExecutionResult,
  execute as executeByTheBook,
  parse,
  validate,
} from 'graphql';
import { expect } from 'vitest';
import { createExecute, execute } from '../../src/execution/execute.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/model/limits.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { isBudgetExceeded } from '../../src/schema/budget.ts';
import { createContext } from '../../src/schema/context.ts';
import { schema } from '../../src/schema/index.ts';

export interface Request {
  readonly query: string;
  readonly variables?: Record<string, unknown> | undefined;
  readonly operationName?: string | undefined;
  readonly limits?: Partial<Limits> | undefined;
}

export type Named = readonly [name: string, request: Request];

export interface BothWays {
  /** The answer of graphql-js itself, as JSON. */
  readonly book: string;
  /** Those of the server, each time that it was asked. */
  readonly answers: readonly string[];
  /** How it came to them. */
  readonly ways: { readonly [time in 'first' | 'again' | 'compiled' | 'halfCompiled']: readonly Way[] };
}

export async function executeBothWays(
  repository: SessionRepository,
  { query, variables, operationName, limits }: Request,
): Promise<BothWays> {
  const document = parse(query);
  expect(validate(schema, document)).toEqual([]);
  const args = (): ExecutionArgs => ({
    schema,
    document,
    variableValues: variables,
    operationName,
    contextValue: createContext({ repository, limits: { ...DEFAULT_LIMITS, ...limits } }),
  });
  const book = JSON.stringify(endedByBudget(await executeByTheBook(args())));
  takeWays();
  const answers: string[] = [];
  const ask = async (way: typeof execute) => {
    answers.push(JSON.stringify(await way(args())));
    return takeWays();
  };
  const first = await ask(execute);
  const again = await ask(execute);
  const compiled = await ask(executeCompiled);
  const halfCompiled = await ask(executeHalfCompiled);
  return { book, answers, ways: { first, again, compiled, halfCompiled } };
}

/** Compiles from the start what the server compiles once it has been asked over and over. */
export const executeCompiled = createExecute(1);

/** Compiles a selection amid its first objects. */
export const executeHalfCompiled = createExecute(3);

/** Of a request whose budget is spent, the answer is that one error. */
export function endedByBudget(result: ExecutionResult): ExecutionResult {
  const error = result.errors?.find(isBudgetExceeded);
  return error ? { data: null, errors: [error] } : result;
}

export type Way = 'plan' | 'book';

const taken = new Set<Way>();

/** The ways that fields of queries were executed since this was last asked, in order. */
function takeWays(): Way[] {
  const ways = [...taken];
  taken.clear();
  return ways;
}

// A plan gives resolvers no `info`, which none of them needs: so they see which way they are called.
for (const field of Object.values(schema.getQueryType()!.getFields())) {
  const { resolve } = field;
  if (!resolve) continue;
  field.resolve = (source, args, context, info) => {
    taken.add((info as unknown) === undefined ? 'plan' : 'book');
    return resolve(source, args, context, info);
  };
}

/** Fails each test of a file that leaves a rejection which nobody handles: it would end the server. */
export function failOnUnhandled(): { check(): Promise<void> } {
  const unhandled: unknown[] = [];
  process.on('unhandledRejection', (reason) => unhandled.push(reason));
  return {
    async check() {
      // Rejections are told in the turn after the one in which they happen.
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled.splice(0)).toEqual([]);
    },
  };
}
