import { createRequire } from 'node:module';
import { type ConcreteRequest, type Environment, fetchQuery, type ReaderFragment } from 'relay-runtime';
import { expect, onTestFinished, test } from 'vitest';
import { addHistory, openProject } from './files.ts';

const { createOperationDescriptor, getRequest, getSingularSelector } = createRequire(import.meta.url)(
  'relay-runtime',
) as typeof import('relay-runtime');

interface HistoryFragment {
  readonly history: {
    readonly edges: readonly { readonly node: { readonly content: string } }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
  };
}

/** The artifacts of the compiler, which the Babel plugin substitutes for the documents. */
const artifact = (name: string) => `src/__generated__/${name}.graphql.ts`;

test('the compiler takes the schema and the documents, and the store joins the pages of a history', async () => {
  const project = await openProject();
  await addHistory(project, 120);
  await project.run('relay-compiler');
  const { environment } = await project.load<{ environment: Environment }>('src/environment.ts');
  const load = async <T>(name: string) => (await project.load<{ default: T }>(artifact(name))).default;
  const query = await load<ConcreteRequest>('HistoryQuery');
  const fragment = await load<ReaderFragment>('History_session');
  const pageQuery = await load<ConcreteRequest>('HistoryPageQuery');

  const operation = createOperationDescriptor(getRequest(query), { id: 'trip' });
  const retained = environment.retain(operation);
  onTestFinished(() => retained.dispose());
  const read = () => {
    const { session } = environment.lookup(operation.fragment).data as { session: unknown };
    return environment.lookup(getSingularSelector(fragment, session)!).data as unknown as HistoryFragment;
  };
  await fetchQuery(environment, query, { id: 'trip' }).toPromise();
  const lengths = [read().history.edges.length];
  while (read().history.pageInfo.hasNextPage) {
    const variables = { id: 'trip', cursor: read().history.pageInfo.endCursor };
    await fetchQuery(environment, pageQuery, variables).toPromise();
    lengths.push(read().history.edges.length);
  }
  expect(lengths).toEqual([50, 100, 120]);
  expect(read().history.edges.map(({ node }) => node.content)).toEqual(
    Array.from({ length: 120 }, (_, n) => String(n)),
  );
});
