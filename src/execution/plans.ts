import {
  type DocumentNode,
  type ExecutionArgs,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import { Plan } from './plan.ts';

/** The plans of operations, as long-lived as their documents, which a cache holds. */
export class Plans {
  readonly #compileAfter: number;
  /** Null for an operation that turned out not to be plannable. */
  readonly #plans = new WeakMap<OperationDefinitionNode, Plan | null>();

  constructor(compileAfter: number) {
    this.#compileAfter = compileAfter;
  }

  /** Null for what has none: it goes by the book. */
  of({ schema, document }: ExecutionArgs, operation: OperationDefinitionNode): Plan | null {
    if (operation.operation === 'subscription') return null;
    let plan = this.#plans.get(operation);
    if (plan === undefined || (plan && plan.schema !== schema)) {
      plan = new Plan(schema, operation, fragmentsOf(document), this.#compileAfter);
      this.#plans.set(operation, plan);
    }
    return plan;
  }

  /** The operation turned out to be `Unplannable`. */
  giveUp(operation: OperationDefinitionNode): void {
    this.#plans.set(operation, null);
  }
}

function fragmentsOf({ definitions }: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  return new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
}
