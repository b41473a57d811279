import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute as executeByTheBook,
  type FragmentDefinitionNode,
  getOperationAST,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import { isBudgetExceeded } from '../schema/budget.ts';
import { createContext, type SchemaContext } from '../schema/context.ts';
import { andThen, type MaybePromise } from '../schema/maybe-promise.ts';
import { Outcomes } from '../schema/outcomes.ts';
import { abbreviateWideObjects } from './abbreviate-wide-objects.ts';
import { Plan, Unplannable } from './plan.ts';
import { Run } from './run.ts';

type Execute = (args: ExecutionArgs) => MaybePromise<ExecutionResult>;

/**
 * Executes an operation. It goes by its plan, which takes half the time and knows no errors: where there would be one (other than
 * the end of the budget), it is executed again by the book, so that an answer with errors is the same as it always is, only
 * later. What is not planned goes by the book from the start.
 */
export const execute: Execute = (args) => {
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
  const plan = planOf(args, operation);
  if (!plan) return byTheBook(args);
  const again = (error: unknown) => {
    if (isBudgetExceeded(error)) return { data: null, errors: [error] };
    if (error instanceof Unplannable) plans.set(plan.operation, null);
    return byTheBook({ ...args, contextValue: fresh(args.contextValue as SchemaContext) });
  };
  try {
    const data = new Run(args.contextValue, variableValues).start(plan.root);
    return data instanceof Promise ? data.then((data) => ({ data }), again) : { data };
  } catch (error) {
    return again(error);
  }
};

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

/** Null for an operation that turned out not to be plannable. As long-lived as its document, which a cache holds. */
const plans = new WeakMap<OperationDefinitionNode, Plan | null>();

function planOf({ schema, document }: ExecutionArgs, operation: OperationDefinitionNode): Plan | null {
  if (operation.operation === 'subscription') return null;
  let plan = plans.get(operation);
  if (plan === undefined || (plan && plan.schema !== schema)) {
    plan = new Plan(schema, operation, fragmentsOf(document));
    plans.set(operation, plan);
  }
  return plan;
}

function fragmentsOf({ definitions }: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  return new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
}
