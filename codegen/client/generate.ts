import { readFileSync } from 'node:fs';
import { buildSchema, type GraphQLSchema } from 'graphql';
import { createOperations, errorSelection, payloadSelections, sharedTexts } from './operations.ts';
import { createShapes, type Shapes } from './shapes.ts';
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

/** The files of `packages/client/src/generated/`, by their names. */
export function generateClient(): Record<string, string> {
  const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'));
  const shapes = createShapes(schema);
  return {
    'types.ts': inBlocks([NOTICE, ...createTypes(schema, shapes), HELPERS]),
    'operations.ts': inBlocks([NOTICE, ...operationBlocks(schema, shapes)]).concat('\n'),
  };
}

const inBlocks = (blocks: readonly string[]) => blocks.join('\n\n').replace(/\n{3,}/g, '\n\n');

function operationBlocks(schema: GraphQLSchema, shapes: Shapes): string[] {
  const operations = createOperations(schema, shapes);
  const mutations = payloadSelections(shapes);
  const shared = sharedTexts(shapes);
  const withShared = (document: string, ofPart?: string) =>
    shared.reduce(
      (text, [name, part]) => (name === ofPart ? text : text.replaceAll(part, `\${${name}}`)),
      document,
    );
  const members = mutations.map(([name]) => {
    const type = typeNameOf(name);
    return `  readonly ${name}: { readonly input: ${type}Input; readonly payload: ${type}Payload };`;
  });
  const types = [...operations.flatMap(({ data, variables }) => [data, variables]), ...members].join(' ');
  const imported = [...new Set(types.match(/\b[A-Z]\w+/g))].toSorted();
  const payloads = mutations.map(([name, selection]) => `  ${name}: \`${withShared(selection)}\`,`);
  return [
    `import { type OperationText, operation } from '../operation.ts';\nimport type { ${imported.join(', ')} } from './types.ts';`,
    ...shared.toReversed().map(([name, text]) => `const ${name} =\n  \`${withShared(text, name)}\`;`),
    ...operations.map(
      ({ kind = 'query', name, document, data, variables }) =>
        `export const ${constantOf(name)}: OperationText<${data}, ${variables}> =\n  operation('${kind} ${name}', \`${withShared(document)}\`);`,
    ),
    `/** The input and the payload of each mutation. */\nexport interface Mutations {\n${members.join('\n')}\n}`,
    `/** What is selected of each payload. */\nexport const PAYLOADS: Readonly<Record<keyof Mutations, string>> = {\n${payloads.join('\n')}\n};`,
    `/** What is selected of every typed error. */\nexport const ERRORS =\n  '${errorSelection(shapes)}';`,
  ];
}

const typeNameOf = (mutation: string) => mutation[0]!.toUpperCase() + mutation.slice(1);

const constantOf = (name: string) => name.replaceAll(/(?!^)[A-Z]/g, '_$&').toUpperCase();
