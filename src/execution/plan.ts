import {
  type ExecutionArgs,
  type ExecutionResult,
  type FieldNode,
  GraphQLError,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNullableType,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type OperationDefinitionNode,
  type VariableValues,
} from 'graphql';
import { collectFields } from '../schema/collect-fields.ts';
import type { SchemaContext } from '../schema/context.ts';
import type { MaybePromise } from '../schema/maybe-promise.ts';
import { fragmentsOf } from './fragments.ts';
import { objectsAtOnce } from './pace.ts';
import { PlannedInfo } from './planned-info.ts';
import {
  type Complete,
  ignoreRejections,
  type OperationInfo,
  Place,
  Run,
  type SelectedField,
  type Slot,
} from './run.ts';
import { Selection } from './selection.ts';

/**
 * Selections of a plan that is kept for the next execution. Few operations have ten. Those whose fragments multiply have up to as
 * many as their answers have objects.
 */
const MAX_KEPT_SELECTIONS = 500;

/**
 * What does not change between executions of an operation: the fields of each selection on each type, and how their values are
 * completed. A selection is planned when execution first reaches it.
 */
export class Plan {
  readonly #planned: Pick<OperationInfo, 'schema' | 'operation' | 'fragments'>;
  readonly #compileAfter: number;
  readonly #objectsAtOnce: number;
  #count = 0;
  #root: Selection | undefined;

  constructor({ schema, document }: ExecutionArgs, operation: OperationDefinitionNode, compileAfter: number) {
    this.#planned = { schema, operation, fragments: fragmentsOf(document) };
    this.#compileAfter = compileAfter;
    this.#objectsAtOnce = objectsAtOnce(document, 'PLAN');
  }

  execute(args: ExecutionArgs, variableValues: VariableValues): MaybePromise<ExecutionResult> {
    const { schema, operation } = this.#planned;
    this.#root ??= this.#select(schema.getRootType(operation.operation)!, [operation]);
    const root = this.#root;
    const { rootValue } = args;
    (args.contextValue as SchemaContext).turns.setPace(this.#objectsAtOnce);
    const run = new Run({ ...this.#planned, rootValue, variableValues }, args);
    return run.start(() => root.fill(rootValue, run, null));
  }

  /** Whether the plan can be used again. */
  isFor({ schema }: ExecutionArgs): boolean {
    return this.#planned.schema === schema && this.#count <= MAX_KEPT_SELECTIONS;
  }

  /** The selection of the merged `nodes` on an object type. */
  #select(parentType: GraphQLObjectType, nodes: readonly (FieldNode | OperationDefinitionNode)[]): Selection {
    this.#count += 1;
    const groups = new Map<string, FieldNode[]>();
    const visited = new Set<string>();
    for (const { selectionSet } of nodes)
      collectFields(this.#planned, () => true, parentType, selectionSet!, groups, visited);
    const slots = [...groups].map(([key, nodes]) => {
      const definition = this.#planned.schema.getField(parentType, nodes[0]!.name.value)!;
      return this.#slot(definition.type, { key, nodes, parentType, definition });
    });
    return new Selection(slots, this.#compileAfter);
  }

  #slot(type: GraphQLOutputType, field: SelectedField): Slot {
    const isNullable = !isNonNullType(type);
    const present = getNullableType(type);
    const { completePresent, completeWithoutPlace } = this.#completionOf(present, field);
    const complete: Complete = (value, run, place) => {
      if (value === null || value === undefined) {
        if (isNullable) return null;
        throw new Error(`Cannot return null for non-nullable field ${nameOf(field)}.`);
      }
      if (value instanceof Error) throw value;
      return completePresent(value, run, place);
    };
    return { field, isNullable, complete, completeWithoutPlace };
  }

  /** How values of a type that is not null are completed. */
  #completionOf(
    type: GraphQLOutputType,
    field: SelectedField,
  ): Pick<Slot, 'completeWithoutPlace'> & { readonly completePresent: Complete } {
    if (!isObjectType(type))
      return { completePresent: this.#completePresent(type, field), completeWithoutPlace: () => undefined };
    let selection: Selection | undefined;
    return {
      completePresent: (value, run, place) => {
        selection ??= this.#select(type, field.nodes);
        return selection.fill(value, run, place);
      },
      completeWithoutPlace: (value, run) => selection?.createWithoutPlace(value, run),
    };
  }

  #completePresent(type: GraphQLOutputType, field: SelectedField): Complete {
    if (isLeafType(type)) {
      return (value, run) => {
        const output = type.coerceOutputValue(value);
        if (output === null || output === undefined)
          throw new Error(`Expected a value of ${type} for ${nameOf(field)}, got one that becomes null.`);
        if (typeof output === 'string') run.charge(output.length);
        return output;
      };
    }
    if (isListType(type)) return completeList(this.#slot(type.ofType, field));
    if (!isAbstractType(type)) throw new Error(`Expected a type of an answer, got ${type}.`);
    const selections = new Map<GraphQLObjectType, Selection>();
    return (value, run, place) => {
      const info = new PlannedInfo(place.ofField, run);
      const name = type.resolveType?.(value, run.context, info, type);
      const concrete = typeof name === 'string' ? this.#planned.schema.getType(name) : undefined;
      if (!isObjectType(concrete) || !this.#planned.schema.isSubType(type, concrete))
        throw new GraphQLError(`Expected a type of ${type} for ${nameOf(field)}, got ${name}.`);
      const selection = selections.get(concrete) ?? this.#select(concrete, field.nodes);
      selections.set(concrete, selection);
      return selection.fill(value, run, place);
    };
  }
}

const nameOf = ({ parentType, definition }: SelectedField) => `${parentType}.${definition.name}`;

function completeList(slot: Slot): Complete {
  return (value, run, above) => {
    if (typeof value !== 'object' || !(Symbol.iterator in value!))
      throw new GraphQLError(`Expected Iterable, but did not find one for field "${nameOf(slot.field)}".`);
    const values: readonly unknown[] = Array.isArray(value) ? value : [...(value as Iterable<unknown>)];
    const items: unknown[] = new Array(values.length);
    let key = 0;
    try {
      for (; key < values.length; key += 1) {
        const item = slot.completeWithoutPlace(values[key], run);
        if (item !== undefined) items[key] = item;
        else run.put(values[key], new Place(slot, items, key, above));
      }
    } catch (error) {
      ignoreRejections(values.slice(key + 1));
      throw error;
    }
    return items;
  };
}
