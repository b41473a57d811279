import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { Sessiontree } from '@sessiontree/client';
import { keepMoving } from './keep-moving.ts';
import { writeTrees } from './trees.ts';

/** `npm run demo`: a server on a data directory with believable trees, in which agents go on working until Ctrl-C. */
const { values } = parseArgs({
  options: {
    data: { type: 'string', default: './data/demo' },
    port: { type: 'string', default: '4000' },
    still: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  process.stdout.write(
    'Usage: npm run demo -- [--data DIRECTORY] [--port PORT] [--still]\n\n' +
      'Fills a data directory (default: ./data/demo) with trees of agents, serves it, and keeps the agents working until Ctrl-C.\n' +
      '--still: write the trees, and let nothing move.\n',
  );
  process.exit(0);
}

const cli = join(import.meta.dirname, '../src/cli.ts');
const server = spawn(process.execPath, [cli, 'serve', '--data', values.data, '--port', values.port], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
process.once('SIGINT', () => server.kill('SIGTERM'));
process.once('SIGTERM', () => server.kill('SIGTERM'));
const exited = once(server, 'exit');
const url = await Promise.race([addressOf(), exited.then(() => process.exit(1))]);
const client = new Sessiontree(`${url}/graphql`);
if ((await client.sessions.get('demo-invoices')) === null) await writeTrees(client);
process.stdout.write(`${url}/explorer/t/demo-invoices?s=demo-backfill\n`);
const abort = new AbortController();
if (!values.still) void keepMoving(client, abort.signal);
await exited;
abort.abort();

/** The address that the server logs once it listens. */
async function addressOf(): Promise<string> {
  for await (const line of createInterface({ input: server.stdout })) {
    const [, found] = /(http:\/\/[^\s/"]+)/.exec(line) ?? [];
    if (found) {
      server.stdout.resume();
      return found;
    }
  }
  return new Promise(() => {});
}
