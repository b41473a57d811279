import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { startServer } from '../../support/server.ts';
import { labAt, turn } from './support.ts';

const SECRET = 'a secret of at least thirty-two bytes';
const folder = await mkdtemp(join(tmpdir(), 'sessiontree-adapters-'));
afterAll(() => rm(folder, { recursive: true }));
const secretFile = join(folder, 'secret');
await writeFile(secretFile, SECRET);
const url = await startServer(
  ['--auth', 'jwt', '--jwt-issuer', 'tests', '--jwt-audience', 'sessiontree'].concat(
    '--jwt-secret-file',
    secretFile,
  ),
);

function tokenOf(sub: string): string {
  const encoded = (value: string | Buffer) => Buffer.from(value).toString('base64url');
  const claims = { iss: 'tests', aud: 'sessiontree', sub, exp: Math.floor(Date.now() / 1_000) + 3_600 };
  const signed = [{ alg: 'HS256', typ: 'JWT' }, claims]
    .map((part) => encoded(JSON.stringify(part)))
    .join('.');
  return `${signed}.${encoded(createHmac('sha256', SECRET).update(signed).digest())}`;
}

test('with tokens, each user has sessions of one, also with the same keys, and needs no ownerId', async () => {
  const [ada, bob] = ['ada', 'bob'].map((user) => labAt(url, { token: tokenOf(user) }).open());
  const key = { projectKey: 'trip', sessionId: 'one' };
  const agent = { ...key, subpath: 'subagents/agent-a' };
  expect(await ada!.count(() => ada!.store.append(key, turn('ada', 0)))).toBe(1);
  expect(await ada!.count(() => ada!.store.append(agent, turn('agent', 0)))).toBe(1);
  expect(await bob!.store.load(key)).toBeNull();
  expect(await bob!.store.listSessions('trip')).toEqual([]);
  await bob!.store.append(key, turn('bob', 0));
  expect(await bob!.store.listSubkeys(key)).toEqual([]);
  await bob!.store.delete(key);
  expect(await ada!.store.load(key)).toEqual(turn('ada', 0));
  expect(await ada!.store.listSessionSummaries('trip')).toHaveLength(1);
  expect(await ada!.store.listSubkeys(key)).toEqual(['subagents/agent-a']);
});
