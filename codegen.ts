import type { CodegenConfig } from '@graphql-codegen/cli';

const scalars = {
  ID: 'string',
  DateTime: 'string',
  JSON: 'unknown',
  JSONObject: 'Record<string, unknown>',
  SafeInt: 'number',
};

/**
 * Types for the operations of the tests and of the explorer, so that a change of the schema that would break a client breaks the build.
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
    'src/explorer/generated/operations.ts': {
      documents: ['src/explorer/**/*.graphql'],
      plugins: ['typescript-operations', 'typed-document-node'],
      config: {
        documentMode: 'string',
        enumType: 'string-literal',
        useTypeImports: true,
        strictScalars: true,
        scalars,
      },
    },
  },
};

export default config;
