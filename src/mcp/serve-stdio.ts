import type { Sessiontree } from '@sessiontree/client';
import { createMcpServer, type McpServerOptions } from './server.ts';
import { Stdio } from './stdio.ts';

/**
 * Serves one client of the Model Context Protocol on standard input and output, until it closes standard input and its requests are
 * answered, or until `signal` is aborted.
 */
export async function serveStdio(
  client: Sessiontree,
  options: McpServerOptions,
  signal: AbortSignal,
): Promise<void> {
  const server = createMcpServer(client, options);
  const stdio = new Stdio();
  server.server.onerror = (err) => options.logger.warn({ err }, 'a message of the client cannot be used');
  const ended = stdio.ended();
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve());
    if (signal.aborted) resolve();
  });
  await server.connect(stdio);
  await Promise.race([ended, aborted]);
  await server.close();
}
