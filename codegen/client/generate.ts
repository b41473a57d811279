import { readFileSync } from 'node:fs';
import { buildSchema } from 'graphql';
import { createOperations, sharedTexts } from './operations.ts';
import { createShapes } from './shapes.ts';
import { createTypes } from './types.ts';

const NOTICE = '// Generated from schema.graphql by `npm run codegen`. Do not edit.\n';

const HELPERS = `
/** One page of a list, as the server answers it. */
export interface Connection<Node> {
  readonly nodes: readonly Node[];
  readonly pageInfo: ForwardPageInfo & { readonly hasPreviousPage: boolean; readonly startCursor: string | null };
}

export interface ForwardPageInfo {
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
}

/** A message that a search found, as the server answers it. */
export interface SearchEdge {
  readonly node: Message & { readonly session: SessionOfHit };
  readonly snippet: string;
  readonly snippetParts: readonly SnippetPart[];
}
`;

const OPERATION_TYPES = `
/** What a mutation answers: its payload, or why it was refused. */
export type MutationResult<Payload> = ({ readonly __typename: string } & Payload) | Refusal;

/** A typed error of a mutation: its other fields are those of its type. */
export interface Refusal {
  readonly __typename: string;
  readonly message: string;
}

/** The text of an operation, with the types of its data and its variables. */
export type OperationText<Data, Variables> = string & { __apiType?: (variables: Variables) => Data };
`;

/** The files of \`packages/client/src/generated/\`, by their names. */
export function generateClient(): Record<string, string> {
  const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'));
  const shapes = createShapes(schema);
  const operations = createOperations(schema, shapes);
  const shared = sharedTexts(shapes);
  const withShared = (document: string) =>
    shared.reduce((text, [name, part]) => text.replaceAll(part, `\${${name}}`), document);
  const constants = [
    ...shared.map(([name, text]) => `const ${name} =\n  '${text}';`),
    ...operations.map(
      ({ constant, document, data, variables }) =>
        `export const ${constant}: OperationText<${data}, ${variables}> =\n  \`${withShared(document)}\`;`,
    ),
  ];
  const types = operations.flatMap(
    ({ data, variables }) => `${data} ${variables}`.match(/\b[A-Z]\w+/g) ?? [],
  );
  const own = ['MutationResult'];
  const imported = [...new Set(types)].filter((name) => !own.includes(name)).toSorted();
  return {
    'types.ts': [NOTICE, ...createTypes(schema, shapes), HELPERS].join('\n\n').replace(/\n{3,}/g, '\n\n'),
    'operations.ts': [
      `${NOTICE}\nimport type { ${imported.join(', ')} } from './types.ts';\n${OPERATION_TYPES}`,
      ...constants,
    ]
      .join('\n\n')
      .replace(/\n{3,}/g, '\n\n')
      .concat('\n'),
  };
}
