import type { CodegenConfig } from '@graphql-codegen/cli';

const scalars = {
  ID: 'string',
  DateTime: 'string',
  JSON: 'unknown',
  JSONObject: 'Record<string, unknown>',
  SafeInt: 'number',
};

/** How the program's own operations are generated. */
const program = {
  plugins: ['typescript-operations', 'typed-document-node'],
  config: {
    documentMode: 'string',
    enumType: 'string-literal',
    useTypeImports: true,
    strictScalars: true,
    scalars,
  },
};

/**
 * Types for the operations of the tests, of the explorer and of the MCP server, so that a change of the schema that would break a client breaks the build.
 */
const config: CodegenConfig = {
  schema: 'schema.graphql',
  importExtension: '.ts',
  generates: {
    'test/generated/': {
      documents: ['test/**/*.ts', '!test/generated/**'],
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        // What is generated runs as it is: types are stripped, and an enum is not only a type.
        enumType: 'string-literal',
        useTypeImports: true,
        strictScalars: true,
        scalars,
      },
    },
    'src/explorer/generated/operations.ts': { documents: ['src/explorer/**/*.graphql'], ...program },
    'src/mcp/generated/operations.ts': { documents: ['src/mcp/**/*.graphql'], ...program },
  },
};

export default config;
