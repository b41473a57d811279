import { z } from 'zod';
import { McpTreeDocument, type McpTreeQuery, type SessionLineFragment } from '../generated/operations.ts';
import { moreLines, shownPage } from '../page.ts';
import { sessionData, sessionLine, sessionOutput } from '../session-line.ts';
import {
  type Answer,
  cursor,
  defineTool,
  limit,
  nextCursor,
  noSession,
  referenceOf,
  sessionReference,
} from '../tool.ts';
import { usageOutput, usageText } from '../usage-text.ts';
import { STATUSES } from './list-sessions.ts';

const output = {
  root: sessionOutput,
  sums: z
    .object({
      sessionCount: z.number(),
      historyLength: z.number(),
      byStatus: z.array(z.object({ status: z.string(), count: z.number() })),
      usage: usageOutput,
    })
    .describe('Of the session and all beneath it.'),
  descendants: z.array(sessionOutput).describe('In pre-order: each before its children.'),
  matchCount: z.number().describe('Of all sessions beneath it within the depth and with the statuses.'),
  nextCursor,
};

export const showTree = defineTool({
  name: 'show_tree',
  title: 'Show a tree of sessions',
  description:
    'Show a session and the sessions beneath it, which its agent spawned, as an outline, with how many sessions, messages, tokens and dollars the ' +
    'whole tree has. Use read_transcript for what was said.',
  input: {
    session: sessionReference,
    depth: z.int().min(1).max(1_000).default(3).describe('How many levels beneath the session.'),
    statuses: z.array(z.enum(STATUSES)).optional().describe('Only sessions with any of these statuses.'),
    limit: limit(100, 500),
    after: cursor,
  },
  output,
  async run({ client, options }, { session: reference, depth, statuses, limit: first, after }) {
    const filter = statuses ? { statuses } : null;
    const variables = { ...referenceOf(reference), maxDepth: depth, filter, first, after };
    const { session } = await client.request(McpTreeDocument, variables, options);
    if (session === null) throw noSession(reference);
    return treeAnswer(session, { depth, isWhole: !statuses && !after });
  },
});

/** `isWhole`: sessions that are missing in the outline are deeper or on later pages. */
export function treeAnswer(
  session: NonNullable<McpTreeQuery['session']>,
  { depth, isWhole }: { readonly depth: number; readonly isWhole: boolean },
): Answer<z.input<z.ZodObject<typeof output>>> {
  const { descendants, rollup, ...root } = session;
  const { edges, next } = shownPage(descendants, ({ node }) => sessionData(node));
  const nodes = edges.map(({ node }) => node);
  const { sessionCount, historyLength, byStatus, usage } = rollup;
  const statuses = byStatus.map(({ status, count }) => `${count} ${status}`).join(', ');
  const isHidden = ({ childCount, depth: level }: SessionLineFragment) =>
    isWhole && childCount > 0 && level - root.depth === depth;
  const outline = nodes.flatMap((node) => {
    const indent = '  '.repeat(node.depth - root.depth);
    const line = `${indent}- ${sessionLine(node)}`;
    const hidden = `${indent}  … ${node.childCount} more beneath: show_tree with session ${node.id}`;
    return isHidden(node) ? [line, hidden] : [line];
  });
  return {
    lines: [
      `Sessions: ${sessionCount} (${statuses}), messages: ${historyLength}, ${usageText(usage)}.`,
      `${nodes.length} of the ${descendants.totalCount} sessions beneath that match, down to ${depth} ${depth === 1 ? 'level' : 'levels'}:`,
      `- ${sessionLine(root)}`,
      ...outline,
      ...moreLines(next),
    ],
    data: {
      root: sessionData(root),
      sums: { sessionCount, historyLength, byStatus, usage },
      descendants: nodes.map(sessionData),
      matchCount: descendants.totalCount,
      nextCursor: next,
    },
  };
}
