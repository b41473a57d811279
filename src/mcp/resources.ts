import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js';
import { McpError } from '@modelcontextprotocol/sdk/types.js';
import type { Sessiontree } from '@sessiontree/client';
import type { Logger } from '../repository/observer.ts';
import { failureText } from './failure.ts';
import { McpSessionsDocument } from './generated/operations.ts';
import { shortened } from './quote.ts';
import { type AnyTool, type Call, ToolError } from './tool.ts';
import { readTranscript } from './tools/read-transcript.ts';
import { showTree } from './tools/show-tree.ts';

/** Sessions in the list of resources, which people choose from. */
const LISTED = 50;
/** JSON-RPC: the server failed. MCP: there is no such resource. */
const INTERNAL_ERROR = -32_603;
const NO_RESOURCE = -32_002;

/** Adds the transcript and the tree of each session as resources: as text, as the tools answer with it. */
export function registerResources(server: McpServer, client: Sessiontree, logger: Logger): void {
  const failing = (error: unknown, signal: AbortSignal): never => {
    if (signal.aborted) throw signal.reason;
    throw new McpError(error instanceof ToolError ? NO_RESOURCE : INTERNAL_ERROR, failureText(error, logger));
  };

  const list = async ({ signal }: { signal: AbortSignal }) => {
    const variables = { filter: { rootsOnly: true }, first: LISTED };
    const { sessions } = await client
      .request(McpSessionsDocument, variables, { signal })
      .catch((error) => failing(error, signal));
    return {
      resources: sessions.edges.map(({ node: { id, title, firstWords, lastActiveAt } }) => {
        const words = title ?? firstWords.nodes[0]?.content ?? 'untitled';
        return {
          uri: `session://${id}`,
          name: id,
          title: shortened(words),
          mimeType: 'text/plain',
          annotations: { lastModified: lastActiveAt },
        };
      }),
    };
  };

  const read = (tool: AnyTool, input: object) => {
    return async (
      uri: URL,
      { id }: { readonly id?: string | string[] },
      { signal }: { signal: AbortSignal },
    ) => {
      const call: Call = { client, options: { signal } };
      const given = { ...input, session: decodeURIComponent(String(id)) };
      const { lines } = await tool.run(call, given).catch((error) => failing(error, signal));
      return { contents: [{ uri: uri.href, mimeType: 'text/plain', text: lines.join('\n') }] };
    };
  };

  server.registerResource(
    'transcript',
    new ResourceTemplate('session://{id}', { list }),
    {
      title: 'Transcript',
      description: 'The messages of a session, from the first on.',
      mimeType: 'text/plain',
    },
    read(readTranscript, { limit: 100, reasoning: false, textFrom: 0, textLimit: 2_000 }),
  );
  server.registerResource(
    'tree',
    new ResourceTemplate('session://{id}/tree', { list: undefined }),
    { title: 'Tree', description: 'A session and all beneath it, as an outline.', mimeType: 'text/plain' },
    read(showTree, { depth: 10, limit: 500 }),
  );
}
