import { expect, onTestFinished, test } from 'vitest';
import { openAuthServer } from '../server/auth/support.ts';
import { startTestServer } from '../server/running.ts';
import { ROOT, readBlocks } from '../support/documentation.ts';
import { connectMcpTo } from './mcp-client.ts';

interface Setting {
  readonly type?: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
}

const settings = (await readBlocks('docs/mcp.md'))
  .filter(({ language }) => language === 'jsonc')
  .map(({ code }) => JSON.parse(code) as Record<string, { sessiontree: Setting }>);

test('the page on MCP has the settings of two kinds of programs, and of a server that asks for a token', () => {
  expect(settings.map((each) => Object.keys(each))).toEqual([['mcpServers'], ['servers'], ['mcpServers']]);
});

test.each(settings)('the settings %j start a server of tools', async (file) => {
  const { command, args, env = {}, type = 'stdio' } = Object.values(file)[0]!.sessiontree;
  expect(type).toBe('stdio');
  const { url, token } = env.SESSIONTREE_TOKEN
    ? await serverWithToken()
    : { ...(await startTestServer()), token: '' };
  const here = (text: string) =>
    text
      .replace('/path/to/sessiontree', ROOT)
      .replace('http://localhost:4000', new URL(url).origin)
      .replace('TOKEN', token);
  const ownEnv = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, here(value)]));
  const mcp = await connectMcpTo(here(command), args.map(here), ownEnv);
  onTestFinished(() => mcp.client.close());
  expect(await mcp.call('list_sessions')).toMatchObject({ isError: false, data: { totalCount: 0 } });
});

/** A server that asks for a token, and one with which nothing can be written. */
async function serverWithToken() {
  const { url, tokens } = await openAuthServer();
  const { token } = await tokens.mint({ userId: 'ada', scope: 'read', subtreeId: null, expiresAt: null });
  return { url, token };
}
