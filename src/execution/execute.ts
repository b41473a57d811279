import {
  type ExecutionArgs,
  type ExecutionResult,
  executeRootSelectionSet,
  getOperationAST,
  type OperationDefinitionNode,
  type VariableValues,
  validateExecutionArgs,
} from 'graphql';
import type { SchemaContext } from '../schema/context.ts';
import { readCursor, showsCursor } from '../schema/live/store-cursor.ts';
import { andThen, type MaybePromise } from '../schema/maybe-promise.ts';
import { endsRequest } from '../schema/request-error.ts';
import { isPlanned } from './is-planned.ts';
import { objectsAtOnce } from './pace.ts';
import { Plan } from './plan.ts';
import { prepare } from './prepare.ts';

type Execute = (args: ExecutionArgs) => MaybePromise<ExecutionResult>;

/**
 * Objects of a selection before it is compiled. Compiling takes as long as filling in two hundred objects uncompiled. A single page
 * does not reach 500 objects, and the budget of a request allows for some hundreds of compiled selections at most.
 */
const COMPILE_AFTER_OBJECTS = 500;

/**
 * Creates an executor. It refuses an operation with invalid arguments before execution. It executes every other operation once: by
 * its plan, which takes less than half the time, or by graphql-js if the operation has none. The answers are the same, including
 * the errors, with two exceptions:
 * - If several errors compete to make the same place null, or the whole answer, the first can be another one.
 * - Below a place that an error has made null, a plan reads nothing more. graphql-js reads on until the answer ends, and can spend
 *   the budget with that.
 *
 * A selection is compiled when it fills in its `compileAfter`th object.
 */
export function createExecute(compileAfter: number): Execute {
  /** Null for an operation without a plan. An entry lives as long as its document, which a cache holds. */
  const plans = new WeakMap<OperationDefinitionNode, Plan | null>();
  return (given) => {
    const operation = getOperationAST(given.document, given.operationName);
    if (!operation) return byGraphqlJs(given);
    const prepared = prepare(given, operation);
    if (prepared.errors) return prepared;
    const { args, variableValues } = prepared;
    let plan = plans.get(operation);
    if (plan === undefined || plan?.isFor(args) === false) {
      plan = isPlanned(args.document, operation) ? new Plan(args, operation, compileAfter) : null;
      plans.set(operation, plan);
    }
    const run = () => (plan ? plan.execute(args, variableValues) : byGraphqlJs(args, variableValues));
    return showsCursor(args.document, operation)
      ? readCursor(args.contextValue as SchemaContext).then(run)
      : run();
  };
}

/** The executor of all operations that the server gets; see `createExecute`. */
export const execute = createExecute(COMPILE_AFTER_OBJECTS);

/** Of the executors tried, graphql-js alone leaves no unhandled rejection when one of several resolvers throws. */
function byGraphqlJs(args: ExecutionArgs, variableValues?: VariableValues): MaybePromise<ExecutionResult> {
  const validated = validateExecutionArgs(args);
  if (!('schema' in validated)) return { errors: validated };
  (args.contextValue as SchemaContext).turns.setPace(objectsAtOnce(args.document, 'GRAPHQL_JS'));
  return andThen(
    executeRootSelectionSet(variableValues ? { ...validated, variableValues } : validated),
    endedByBudget,
  );
}

/** Once the budget is spent the request is over: the answer has that one error, however many fields failed. */
function endedByBudget(result: ExecutionResult): ExecutionResult {
  const error = result.errors?.find(endsRequest);
  return error ? { errors: [error], data: null } : result;
}
