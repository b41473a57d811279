import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { CLI } from './run.ts';

/** What a tool answered. */
export interface ToolAnswer {
  readonly isError: boolean;
  readonly text: string;
  readonly data: Record<string, unknown> | undefined;
}

/** The official client, with `sessiontree mcp` as its server. */
export interface McpConnection {
  readonly client: Client;
  /** Calls a tool; times are `<time>` in the text of the answer. */
  call(name: string, args?: object, options?: { readonly signal: AbortSignal }): Promise<ToolAnswer>;
}

/** Starts `sessiontree mcp` as clients do. The caller closes the client. */
export function connectMcp(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<McpConnection> {
  return connectMcpTo(process.execPath, [CLI, 'mcp', ...args], env);
}

/** Starts a command that serves MCP. The caller closes the client. */
export async function connectMcpTo(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<McpConnection> {
  const transport = new StdioClientTransport({ command, args: [...args], env });
  const client = new Client({ name: 'test', version: '1.0.0' });
  await client.connect(transport);
  return {
    client,
    async call(name, args = {}, options) {
      const { content, isError, structuredContent } = await client.callTool(
        { name, arguments: { ...args } },
        undefined,
        options,
      );
      const [{ text } = { text: '' }] = content as { text: string }[];
      return {
        isError: isError === true,
        text: text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, '<time>'),
        data: structuredContent as Record<string, unknown> | undefined,
      };
    },
  };
}
