import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { keepTemporaryFilesInMemory } from './test/support/memory-directory.ts';

const TESTS = ['test/**/*.test.ts', 'packages/client/test/**/*.test.ts'];

/** The suites of the schema: to import the schema takes longer than most of them, so that they share processes. */
const SCHEMA = 'test/schema/**/*.test.ts';

/** The suites that `openTestServer` and `createApi` serve. */
const SERVER_OVER_THE_FAST_PATH =
  'test/server/{accept-check,cache-headers,cors,document-limits,error-masking,graphiql,host-check,json-requests,origin-check,persisted-queries,request-log,routes,way}.test.ts';
const SCHEMA_OVER_THE_FAST_PATH = [
  'test/schema/{batches,budget,damage,node,page-arguments,paging,rollup,scalars,search,session-list,vanishing}.test.ts',
  'test/schema/mutations/*.test.ts',
];

// The suites of the API run once more over a socket and the fast path: see test/support/fast-path.ts.
const FAST_PATH = { SESSIONTREE_TEST_WAY: 'fast-path' };

/** Files that take minutes, and are short: vitest, which begins with the largest, would leave them to the end. */
const LONGEST = [
  'test/torture/torture.test.ts',
  'test/attacks/attacks.test.ts',
  'test/repository/files/contract.test.ts',
  'test/repository/postgres/contract.test.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => LONGEST.some((file) => moduleId.endsWith(file));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

// The program that tests start would take settings from the environment of whoever runs them.
for (const name of Object.keys(process.env)) if (/^(SESSIONTREE|OTEL)_/.test(name)) delete process.env[name];

// Each store whose messages are searched starts threads, which load their modules anew: without a cache, that is most of what such a test
// costs. The directory is that of the program's own cache.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/sessiontree');

keepTemporaryFilesInMemory();

export default defineConfig({
  // Without these two, graphql is loaded twice (as ESM and as CJS) and `instanceof GraphQLSchema` fails.
  resolve: { dedupe: ['graphql'] },
  test: {
    globalSetup: ['test/support/build-packages.ts', 'test/support/postgres/global-setup.ts'],
    server: {
      deps: { inline: [/graphql/, /@pothos/, /@envelop/] },
    },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    // Of two cores vitest would leave one to itself; much of what the tests do is wait for the disk and for other processes.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    sequence: { sequencer: LongestFirst },
    coverage: { provider: 'v8', include: ['src/**'], reporter: ['text-summary', 'html', 'json-summary'] },
    projects: [
      { extends: true, test: { name: 'all', include: TESTS, exclude: [SCHEMA] } },
      { extends: true, test: { name: 'schema', include: [SCHEMA], isolate: false } },
      { extends: true, test: { name: 'fast path', include: [SERVER_OVER_THE_FAST_PATH], env: FAST_PATH } },
      {
        extends: true,
        test: {
          name: 'schema, fast path',
          include: SCHEMA_OVER_THE_FAST_PATH,
          env: FAST_PATH,
          isolate: false,
        },
      },
    ],
  },
});
