import { z } from 'zod';
import { McpSearchDocument, type McpSearchQuery } from '../generated/operations.ts';
import { idOf } from '../look-up.ts';
import { moreLines, shownPage } from '../page.ts';
import { barred, quoted, shortened } from '../quote.ts';
import { shortTime } from '../session-line.ts';
import { cursor, defineTool, limit, nextCursor, sessionReference } from '../tool.ts';
import { sessionConditions } from './list-sessions.ts';

/** The authors of messages, as the API names them. */
export const ROLES = ['USER', 'ASSISTANT', 'SYSTEM', 'TOOL', 'EVENT'] as const;
const FIELDS = ['CONTENT', 'REASONING', 'TOOL_CALLS'] as const;

export const searchMessages = defineTool({
  name: 'search_messages',
  title: 'Search messages',
  description:
    'Full-text search over what was said in all sessions, or in one tree: the messages that have all words of the query, the most relevant first, ' +
    'each with an excerpt (matches between << and >>). Case and accents are ignored, other forms of a word are not found: "trip*" finds trips. ' +
    'Go on with read_transcript at the id of a message.',
  input: {
    query: z.string().min(1).describe('Words; "two words" in quotes as a phrase; word* by its beginning.'),
    within: sessionReference
      .optional()
      .describe(
        'Only this session (its id, or "key:" and its key) and all beneath it. Default: the whole store.',
      ),
    subtree: z.boolean().default(true).describe('False: only the session "within" itself.'),
    roles: z
      .array(z.enum(ROLES))
      .optional()
      .describe('Only messages of these authors. Default: all but EVENT.'),
    fields: z
      .array(z.enum(FIELDS))
      .min(1)
      .default(['CONTENT'])
      .describe('Where to look. TOOL_CALLS: names of tools, and the strings in their arguments.'),
    ...sessionConditions,
    limit: limit(10, 50),
    after: cursor,
  },
  output: {
    hits: z.array(
      z.object({
        messageId: z.string(),
        position: z.number(),
        role: z.string(),
        name: z.string().nullable(),
        createdAt: z.string(),
        sessionId: z.string(),
        sessionTitle: z.string().nullable(),
        agentName: z.string().nullable(),
        project: z.string().nullable(),
        snippet: z.string().describe('Each match between << and >>.'),
      }),
    ),
    totalCount: z.number().describe('Of all matches, up to 10,000.'),
    isComplete: z.boolean().describe('False: there may be more matches; search again later.'),
    nextCursor,
  },
  async run(call, { limit: first, after, query, within, subtree, roles, fields, ...filter }) {
    const scope = within === undefined ? {} : { within: await idOf(call, within), subtree };
    const variables = { query, ...scope, roles, fields, filter, first, after };
    const { searchMessages } = await call.client.request(McpSearchDocument, variables, call.options);
    const { totalCount, isComplete } = searchMessages;
    const { edges, next } = shownPage(searchMessages, dataOf);
    return {
      lines: [
        `${edges.length} of ${totalCount} messages, the most relevant first:`,
        ...edges.flatMap(linesOf),
        ...(isComplete
          ? []
          : ['Not complete: the index is being built, or the search took too long. Search again later.']),
        ...moreLines(next),
      ],
      data: { hits: edges.map(dataOf), totalCount, isComplete, nextCursor: next },
    };
  },
});

type Hit = McpSearchQuery['searchMessages']['edges'][number];

function linesOf({ node, snippet }: Hit): string[] {
  const { id, role, name, createdAt, session } = node;
  const author = name === null ? role : `${role} ${quoted(name)}`;
  const title = session.title === null ? 'untitled' : quoted(session.title);
  return [`- ${id} ${author} ${shortTime(createdAt)}, in ${session.id} ${title}`, ...barred(snippet)];
}

function dataOf({ node, snippet }: Hit) {
  const { id: messageId, session, ...message } = node;
  const { id: sessionId, title, agentName, project } = session;
  return {
    ...message,
    messageId,
    sessionId,
    sessionTitle: title && shortened(title),
    agentName,
    project: project && shortened(project),
    snippet,
  };
}
