import type { ObjectRef } from '@pothos/core';
import { builder } from './builder.ts';
import { type Connection as ConnectionModel, type Edge as EdgeModel, PageInfoType } from './connection.ts';

type SchemaTypes = typeof builder.$inferSchemaTypes;

/** Defines the types `<Node>Connection` and `<Node>Edge`. */
export function connectionTypes<Node>(nodeType: ObjectRef<SchemaTypes, Node>) {
  const { name } = nodeType;
  const one = name.toLowerCase();

  const Edge = builder.objectRef<EdgeModel<Node>>(`${name}Edge`).implement({
    description: `A ${one} and its cursor.`,
    fields: (t) => ({
      cursor: t.string({
        description:
          'The position of this edge, for `after` or `before` of the same connection. Opaque: pass it on unchanged.',
        resolve: (edge) => edge.cursor,
      }),
      node: t.field({
        description: `The ${one}.`,
        type: nodeType,
        // Pothos has another type for resolvers of lists, and cannot know that Node is not a list.
        resolve: ({ node }) => node as never,
      }),
    }),
  });

  const Connection = builder.objectRef<ConnectionModel<Node>>(`${name}Connection`).implement({
    description: `A page of a list of ${one}s.`,
    fields: (t) => ({
      edges: t.field({
        description: `The ${one}s of this page, each with its cursor.`,
        type: [Edge],
        resolve: (connection) => connection.edges(),
      }),
      nodes: t.field({
        description: `The ${one}s of this page.`,
        type: [nodeType],
        resolve: (connection) => connection.nodes(),
      }),
      pageInfo: t.field({
        description: 'The position of this page in the list.',
        type: PageInfoType,
        resolve: (connection) => connection.pageInfo(),
      }),
      totalCount: t.int({
        description: `The number of ${one}s on all pages. Counted only if this field is selected.`,
        resolve: (connection) => connection.totalCount(),
      }),
    }),
  });
  return { Connection, Edge };
}
