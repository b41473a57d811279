import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bearer, openAuthServer } from './support.ts';

type Data = Record<string, Record<string, unknown>>;

async function openTree() {
  const server = await openAuthServer();
  const { token: parent, id: parentId } = await server.tokens.mint({ userId: 'ada', scope: 'write' });
  const ask = async (token: string, query: string): Promise<{ status: number; data: Data }> => {
    const headers = { 'content-type': 'application/json', authorization: bearer(token) };
    const response = await fetch(server.url, { method: 'POST', headers, body: JSON.stringify({ query }) });
    return { status: response.status, data: ((await response.json()) as { data: Data }).data };
  };
  const spawn = async (token: string, input: string) => {
    const { data } = await ask(
      token,
      `mutation { spawnSession(input: { ${input} }) { __typename ... on SpawnSessionPayload { token session { id } }
        ... on Error { message } } }`,
    );
    return data.spawnSession! as { __typename: string; token: string | null; message?: string };
  };
  await ask(parent, 'mutation { createSession(input: { id: "top" }) { __typename } }');
  return { ...server, parent, parentId, ask, spawn };
}

const IN_AN_HOUR = new Date(Date.now() + 3_600_000).toISOString();

test('a spawned session gets a token that sees and grows its own subtree alone, which nothing else tells', async () => {
  const { parent, ask, spawn, directory, lines } = await openTree();
  const { token } = await spawn(parent, `parentId: "top", id: "child", tokenExpiresAt: "${IN_AN_HOUR}"`);
  expect(token).toMatch(/^st_/);
  const { data } = await ask(
    token!,
    '{ sessions { nodes { id parentId } } none: session(id: "top") { id } }',
  );
  expect(data).toEqual({ sessions: { nodes: [{ id: 'child', parentId: null }] }, none: null });
  expect((await spawn(token!, 'parentId: "child", id: "grandchild"')).__typename).toBe('SpawnSessionPayload');
  expect((await spawn(token!, 'parentId: "top"')).__typename).toBe('SessionNotFoundError');
  expect((await spawn(parent, 'parentId: "top"')).token).toBeNull();
  const secret = token!.slice(-20);
  expect(JSON.stringify(lines)).not.toContain(secret);
  for (const file of ['auth/tokens.jsonl', 'store.jsonl'])
    expect(await readFile(join(directory, file), 'utf8')).not.toContain(secret);
});

test('a retry makes another token, and revokes the first', async () => {
  const { parent, ask, spawn } = await openTree();
  const input = `parentId: "top", id: "child", operationId: "once", tokenExpiresAt: "${IN_AN_HOUR}"`;
  const first = await spawn(parent, input);
  const second = await spawn(parent, input);
  expect(second.token).not.toBe(first.token);
  expect((await ask(first.token!, '{ __typename }')).status).toBe(401);
  expect((await ask(second.token!, '{ __typename }')).status).toBe(200);
});

test('of retries at once, the token of one works', async () => {
  const { parent, ask, spawn } = await openTree();
  const input = `parentId: "top", id: "child", operationId: "once", tokenExpiresAt: "${IN_AN_HOUR}"`;
  const spawned = await Promise.all(Array.from({ length: 5 }, () => spawn(parent, input)));
  const statuses = await Promise.all(
    spawned.map(async ({ token }) => (await ask(token!, '{ __typename }')).status),
  );
  expect(statuses.sort()).toEqual([200, 401, 401, 401, 401]);
});

test('the token of a child gives no more than that of its parent: not for longer, and not once that is revoked', async () => {
  const { tokens, ask, spawn, parent, parentId } = await openTree();
  const expiresAt = new Date(Date.now() + 60_000);
  const short = await tokens.mint({ userId: 'ada', scope: 'write', expiresAt });
  await spawn(short.token, `parentId: "top", id: "brief", tokenExpiresAt: "${IN_AN_HOUR}"`);
  const recordOf = (id: string) => tokens.list().find(({ subtreeId }) => subtreeId === id)!;
  expect(recordOf('brief')).toMatchObject({ expiresAt, scope: 'write', userId: 'ada' });
  const child = await spawn(parent, `parentId: "top", id: "child", tokenExpiresAt: "${IN_AN_HOUR}"`);
  const low = await spawn(child.token!, `parentId: "child", id: "low", tokenExpiresAt: "${IN_AN_HOUR}"`);
  expect((await ask(low.token!, '{ __typename }')).status).toBe(200);
  await tokens.revoke(parentId);
  await expect.poll(async () => (await ask(low.token!, '{ __typename }')).status).toBe(401);
  expect((await ask(child.token!, '{ __typename }')).status).toBe(401);
});

test('an admin makes a token for the tree of another user, and it is none of an admin', async () => {
  const { tokens, ask, spawn } = await openTree();
  const { token: admin } = await tokens.mint({ userId: 'eve', scope: 'admin' });
  const { token } = await spawn(admin, `parentId: "top", id: "child", tokenExpiresAt: "${IN_AN_HOUR}"`);
  const { data } = await ask(token!, '{ sessions { nodes { id userId } } }');
  expect(data).toEqual({ sessions: { nodes: [{ id: 'child', userId: 'ada' }] } });
});

test('of a server that asks for no tokens, and for a time that has passed, nothing is spawned', async () => {
  const { url } = await openAuthServer({ kind: 'none' });
  const query = `mutation { createSession(input: { id: "top" }) { __typename }
    spawnSession(input: { parentId: "top", tokenExpiresAt: "${IN_AN_HOUR}" }) { ... on Error { message } } }`;
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
  expect(await response.json()).toMatchObject({
    data: { spawnSession: { message: expect.stringContaining('asks nobody for a token') } },
  });
  const { parent, ask, spawn } = await openTree();
  const past = await spawn(parent, 'parentId: "top", id: "child", tokenExpiresAt: "2026-01-01T00:00:00Z"');
  expect(past.message).toContain('expected a time to come');
  expect((await ask(parent, '{ session(id: "child") { id } }')).data).toEqual({ session: null });
});
