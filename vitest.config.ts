import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** The suites that `openTestServer` and `createApi` serve. */
const OVER_THE_FAST_PATH = [
  'test/server/{accept-check,cors,document-limits,error-masking,graphiql,host-check,json-requests,origin-check,request-log,routes,way}.test.ts',
  'test/schema/{batches,budget,damage,node,page-arguments,paging,rollup,scalars,search,session-list,vanishing}.test.ts',
  'test/schema/mutations/*.test.ts',
];

export default defineConfig({
  // Without these two, graphql is loaded twice (as ESM and as CJS) and `instanceof GraphQLSchema` fails.
  resolve: { dedupe: ['graphql'] },
  test: {
    server: {
      deps: { inline: [/graphql/, /@pothos/, /@envelop/] },
    },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Of two cores vitest would leave one to itself; much of what the tests do is wait for the disk and for other processes.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    coverage: { provider: 'v8', include: ['src/**'], reporter: ['text-summary', 'html', 'json-summary'] },
    projects: [
      { extends: true, test: { name: 'all', include: ['test/**/*.test.ts'] } },
      {
        extends: true,
        // What is asked of the API, once more over a socket and the fast path: see test/support/fast-path.ts.
        test: {
          name: 'fast path',
          include: OVER_THE_FAST_PATH,
          env: { SESSIONTREE_TEST_WAY: 'fast-path' },
        },
      },
    ],
  },
});
