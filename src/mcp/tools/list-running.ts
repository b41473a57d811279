import { z } from 'zod';
import {
  McpSessionsDocument,
  type McpSessionsQuery,
  McpTreeDocument,
  type SessionLineFragment,
} from '../generated/operations.ts';
import { moreLines, shownPage } from '../page.ts';
import { sessionData, sessionLine, sessionOutput } from '../session-line.ts';
import {
  type Call,
  cursor,
  defineTool,
  limit,
  nextCursor,
  noSession,
  referenceOf,
  sessionReference,
  ToolError,
} from '../tool.ts';

const UNDER_WAY = ['RUNNING', 'WAITING'] as const;

export const listRunning = defineTool({
  name: 'list_running',
  title: 'List what runs or waits',
  description:
    'List the sessions that are RUNNING (the agent works) or WAITING (the agent waits for a person) now, in the whole store or in one tree, ' +
    'with what they wait for. A status is what the program that runs the agent last said: an old one may be of a program that ended.',
  input: {
    session: sessionReference
      .optional()
      .describe(
        'Only this session (its id, or "key:" and its key) and all beneath it. Default: the whole store.',
      ),
    project: z
      .string()
      .optional()
      .describe('Only sessions of exactly this project. Not together with session.'),
    limit: limit(50, 200),
    after: cursor,
  },
  output: {
    sessions: z.array(sessionOutput),
    totalCount: z.number().describe('Of all sessions that run or wait.'),
    nextCursor,
  },
  async run(call, { session, project, limit: first, after }) {
    if (session !== undefined && project !== undefined)
      throw new ToolError('Expected session or project, got both: a tree is listed whole.');
    const { self, selfCount, connection } = session
      ? await beneath(call, session, { first, after })
      : await everywhere(call, { first, after, project });
    const { edges, next } = shownPage(connection, ({ node }) => sessionData(node));
    const sessions = [...self, ...edges.map(({ node }) => node)];
    const totalCount = connection.totalCount + selfCount;
    return {
      lines: [
        `${sessions.length} of ${totalCount} sessions that are RUNNING or WAITING:`,
        ...sessions.map((each) => `- ${sessionLine(each)}`),
        ...moreLines(next),
      ],
      data: { sessions: sessions.map(sessionData), totalCount, nextCursor: next },
    };
  },
});

interface Page {
  readonly first: number;
  readonly after?: string | undefined;
}

interface Found {
  /** The session that was asked for, if it runs or waits: on the first page, it comes before what is beneath it. */
  readonly self: readonly SessionLineFragment[];
  readonly selfCount: number;
  readonly connection: McpSessionsQuery['sessions'];
}

async function everywhere(
  { client, options }: Call,
  { project, ...page }: Page & { readonly project?: string | undefined },
): Promise<Found> {
  const variables = { filter: { statuses: [...UNDER_WAY], project }, ...page };
  const { sessions } = await client.request(McpSessionsDocument, variables, options);
  return { self: [], selfCount: 0, connection: sessions };
}

async function beneath({ client, options }: Call, reference: string, page: Page): Promise<Found> {
  const variables = { ...referenceOf(reference), filter: { statuses: [...UNDER_WAY] }, ...page };
  const { session } = await client.request(McpTreeDocument, variables, options);
  if (session === null) throw noSession(reference);
  const { descendants, rollup: _, ...root } = session;
  const found = UNDER_WAY.some((status) => status === root.status) ? [root] : [];
  return { self: page.after ? [] : found, selfCount: found.length, connection: descendants };
}
