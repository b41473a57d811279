import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getArgumentValues,
  getNullableType,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  typeFromAST,
  visit,
} from 'graphql';
import { type Arguments, GaveUp, ignoreRejections, isPromise, located } from './run.ts';
import { type Complete, type FieldPlan, Selection } from './selection.ts';

/** The operation holds something that is not planned: it is executed by the book. */
export class Unplannable extends Error {
  override readonly name = 'Unplannable';
}

/** So many selections of one operation are planned. Few have ten; those that merge theirs over and over have no end. */
const MAX_SELECTIONS = 500;

const NO_ARGUMENTS: Arguments = Object.freeze({});

/**
 * How to fill in an operation: which fields each selection has, where a value comes from and what becomes of it, worked out
 * once, when the operation first comes there. Conditions (`@skip`, `@include`), introspection and mutations that come with others
 * are not planned.
 */
export class Plan {
  readonly schema: GraphQLSchema;
  readonly #operation: OperationDefinitionNode;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** A field that stands in many places, in a fragment, is planned once. */
  readonly #selections = new Map<FieldNode, Map<GraphQLObjectType, Selection>>();
  readonly #compileAfter: number;
  #planned = 0;
  #root: Selection | undefined;

  constructor(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    compileAfter: number,
  ) {
    this.schema = schema;
    this.#operation = operation;
    this.#fragments = fragments;
    this.#compileAfter = compileAfter;
  }

  /** The selection of the operation itself. Throws where it is `Unplannable`. */
  get root(): Selection {
    this.#root ??= this.#planRoot();
    return this.#root;
  }

  #planRoot(): Selection {
    const { operation, selectionSet } = this.#operation;
    const fields = this.#plan(this.schema.getRootType(operation)!, [selectionSet]);
    if (operation === 'mutation' && fields.length > 1) throw new Unplannable('They are made one by one.');
    return this.#selection(fields);
  }

  /** What `nodes`, which are merged into one, select of an object of this type. */
  #selectionOf(type: GraphQLObjectType, nodes: readonly FieldNode[]): Selection {
    const [node] = nodes as [FieldNode];
    if (nodes.length > 1) return this.#selection(this.#plan(type, nodes.map(selectionsOf)));
    const byType = this.#selections.get(node) ?? new Map<GraphQLObjectType, Selection>();
    this.#selections.set(node, byType);
    const selection = byType.get(type) ?? this.#selection(this.#plan(type, [selectionsOf(node)]));
    byType.set(type, selection);
    return selection;
  }

  #selection(fields: readonly FieldPlan[]): Selection {
    return new Selection(fields, this.#compileAfter);
  }

  #plan(type: GraphQLObjectType, selections: readonly SelectionSetNode[]): readonly FieldPlan[] {
    this.#planned += 1;
    if (this.#planned > MAX_SELECTIONS) throw new Unplannable('It has too many selections.');
    if (type.isTypeOf) throw new Unplannable('Its types are told apart by their objects.');
    const groups = new Map<string, FieldNode[]>();
    const visited = new Set<string>();
    for (const selection of selections) this.#collect(type, selection, groups, visited);
    return [...groups].map(([key, nodes]) => this.#planField(type, key, nodes));
  }

  /** https://spec.graphql.org/draft/#sec-Field-Collection, without conditions. */
  #collect(
    type: GraphQLObjectType,
    { selections }: SelectionSetNode,
    groups: Map<string, FieldNode[]>,
    visited: Set<string>,
  ): void {
    for (const selection of selections) {
      if (selection.directives?.length) throw new Unplannable('It has directives.');
      if (selection.kind === Kind.FIELD) {
        const key = (selection.alias ?? selection.name).value;
        const group = groups.get(key);
        if (group) group.push(selection);
        else groups.set(key, [selection]);
        continue;
      }
      const isSpread = selection.kind === Kind.FRAGMENT_SPREAD;
      if (isSpread && visited.has(selection.name.value)) continue;
      if (isSpread) visited.add(selection.name.value);
      const { typeCondition, selectionSet } = isSpread
        ? this.#fragments.get(selection.name.value)!
        : selection;
      if (this.#applies(typeCondition, type)) this.#collect(type, selectionSet, groups, visited);
    }
  }

  #applies(condition: FragmentDefinitionNode['typeCondition'] | undefined, type: GraphQLObjectType): boolean {
    if (!condition) return true;
    const conditional = typeFromAST(this.schema, condition);
    return conditional === type || (isAbstractType(conditional) && this.schema.isSubType(conditional, type));
  }

  #planField(type: GraphQLObjectType, key: string, nodes: readonly FieldNode[]): FieldPlan {
    const [node] = nodes as [FieldNode];
    const name = node.name.value;
    if (name === '__typename') return typenamePlan(key, nodes, type);
    const field = type.getFields()[name];
    // A key such as `__proto__` is no ordinary one of an object.
    if (!field || key.startsWith('__')) throw new Unplannable('It asks about the schema.');
    const fixedArguments = dependsOnVariables(node) ? null : argumentsOf(field, node);
    const plan: FieldPlan = {
      key,
      nodes,
      isLeaf: node.selectionSet === undefined,
      typeName: null,
      property: name,
      resolve: field.resolve
        ? (source, args, context) => field.resolve!(source, args, context, NO_INFO)
        : null,
      fixedArguments,
      argumentsIn: (run) => run.argumentsOf(plan, () => getArgumentValues(field, node, run.variables)),
      complete: this.#complete(field.type, nodes),
      isPlain: !field.resolve && isLeafType(getNullableType(field.type)),
    };
    return plan;
  }

  #complete(type: GraphQLOutputType, nodes: readonly FieldNode[]): Complete {
    if (isNonNullType(type)) {
      const complete = this.#completePresent(type.ofType, nodes);
      return (value, run, path) => {
        if (value === null || value === undefined) throw new GaveUp();
        return complete(value, run, path);
      };
    }
    const complete = this.#completePresent(type, nodes);
    return (value, run, path) => (value === null || value === undefined ? null : complete(value, run, path));
  }

  #completePresent(type: GraphQLOutputType, nodes: readonly FieldNode[]): Complete {
    if (isLeafType(type)) return completeLeaf(type);
    if (isListType(type)) return completeList(this.#complete(type.ofType, nodes), nodes);
    if (isObjectType(type)) {
      let selection: Selection | undefined;
      return (value, run, path) => {
        selection ??= this.#selectionOf(type, nodes);
        return selection.fill(value, run, path);
      };
    }
    if (isAbstractType(type)) {
      const selections = new Map<GraphQLObjectType, Selection>();
      return (value, run, path) => {
        const name = type.resolveType?.(value, run.context, NO_INFO, type);
        const concrete = typeof name === 'string' ? this.schema.getType(name) : undefined;
        if (!isObjectType(concrete) || !this.schema.isSubType(type, concrete)) throw new GaveUp();
        const selection = selections.get(concrete) ?? this.#selectionOf(concrete, nodes);
        selections.set(concrete, selection);
        return selection.fill(value, run, path);
      };
    }
    throw new Unplannable(`It asks for a ${type}.`);
  }
}

/** No resolver of this schema asks where it stands. */
const NO_INFO = undefined as never;

const selectionsOf = (node: FieldNode): SelectionSetNode => node.selectionSet!;

function typenamePlan(key: string, nodes: readonly FieldNode[], type: GraphQLObjectType): FieldPlan {
  if (key.startsWith('__') && key !== '__typename') throw new Unplannable('It asks about the schema.');
  return {
    key,
    nodes,
    isLeaf: true,
    typeName: type.name,
    property: '',
    resolve: () => type.name,
    fixedArguments: NO_ARGUMENTS,
    argumentsIn: () => NO_ARGUMENTS,
    complete: (value) => value,
    isPlain: false,
  };
}

function dependsOnVariables(node: FieldNode): boolean {
  let found = false;
  for (const argument of node.arguments ?? []) visit(argument, { Variable: () => (found = true) });
  return found;
}

function argumentsOf(field: GraphQLField<unknown, unknown>, node: FieldNode): Arguments {
  return field.args.length === 0 ? NO_ARGUMENTS : getArgumentValues(field, node);
}

function completeLeaf(type: GraphQLLeafType): Complete {
  return (value) => {
    const output = value instanceof Error ? null : type.coerceOutputValue(value);
    if (output === null || output === undefined) throw new GaveUp();
    return output;
  };
}

function completeList(complete: Complete, nodes: readonly FieldNode[]): Complete {
  return (value, run, above) => {
    if (!Array.isArray(value)) throw new GaveUp();
    const items: unknown[] = new Array(value.length);
    let key = 0;
    try {
      for (; key < value.length; key += 1) completeItem(items, value[key], key);
    } catch (error) {
      ignoreRejections(value.slice(key + 1));
      throw error;
    }
    return items;

    function completeItem(into: unknown[], item: unknown, n: number): void {
      const path = { key: n, above };
      if (isPromise(item)) {
        const place = (settled: unknown) => {
          into[n] = complete(settled, run, path);
        };
        run.wait(item, place, (error) => located(error, nodes, path));
      } else {
        into[n] = complete(item, run, path);
      }
    }
  };
}
