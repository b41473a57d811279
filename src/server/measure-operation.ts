import type { FieldNode, FragmentDefinitionNode, SelectionSetNode, ValidationContext } from 'graphql';

export interface Measure {
  /** The measure of a field, given that of its selection set: 0 for a leaf. */
  readonly field: (field: FieldNode, inner: number) => number;
  /** The measure of two selections side by side. */
  readonly together: (one: number, other: number) => number;
}

/**
 * Measures a selection set as if its fragments were inlined. Each fragment is measured once, so that the time is linear in the length
 * of the document. A fragment that spreads itself counts as 0 there: another rule refuses it.
 */
export function measureSelections(
  context: ValidationContext,
  selectionSet: SelectionSetNode,
  { field, together }: Measure,
): number {
  const measured = new Map<FragmentDefinitionNode, number>();

  function measure(set: SelectionSetNode): number {
    let total = 0;
    for (const selection of set.selections) {
      switch (selection.kind) {
        case 'Field':
          total = together(
            total,
            field(selection, selection.selectionSet ? measure(selection.selectionSet) : 0),
          );
          break;
        case 'InlineFragment':
          total = together(total, measure(selection.selectionSet));
          break;
        case 'FragmentSpread':
          total = together(total, measureFragment(context.getFragment(selection.name.value)));
          break;
      }
    }
    return total;
  }

  function measureFragment(fragment: FragmentDefinitionNode | null | undefined): number {
    if (!fragment) return 0;
    const known = measured.get(fragment);
    if (known !== undefined) return known;
    measured.set(fragment, 0);
    const value = measure(fragment.selectionSet);
    measured.set(fragment, value);
    return value;
  }

  return measure(selectionSet);
}
