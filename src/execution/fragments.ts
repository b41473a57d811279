import { type DocumentNode, Kind } from 'graphql';
import type { DocumentParts } from '../schema/collect-fields.ts';

/** The fragments of a document by name, as in GraphQLResolveInfo. */
export function fragmentsOf({ definitions }: DocumentNode): DocumentParts['fragments'] {
  const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  return Object.fromEntries(fragments.map((fragment) => [fragment.name.value, fragment]));
}
