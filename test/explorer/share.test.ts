import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { runCli } from '../cli/run.ts';
import { bearer, openAuthServer } from '../server/auth/support.ts';
import { isThereABrowser, openPage, shownTitles, useBrowser } from './page.ts';

/** A server that asks for tokens, with a tree of Ada: above > shared > below. */
async function openTree() {
  const server = await openAuthServer();
  const { token } = await server.tokens.mint({ userId: 'ada', scope: 'write' });
  const ask = async (as: string, query: string) => {
    const headers = { 'content-type': 'application/json', authorization: bearer(as) };
    return fetch(server.url, { method: 'POST', headers, body: JSON.stringify({ query }) });
  };
  const say = (content: string) => `messages: [{ role: USER, content: "${content}" }]`;
  await ask(
    token,
    `mutation {
      a: createSession(input: { id: "above", title: "Above" }) { __typename }
      b: spawnSession(input: { parentId: "above", id: "shared", title: "Shared", ${say('for you')} }) { __typename }
      c: spawnSession(input: { parentId: "shared", id: "below", title: "Below" }) { __typename }
    }`,
  );
  return { ...server, ask };
}

describe.skipIf(!isThereABrowser)('a link that was shared', { timeout: 60_000 }, () => {
  useBrowser();

  test('opens in the explorer, shows a subtree to whoever has it, and ends when it is revoked', async () => {
    const { url, directory, ask, tokens } = await openTree();
    const args = ['share', 'shared', '--read', '--data', directory, '--url', url, '--expires', '1h'];
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const link = new URL(stdout.trimEnd().split(/\s/).at(-1)!);
    const token = link.hash.slice('#token='.length);
    const page: Page = await openPage(link.origin, `${link.pathname}${link.hash}`);
    await page.getByRole('feed').getByText('for you').waitFor();
    expect(await shownTitles(page)).toEqual(['Shared', 'Below']);
    expect(page.url()).not.toContain('token');
    expect(await page.locator('body').innerText()).not.toContain('Above');
    const write = await ask(
      token,
      'mutation { archiveSession(input: { sessionId: "shared" }) { __typename } }',
    );
    expect(await write.json()).toEqual({ data: { archiveSession: { __typename: 'ForbiddenError' } } });
    const [shared] = tokens.list().filter(({ purpose }) => purpose === 'share:shared');
    expect(stdout).toContain(shared!.id);
    await tokens.revoke(shared!.id);
    await expect.poll(async () => (await ask(token, '{ __typename }')).status).toBe(401);
  });
});

test('a link to a session that is not there is not made', async () => {
  const { directory, tokens } = await openTree();
  const { code, stderr } = await runCli(['share', 'missing', '--data', directory]);
  expect(code).toBe(1);
  expect(stderr).toContain('Expected the id of a session, got "missing", which no session has.');
  expect(tokens.list().every(({ purpose }) => purpose === null)).toBe(true);
});
