import {
  type FieldNode,
  GraphQLError,
  Kind,
  locatedError,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type VariableValues,
} from 'graphql';
import { collectFields, type DocumentParts, isIncluded } from '../schema/collect-fields.ts';

/** The errors of a field of a document. */
export type ErrorsOf = (node: FieldNode) => readonly GraphQLError[];

/** Errors per answer: a field in a fragment can stand in millions of places. */
const MAX_ERRORS = 20;

/**
 * The errors of a document's fields, once per place in the answer. Their paths contain response keys but no list indexes, which
 * are unknown before execution. Fields that `@skip` or `@include` leaves out have no errors.
 */
export function placesOf(
  errorsOf: ErrorsOf,
  document: DocumentParts,
  operation: OperationDefinitionNode,
  variables: VariableValues,
): GraphQLError[] {
  try {
    return new Places(errorsOf, document, variables).in(operation.selectionSet);
  } catch (error) {
    // The condition of a `@skip` or `@include` is itself invalid. Execution reports that.
    if (error instanceof GraphQLError) return [];
    throw error;
  }
}

class Places {
  readonly #errorsOf: ErrorsOf;
  readonly #document: DocumentParts;
  readonly #isIncluded: (node: SelectionNode) => boolean;
  /** Whether a selection contains a field with errors. Computed once per selection. */
  readonly #leads = new Map<SelectionSetNode, boolean>();
  readonly #errors: GraphQLError[] = [];

  constructor(errorsOf: ErrorsOf, document: DocumentParts, variables: VariableValues) {
    this.#errorsOf = errorsOf;
    this.#document = document;
    this.#isIncluded = (node) => isIncluded(variables, node);
  }

  in(selectionSet: SelectionSetNode): GraphQLError[] {
    this.#visit([selectionSet], []);
    return this.#errors.slice(0, MAX_ERRORS);
  }

  #visit(selectionSets: readonly SelectionSetNode[], above: readonly string[]): void {
    const groups = new Map<string, FieldNode[]>();
    const visited = new Set<string>();
    // The concrete types are unknown before execution: fields of all of them are collected.
    for (const selectionSet of selectionSets)
      collectFields(this.#document, this.#isIncluded, null, selectionSet, groups, visited);
    for (const [key, nodes] of groups) {
      if (this.#errors.length >= MAX_ERRORS) return;
      const path = [...above, key];
      // Merged fields have the same arguments.
      const broken = nodes.find((node) => this.#errorsOf(node).length > 0);
      if (broken)
        this.#errors.push(...this.#errorsOf(broken).map((error) => locatedError(error, nodes, path)));
      const inner = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
      if (inner.some((selectionSet) => this.#leadsTo(selectionSet))) this.#visit(inner, path);
    }
  }

  #leadsTo(selectionSet: SelectionSetNode): boolean {
    const known = this.#leads.get(selectionSet);
    if (known !== undefined) return known;
    const leads = selectionSet.selections.some((selection) => {
      if (!this.#isIncluded(selection)) return false;
      if (selection.kind === Kind.FRAGMENT_SPREAD)
        return this.#leadsTo(this.#document.fragments[selection.name.value]!.selectionSet);
      if (selection.kind === Kind.FIELD && this.#errorsOf(selection).length > 0) return true;
      return selection.selectionSet !== undefined && this.#leadsTo(selection.selectionSet);
    });
    this.#leads.set(selectionSet, leads);
    return leads;
  }
}
