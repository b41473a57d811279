import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openAuthServer } from '../server/auth/support.ts';
import { runCli } from './run.ts';

const CLAUDE = join(import.meta.dirname, '../fixtures/claude');

const COMMANDS = [
  ['tree', 'trip'],
  ['tail', 'trip'],
  ['import', 'claude', CLAUDE],
  ['prune', '--older-than', '90d'],
];

test.each(COMMANDS)('%s without a token says how the command takes one', async (...command) => {
  const { url } = await openAuthServer();
  const run = (env: NodeJS.ProcessEnv) =>
    runCli([...command, '--url', url], { SESSIONTREE_TOKEN: undefined, ...env });
  expect(await run({})).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'Expected a token for this server, got none. Give it with --token, or in the variable SESSIONTREE_TOKEN; "sessiontree token add" makes one.\n',
  });
  expect(await run({ SESSIONTREE_TOKEN: 'unknown' })).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'Expected a valid token, got one that is unknown, expired or revoked. --token and the variable SESSIONTREE_TOKEN give it; "sessiontree token add" makes another.\n',
  });
});
