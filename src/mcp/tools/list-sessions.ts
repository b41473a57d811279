import { z } from 'zod';
import { McpSessionsDocument } from '../generated/operations.ts';
import { moreLines, shownPage } from '../page.ts';
import { sessionData, sessionLine, sessionOutput } from '../session-line.ts';
import { cursor, defineTool, limit, nextCursor, time } from '../tool.ts';

/** What a session does, as the API names it. */
export const STATUSES = ['IDLE', 'RUNNING', 'WAITING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;

/** The arguments that say which sessions are meant. */
export const sessionConditions = {
  project: z.string().optional().describe('Only sessions of exactly this project.'),
  agentName: z.string().optional().describe('Only sessions of exactly this agent.'),
  activeAfter: time.describe('Only sessions last active at this time or later: 2026-01-31T00:00:00Z.'),
  activeBefore: time.describe('Only sessions last active before this time.'),
};

export const listSessions = defineTool({
  name: 'list_sessions',
  title: 'List sessions',
  description:
    'List sessions, the last active first: by project, agent, status, title or time. A session is one run or conversation of an agent; ' +
    'sessions that agents spawned are children of the session that spawned them. Without arguments, it lists the roots of the latest trees. Use ' +
    'search_messages to find sessions by what was said in them.',
  input: {
    rootsOnly: z.boolean().default(true).describe('False: children, too.'),
    title: z
      .string()
      .optional()
      .describe('Only sessions whose title has these words; "word*" by their beginning.'),
    statuses: z.array(z.enum(STATUSES)).optional().describe('Only sessions with any of these statuses.'),
    ...sessionConditions,
    includeArchived: z.boolean().default(false),
    limit: limit(20, 100),
    after: cursor,
  },
  output: {
    sessions: z.array(sessionOutput),
    totalCount: z.number().describe('Of all sessions that match.'),
    nextCursor,
  },
  async run({ client, options }, { limit: first, after, includeArchived, rootsOnly, ...conditions }) {
    const filter = { ...conditions, rootsOnly, archived: includeArchived ? ('INCLUDE' as const) : null };
    const variables = { filter, first, after };
    const { sessions } = await client.request(McpSessionsDocument, variables, options);
    const { edges, next } = shownPage(sessions, ({ node }) => sessionData(node));
    const { totalCount } = sessions;
    return {
      lines: [
        `${edges.length} of ${totalCount} ${rootsOnly ? 'roots' : 'sessions'}, the last active first:`,
        ...edges.map(({ node }) => `- ${sessionLine(node)}`),
        ...moreLines(next),
      ],
      data: { sessions: edges.map(({ node }) => sessionData(node)), totalCount, nextCursor: next },
    };
  },
});
