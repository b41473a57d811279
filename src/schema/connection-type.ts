import type { ObjectRef } from '@pothos/core';
import { builder } from './builder.ts';
import { type Connection, type Edge, PageInfoType } from './connection.ts';

type SchemaTypes = typeof builder.$inferSchemaTypes;

/** The types `<Node>Connection` and `<Node>Edge`; gives the connection. */
export function connectionType<Node>(nodeType: ObjectRef<SchemaTypes, Node>) {
  const { name } = nodeType;
  const one = name.toLowerCase();

  const edgeType = builder.objectRef<Edge<Node>>(`${name}Edge`).implement({
    description: `A ${one} in its place in a list.`,
    fields: (t) => ({
      cursor: t.string({
        description: 'This place, to page on from. Opaque: pass it on as it is, to the same connection.',
        resolve: ({ connection, node }) => connection.cursorOf(node),
      }),
      node: t.field({
        description: `The ${one}.`,
        type: nodeType,
        // Pothos resolves a list in another way, and cannot know that no Node is one.
        resolve: ({ node }) => node as never,
      }),
    }),
  });

  return builder.objectRef<Connection<Node>>(`${name}Connection`).implement({
    description: `A page of a list of ${one}s.`,
    fields: (t) => ({
      edges: t.field({
        description: `The ${one}s of this page, each with its cursor.`,
        type: [edgeType],
        resolve: (connection) => connection.edges(),
      }),
      nodes: t.field({
        description: `The ${one}s of this page.`,
        type: [nodeType],
        resolve: (connection) => connection.nodes(),
      }),
      pageInfo: t.field({
        description: 'Where this page lies in the list.',
        type: PageInfoType,
        resolve: (connection) => connection.pageInfo(),
      }),
      totalCount: t.int({
        description: 'How many there are on all pages. Counted when it is asked for.',
        resolve: (connection) => connection.totalCount(),
      }),
    }),
  });
}
