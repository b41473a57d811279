import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Without these two, graphql is loaded twice (as ESM and as CJS) and `instanceof GraphQLSchema` fails.
  resolve: { dedupe: ['graphql'] },
  test: {
    server: {
      deps: { inline: [/graphql/, /@pothos/, /@envelop/] },
    },
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    coverage: { provider: 'v8', include: ['src/**'], reporter: ['text-summary', 'html', 'json-summary'] },
  },
});
