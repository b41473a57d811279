import {
  type ExecutionArgs,
  type ExecutionResult,
  execute as executeByTheBook,
  getOperationAST,
  getVariableValues,
} from 'graphql';
import { isBudgetExceeded } from '../schema/budget.ts';
import { createContext, type SchemaContext } from '../schema/context.ts';
import { andThen, type MaybePromise } from '../schema/maybe-promise.ts';
import { Outcomes } from '../schema/outcomes.ts';
import { abbreviateWideObjects } from './abbreviate-wide-objects.ts';
import { Unplannable } from './plan.ts';
import { Plans } from './plans.ts';
import { Run } from './run.ts';

type Execute = (args: ExecutionArgs) => MaybePromise<ExecutionResult>;

/**
 * To compile a selection takes as long as to fill in two hundred objects without: what is asked once, of a page, does not come to
 * this, and a request, whose sessions and messages are counted, compiles some hundreds at most.
 */
const COMPILE_AFTER = 500;

/**
 * Gives what executes operations. Each goes by its plan, which takes at most half the time and knows no errors: where there would be
 * one (other than the end of the budget), it is executed again by the book, so that an answer with errors is the same as it always
 * is, only later. What is not planned goes by the book from the start.
 *
 * A selection is compiled with the object whose number is `compileAfter`, counted from 1.
 */
export function createExecute(compileAfter: number): Execute {
  const plans = new Plans(compileAfter);
  return (args) => {
    const operation = getOperationAST(args.document, args.operationName);
    if (!operation) return byTheBook(args);
    const { variableValues } = getVariableValues(
      args.schema,
      operation.variableDefinitions ?? [],
      args.variableValues ?? {},
      ANY_ERROR,
    );
    if (!variableValues) {
      abbreviateWideObjects(args.variableValues);
      return byTheBook(args);
    }
    const plan = plans.of(args, operation);
    if (!plan) return byTheBook(args);
    const again = (error: unknown) => {
      if (isBudgetExceeded(error)) return { data: null, errors: [error] };
      if (error instanceof Unplannable) plans.giveUp(operation);
      return byTheBook({ ...args, contextValue: fresh(args.contextValue as SchemaContext) });
    };
    try {
      const data = new Run(args.contextValue, variableValues).start(plan.root);
      return data instanceof Promise ? data.then((data) => ({ data }), again) : { data };
    } catch (error) {
      return again(error);
    }
  };
}

/** As the server executes all operations; see `createExecute`. */
export const execute = createExecute(COMPILE_AFTER);

/** Whether there is an error is enough: the book says which. */
const ANY_ERROR = { maxErrors: 0, hideSuggestions: true };

/** With graphql-js: of the executors tried, the one that leaves no promise behind when a resolver throws beside others. */
const byTheBook: Execute = (args) => andThen(executeByTheBook(args), endedByBudget);

/** Once the budget is spent the request is over: one error, however many fields could have shown it. */
function endedByBudget(result: ExecutionResult): ExecutionResult {
  const error = result.errors?.find(isBudgetExceeded);
  return error ? { data: null, errors: [error] } : result;
}

/** The budget is spent anew, nothing comes from what was loaded before, and no mutation is made twice. */
function fresh(context: SchemaContext): SchemaContext {
  return { ...context, ...createContext(context), outcomes: new Outcomes(context.outcomes) };
}
