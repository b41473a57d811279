import {
  type DocumentNode,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  visit,
} from 'graphql';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import { GRAPHIQL_EXAMPLES } from '../../src/server/graphiql-examples.ts';
import { createSessiontreeYoga } from '../../src/server/yoga.ts';
import { readPage } from '../support/documentation.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { createTestLogger, ENDPOINT, JSON_TYPE } from './support.ts';

interface Step {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
}

/** Without the subscription, which changes nothing, and whose answer does not end: `graphiql-browser.test.ts` runs it. */
const TABS: readonly Step[] = GRAPHIQL_EXAMPLES.filter(({ query }) => !isSubscription(query));

function isSubscription(query: string): boolean {
  return getOperationAST(parse(query))?.operation === 'subscription';
}

/** The operations of README.md and docs/trees.md, in order. Those that ask for what the README imports are not about the tree. */
let steps: Step[];

beforeAll(async () => {
  const readme = await readPage('README.md');
  const story =
    readme.replace(/\n### Import your existing sessions\n.*?(?=\n### )/s, '') +
    (await readPage('docs/trees.md'));
  const blocks = story.matchAll(/-d '(\{.*?\})'|'query=(.*?)'|```graphql\n(.*?)```/gs);
  steps = [...blocks].map(([, body, query, code]) => (body ? JSON.parse(body) : { query: query ?? code }));
});

/** The steps of the pages that the tabs have too: the first of each mutation and query. */
function sharedSteps(): Step[] {
  return TABS.map((tab) => steps.find((step) => signature(step) === signature(tab))).filter(
    (step) => step !== undefined,
  );
}

/** An operation in a normal form: with variables inlined, without names and comments. */
function signature({ query, variables = {} }: Step): string {
  const document = visit(parse(query), {
    OperationDefinition: (node: OperationDefinitionNode) => ({
      ...node,
      name: undefined,
      variableDefinitions: [],
    }),
    Variable: (node) => parseLiteral(variables[node.name.value]),
    ObjectValue: {
      leave: (node) => ({
        ...node,
        fields: node.fields.toSorted((a, b) => (a.name.value < b.name.value ? -1 : 1)),
      }),
    },
  }) as DocumentNode;
  return print(document);
}

/** JSON as a GraphQL literal with sorted keys. */
function parseLiteral(value: unknown) {
  const text = JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  ).replaceAll(/"(\w+)":/g, '$1:');
  const operation = parse(`{ f(a: ${text}) }`).definitions[0] as OperationDefinitionNode;
  const [field] = operation.selectionSet.selections;
  return field!.kind === Kind.FIELD ? field!.arguments![0]!.value : null;
}

/** Runs operations on a new store. Expects neither errors nor typed errors. */
async function openStory() {
  const repository = await openFileRepository({ directory: await temporaryDirectory() });
  onTestFinished(() => repository.close());
  const { logger } = createTestLogger();
  const yoga = createSessiontreeYoga({
    repository,
    logger,
    limits: DEFAULT_LIMITS,
    allowedHosts: [],
    allowedOrigins: [],
  });
  const run = async (step: Step) => {
    const response = await yoga.fetch(ENDPOINT, {
      method: 'POST',
      headers: JSON_TYPE,
      body: JSON.stringify(step),
    });
    const answer = (await response.json()) as { data: Record<string, Record<string, unknown>> };
    expect(answer, step.query).toEqual({ data: expect.any(Object) });
    for (const field of Object.values(answer.data)) expect(field, step.query).not.toHaveProperty('message');
    return answer.data;
  };
  return {
    run: async (steps: readonly Step[]) => {
      for (const step of steps) await run(step);
    },
    tree: () => run({ query: WHOLE_TREE }),
  };
}

const WHOLE_TREE = `{
  sessions { totalCount }
  session(id: "trip") { ...Node descendants { nodes { ...Node } } }
}
fragment Node on Session {
  id parentId depth title userId metadata version
  history { nodes { id role content usage { inputTokens outputTokens } } }
  forkedFrom { messageId }
}`;

test('the tabs of GraphiQL hold the very operations of the pages', () => {
  const onPages = steps.map(signature);
  for (const tab of TABS) expect(onPages).toContain(signature(tab));
});

test('a reader of the pages goes on in GraphiQL, and the other way round: the tree is the same', async () => {
  const [pagesFirst, tabsFirst] = [await openStory(), await openStory()];

  await pagesFirst.run(sharedSteps());
  const tree = await pagesFirst.tree();
  await pagesFirst.run(TABS);
  expect(await pagesFirst.tree()).toEqual(tree);

  await tabsFirst.run(TABS);
  expect(await tabsFirst.tree()).toEqual(tree);
  await tabsFirst.run(sharedSteps());
  expect(await tabsFirst.tree()).toEqual(tree);
});

test('the tabs run before, amid and after all that the pages do to the tree', async () => {
  const story = await openStory();
  await story.run(TABS);
  for (const step of steps) {
    await story.run([step]);
    await story.run(TABS);
  }
});
