import type { Request } from './client.ts';
import type { ServerProcess } from './server-process.ts';
import { GOOD_CLIENT, WITNESS } from './sessions.ts';
import { WITNESS_MESSAGES } from './store-writer.ts';

interface Page {
  readonly session: {
    readonly damage: readonly { readonly reason: string }[];
    readonly history: {
      readonly nodes: readonly { readonly content: string }[];
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
    };
  } | null;
}

const HISTORY = `query Stored($id: ID!, $after: String) {
  session(id: $id) { damage { reason } history(first: 1000, after: $after) { nodes { content } pageInfo { hasNextPage endCursor } } }
}`;

/** What is wrong with what the server has stored of the witness, and of the writes that it acknowledged to the good client. */
export async function faultsOfStored(
  server: ServerProcess,
  acknowledged: readonly number[],
): Promise<string[]> {
  const faults: string[] = [];
  const witness = await contentsOf(server, WITNESS, server.good);
  if (JSON.stringify(witness) !== JSON.stringify(WITNESS_MESSAGES.map(({ content }) => content)))
    faults.push(`the witness has changed: ${JSON.stringify(witness).slice(0, 200)}`);
  const times = new Map<string, number>();
  for (const content of await contentsOf(server, GOOD_CLIENT, server.good))
    times.set(content, (times.get(content) ?? 0) + 1);
  const lost = acknowledged.filter((n) => !times.has(`write ${n}`));
  const doubled = [...times].filter(([, count]) => count > 1);
  if (lost.length > 0) faults.push(`${lost.length} acknowledged writes are lost, the first is ${lost[0]}`);
  if (doubled.length > 0)
    faults.push(`${doubled.length} writes are there twice, the first is ${doubled[0]![0]}`);
  return faults;
}

/** The contents of a history. Throws if the session is not there or has damage. */
export async function contentsOf(server: ServerProcess, id: string, options?: Request): Promise<string[]> {
  const contents: string[] = [];
  for (let after: string | null = null, isMore = true; isMore; ) {
    const { session }: Page = await server.read<Page>(HISTORY, { id, after }, options);
    if (session === null) throw new Error(`The session ${id} is gone.`);
    if (session.damage.length > 0)
      throw new Error(`The session ${id} is damaged: ${session.damage[0]!.reason}`);
    contents.push(...session.history.nodes.map(({ content }) => content));
    ({ hasNextPage: isMore, endCursor: after } = session.history.pageInfo);
  }
  return contents;
}
