import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  deleteSession,
  forkSession,
  getSessionInfo,
  getSessionMessages,
  getSubagentMessages,
  InMemorySessionStore,
  importSessionToStore,
  listSessions,
  listSubagents,
  renameSession,
  type SessionStore,
  tagSession,
} from '@anthropic-ai/claude-agent-sdk';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { startServer } from '../../support/server.ts';
import { labAt, turn } from './support.ts';

const { client, open } = labAt(await startServer());

/** Sessions of the local disk, and a directory that names the project. */
const ids = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'] as const;
let dir: string;

beforeAll(async () => {
  const local = await mkdtemp(join(tmpdir(), 'sessiontree-adapters-'));
  vi.stubEnv('CLAUDE_CONFIG_DIR', local);
  dir = join(local, 'trip');
  await mkdir(dir);
  const folder = join(local, 'projects', dir.replaceAll(/[^a-zA-Z0-9]/g, '-'));
  for (const id of ids) {
    await mkdir(join(folder, id, 'subagents'), { recursive: true });
    const entries = Array.from({ length: 12 }, (_, n) => turn(id, n, { cwd: dir })).flat();
    await writeLines(join(folder, `${id}.jsonl`), [
      ...entries,
      { type: 'mode', mode: 'plan', sessionId: id },
    ]);
    const agent = { sessionId: id, agentId: 'h1', isSidechain: true };
    await writeLines(join(folder, id, 'subagents/agent-h1.jsonl'), turn('h1', 0, agent));
    const meta = { agentType: 'Explore', toolUseId: 'toolu_1' };
    await writeFile(join(folder, id, 'subagents/agent-h1.meta.json'), JSON.stringify(meta));
  }
  return async () => {
    vi.unstubAllEnvs();
    await rm(local, { recursive: true });
  };
});

function writeLines(path: string, lines: readonly object[]): Promise<void> {
  return writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

/** What all functions of the SDK say of a store, without what differs from one run to the next. */
async function exercise(sessionStore: SessionStore) {
  const options = { dir, sessionStore };
  const said: unknown[] = [];
  const info = async () => {
    const listed = await listSessions(options);
    return listed
      .map(({ lastModified: _, fileSize: __, archived: ___, ...rest }) => rest)
      .toSorted((a, b) => (a.sessionId < b.sessionId ? -1 : 1));
  };
  for (const id of ids) await importSessionToStore(id, sessionStore, { dir, batchSize: 5 });
  said.push(await info());
  said.push(
    await getSessionMessages(ids[0], options),
    await getSessionMessages(ids[0], { ...options, offset: 3, limit: 2 }),
  );
  said.push(await listSubagents(ids[0], options), await getSubagentMessages(ids[0], 'h1', options));
  await renameSession(ids[0], 'The trip', options);
  await tagSession(ids[0], 'travel', options);
  await tagSession(ids[1], 'work', options);
  await tagSession(ids[1], null, options);
  said.push(await info());
  const { lastModified: _, fileSize: __, archived: ___, ...one } = (await getSessionInfo(ids[0], options))!;
  said.push(one);
  const { sessionId } = await forkSession(ids[0], {
    ...options,
    title: 'Another',
    upToMessageId: `${ids[0]}-3-assistant`,
  });
  const fork = await getSessionMessages(sessionId, options);
  said.push(fork.map(({ type, message }) => [type, message]));
  said.push(
    (await info()).map(({ customTitle, firstPrompt, tag }) => [customTitle, firstPrompt, tag]).toSorted(),
  );
  await deleteSession(ids[1], options);
  said.push(await getSessionMessages(ids[1], options), await listSubagents(ids[1], options));
  said.push((await info()).map(({ sessionId: id }) => (id === sessionId ? 'fork' : id)).toSorted());
  return said;
}

describe('the functions of the SDK', () => {
  test('answer as with the in-memory store of the SDK: import, list, rename, tag, fork, delete', async () => {
    expect(await exercise(open().store)).toEqual(await exercise(new InMemorySessionStore()));
  });

  test('so they do where the store keeps no summaries', async () => {
    const { store } = open({ ownerId: 'without-summaries' });
    expect(await exercise(store)).toEqual(await exercise(new InMemorySessionStore()));
  });

  test('a second import adds no entry with a uuid, whatever its batches; a resume reads the same', async () => {
    const { store } = open({ ownerId: 'twice' });
    const [id] = ids;
    await importSessionToStore(id, store, { dir, batchSize: 5 });
    const messages = await getSessionMessages(id, { dir, sessionStore: store });
    for (const batchSize of [1, 7, 500])
      await importSessionToStore(id, open({ ownerId: 'twice' }).store, { dir, batchSize });
    expect(await getSessionMessages(id, { dir, sessionStore: store })).toEqual(messages);
    const sessions = await client.sessions.list({ filter: { userId: 'twice' } }).toArray();
    expect(sessions.map(({ messageCount }) => messageCount).toSorted()).toEqual([1, 12]);
    expect(sessions.find(({ depth }) => depth === 0)!.usage.outputTokens).toBe(12 * 5);
  });

  test('a fork has paid for nothing that its origin has, and names its origin', async () => {
    const { store } = open({ ownerId: 'fork' });
    const [id] = ids;
    await importSessionToStore(id, store, { dir });
    const { sessionId } = await forkSession(id, { dir, sessionStore: store });
    const sessions = await client.sessions.list({ filter: { userId: 'fork', rootsOnly: true } }).toArray();
    const fork = sessions.find(({ key }) => key!.endsWith(sessionId))!;
    const origin = sessions.find(({ key }) => key!.endsWith(id))!;
    expect(fork.messageCount).toBe(12);
    expect(fork.usage.outputTokens).toBe(0);
    expect(fork.forkedFrom?.sessionId).toBe(origin.id);
    await deleteSession(id, { dir, sessionStore: store });
    expect(await getSessionMessages(sessionId, { dir, sessionStore: store })).toHaveLength(24);
  });
});
