import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';
import { GRAPH } from './langgraph/api.ts';
import { loadLanggraph } from './langgraph/load.ts';
import { langgraphOperations } from './langgraph/operations.ts';
import type { Peer } from './peer.ts';
import { runningPeer } from './running-peer.ts';
import { freePort, startServerProcess } from './server-process.ts';

/**
 * `langgraphjs dev`, the server that needs no account. It keeps threads in memory, and writes all of them to
 * files when nothing was written for three seconds: answered writes may be lost when its process ends.
 */
export const langgraph: Peer = {
  name: 'LangGraph',
  async start(directory) {
    mkdirSync(join(directory, 'home'), { recursive: true });
    // It writes its data beside its configuration, and resolves paths relative to it.
    const graph = relative(realpathSync(directory), join(import.meta.dirname, 'langgraph/graph.ts'));
    writeFileSync(
      join(directory, 'langgraph.json'),
      JSON.stringify({ graphs: { [GRAPH]: `${graph}:graph` } }),
    );
    // Not below `directory`: it creates a socket there, whose path must be short.
    const temporary = mkdtempSync(join(tmpdir(), 'langgraph-'));
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const removeTemporary = () => rmSync(temporary, { recursive: true, force: true });
    process.once('exit', removeTemporary);
    try {
      const server = await startServerProcess({
        name: this.name,
        file: process.execPath,
        arguments: [
          program(),
          'dev',
          '--no-browser',
          '--no-reload',
          '--host',
          '127.0.0.1',
          '--port',
          String(port),
        ],
        directory,
        environment: environmentOf(directory, temporary),
        readyUrl: `${url}/info`,
      });
      const stop = () => server.stop().finally(removeTemporary);
      return runningPeer({
        name: this.name,
        url,
        server: { ...server, stop },
        load: loadLanggraph,
        operations: langgraphOperations,
      });
    } catch (error) {
      removeTemporary();
      throw error;
    }
  },
};

function program(): string {
  const manifest = createRequire(import.meta.url).resolve('@langchain/langgraph-cli/package.json');
  return join(dirname(manifest), 'dist/cli/cli.mjs');
}

/** With these variables it calls no other server, and logs no requests. */
function environmentOf(directory: string, temporary: string): Record<string, string> {
  return {
    PATH: [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter),
    HOME: join(directory, 'home'),
    TMPDIR: temporary,
    BROWSER: 'none',
    LOG_LEVEL: 'warn',
    LANGGRAPH_CLI_NO_ANALYTICS: '1',
    LANGSMITH_TRACING: 'false',
    LANGCHAIN_TRACING_V2: 'false',
  };
}
