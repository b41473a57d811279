/** What tools that generate types from operations put on a document: they need not be installed for it. */
export interface TypedDocument<Data, Variables> {
  __apiType?: (variables: Variables) => Data;
}

/** The text of an operation; the object that `documentMode: 'string'` of GraphQL Code Generator makes; or what a `gql` tag parsed. */
export type AnyDocument<Data, Variables> =
  | string
  | (TypedDocument<Data, Variables> &
      (
        | { readonly kind: 'Document'; readonly loc?: { readonly source: { readonly body: string } } }
        | { toString(): string }
      ));

/** The text of a document. Throws a TypeError for a parsed document without its text: to print one needs all of graphql. */
export function textOf(document: AnyDocument<unknown, never>): string {
  const { kind, loc } = Object(document) as { kind?: unknown; loc?: { source: { body: string } } };
  if (!kind) return String(document);
  if (loc) return loc.source.body;
  throw new TypeError('Expected a document with its text: pass `print(document)`.');
}

/**
 * Whether the operation can be sent again: a query, or a mutation with an `operationId` in its variables or in their `input`. A document
 * that only may be a mutation counts as one.
 */
export function isRepeatable(text: string, variables: unknown): boolean {
  if (!/(^|[\s},])mutation\b/.test(text)) return true;
  const { operationId, input } = Object(variables) as {
    operationId?: unknown;
    input?: { operationId?: unknown } | null;
  };
  return typeof (operationId ?? input?.operationId) === 'string';
}
