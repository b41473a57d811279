import { parseArgs } from 'node:util';
import { Sessiontree } from '@sessiontree/client';
import { FIRST_ID } from './invoices.ts';
import { keepMoving } from './keep-moving.ts';
import { NotServedError, serve } from './serve.ts';
import { writeTrees } from './trees.ts';

const HELP = `Usage: npm run demo -- [--data DIRECTORY] [--port PORT] [--still]

Fills a data directory (default: ./data/demo) with trees of agents, serves it, and keeps the agents working until Ctrl-C.

  --still   write the trees, and let nothing move
`;

/** `npm run demo`: a server on a data directory with believable trees, in which agents go on working until Ctrl-C. */
try {
  const { values } = parseArgs({
    options: {
      data: { type: 'string', default: './data/demo' },
      port: { type: 'string', default: '4000' },
      still: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) process.stdout.write(HELP);
  else await run(values.data, values.port, values.still);
} catch (error) {
  if (!isForPeople(error)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

/** Whether an error says what the person can do: where it was thrown helps nobody then. */
function isForPeople(error: unknown): error is Error {
  const { code = '' } = error as NodeJS.ErrnoException;
  return error instanceof NotServedError || code.startsWith('ERR_PARSE_ARGS_');
}

async function run(data: string, port: string, isStill: boolean): Promise<void> {
  const server = await serve(data, port);
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());
  try {
    const client = new Sessiontree(`${server.url}/graphql`);
    if ((await client.sessions.get(FIRST_ID)) === null) await writeTrees(client);
    process.stdout.write(`${server.url}/explorer/t/${FIRST_ID}?s=demo-backfill\n`);
    const aborted = new Promise((resolve) => abort.signal.addEventListener('abort', resolve));
    await Promise.race([server.ended, aborted, ...(isStill ? [] : [keepMoving(client, abort.signal)])]);
  } finally {
    abort.abort();
    await server.stop();
  }
}
