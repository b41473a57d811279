import {
  type ExecutionArgs,
  type ExecutionResult,
  execute as executeByTheBook,
  isObjectType,
  parse,
  validate,
} from 'graphql';
import { expect } from 'vitest';
import { createExecute, execute } from '../../src/execution/execute.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/model/limits.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { createContext } from '../../src/schema/context.ts';
import { schema } from '../../src/schema/index.ts';
import { endsRequest } from '../../src/schema/request-error.ts';

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
  /** The server's answers, one for each execution. */
  readonly answers: readonly string[];
  /** The ways in which the server executed the fields of queries, for each execution. */
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

/** Compiles each selection from its first object on, which the server does only after many objects. */
export const executeCompiled = createExecute(1);

/** Compiles a selection after its first objects, in the middle of an answer. */
export const executeHalfCompiled = createExecute(3);

/** Reduces the result of a request with a spent budget to the one error of the budget. */
export function endedByBudget(result: ExecutionResult): ExecutionResult {
  const error = result.errors?.find(endsRequest);
  return error ? { errors: [error], data: null } : result;
}

export type Way = 'plan' | 'book';

const taken = new Set<Way>();

/** The ways in which fields of queries were executed since the last call, in order. */
function takeWays(): Way[] {
  const ways = [...taken];
  taken.clear();
  return ways;
}

// Without these rules, invalid arguments reach the resolvers, which check them too: so many more executions fail.
for (const type of Object.values(schema.getTypeMap()))
  if (isObjectType(type) && !type.name.startsWith('__'))
    for (const field of Object.values(type.getFields())) field.extensions = {};

// In the `info` of a plan, some members are inherited: so a resolver can tell which executor calls it.
for (const field of Object.values(schema.getQueryType()!.getFields())) {
  const { resolve } = field;
  if (!resolve) continue;
  field.resolve = (source, args, context, info) => {
    taken.add(Object.hasOwn(info, 'path') ? 'book' : 'plan');
    return resolve(source, args, context, info);
  };
}

/** Fails each test of a file that leaves an unhandled rejection, which would end the server. */
export function failOnUnhandled(): { check(): Promise<void> } {
  const unhandled: unknown[] = [];
  process.on('unhandledRejection', (reason) => unhandled.push(reason));
  return {
    async check() {
      // `unhandledRejection` is emitted in the turn after the rejection.
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled.splice(0)).toEqual([]);
    },
  };
}
