import type { SessionStoreEntry } from '@anthropic-ai/claude-agent-sdk';
import { ConnectionError } from '@sessiontree/client';
import { describe, expect, test } from 'vitest';
import { startServer } from '../../support/server.ts';
import { labAt, turn } from './support.ts';

const url = await startServer();
const { client, open, newKey } = labAt(url);

describe('requests', () => {
  test('an append is one, with the summary, for a new session as for one that goes on', async () => {
    const { store, count } = open();
    const key = newKey();
    for (let n = 0; n < 3; n += 1)
      expect(await count(() => store.append(key, turn(key.sessionId, n)))).toBe(1);
    expect(await store.listSessionSummaries(key.projectKey)).toMatchObject([
      { data: { firstPrompt: 'Question 0' } },
    ]);
  });

  test('a new subagent is one; one whose session has nothing yet is three', async () => {
    const { store, count } = open();
    const key = newKey();
    const append = (sessionId: string, agentId: string) => {
      const subpath = `subagents/agent-${agentId}`;
      return count(() =>
        store.append({ ...key, sessionId, subpath }, turn(agentId, 0, { isSidechain: true })),
      );
    };
    await store.append(key, turn(key.sessionId, 0));
    expect(await append(key.sessionId, 'a')).toBe(1);
    expect(await append(key.sessionId, 'b')).toBe(1);
    expect(await append('early', 'c')).toBe(3);
  });

  test('a resume is one, and what is appended then one more, in another process', async () => {
    const key = newKey();
    await open().store.append(key, turn(key.sessionId, 0));
    const { store, count } = open();
    expect(await count(() => store.load(key))).toBe(1);
    expect(await count(() => store.append(key, turn(key.sessionId, 1)))).toBe(1);
  });

  test('a title from a process that does not know the session is two', async () => {
    const key = newKey();
    await open().store.append(key, turn(key.sessionId, 0));
    const { store, count } = open();
    const title = { type: 'custom-title', uuid: 't', customTitle: 'The trip' };
    expect(await count(() => store.append(key, [title]))).toBe(2);
  });

  test('an append after another writer was faster is three', async () => {
    const key = newKey();
    const { store, count } = open();
    await store.append(key, turn(key.sessionId, 0));
    const other = open().store;
    await other.load(key);
    await other.append(key, turn(key.sessionId, 1));
    expect(await count(() => store.append(key, turn(key.sessionId, 2)))).toBe(3);
  });

  test('a list, the summaries and the subkeys are one each, and a deletion two', async () => {
    const { store, count } = open();
    const key = newKey();
    await store.append(key, turn(key.sessionId, 0));
    await store.append({ ...key, subpath: 'subagents/agent-a' }, turn('a', 0));
    expect(await count(() => store.listSessions(key.projectKey))).toBe(1);
    expect(await count(() => store.listSessionSummaries(key.projectKey))).toBe(1);
    expect(await count(() => store.listSubkeys(key))).toBe(1);
    expect(await count(() => store.delete(key))).toBe(2);
    expect(await count(() => store.delete(key))).toBe(1);
  });

  test('a transcript of 2,500 entries loads in three', async () => {
    const { store, count } = open();
    const key = newKey();
    await store.append(key, Array.from({ length: 1_250 }, (_, n) => turn(key.sessionId, n)).flat());
    expect(await count(() => store.load(key))).toBe(3);
  });
});

describe('failures', () => {
  /** A `fetch` whose answers get lost while `isLossy`, once the server has done what it was asked for. */
  function lossy() {
    const state = { isLossy: false };
    const fetch: typeof globalThis.fetch = async (...request) => {
      const response = await globalThis.fetch(...request);
      if (!state.isLossy) return response;
      await response.text();
      throw new TypeError('connection lost');
    };
    return { state, ...labAt(url, { fetch, maxRetries: 0 }) };
  }

  /** Entries that the store cannot tell from their repetition. */
  const tags: SessionStoreEntry[] = [
    { type: 'tag', tag: 'red' },
    { type: 'mode', mode: 'plan' },
  ];

  test('an append whose answer got lost rejects, and is not done twice when the SDK tries again', async () => {
    const { state, ...lab } = lossy();
    const { store } = lab.open();
    const key = newKey();
    for (const entries of [[...tags], [...tags, ...turn(key.sessionId, 0)]]) {
      state.isLossy = true;
      await expect(store.append(key, entries)).rejects.toThrow(ConnectionError);
      await expect(store.append(key, entries)).rejects.toThrow(ConnectionError);
      state.isLossy = false;
      await store.append(key, entries);
    }
    expect(await store.load(key)).toEqual([...tags, ...tags, ...turn(key.sessionId, 0)]);
  });

  test('a lost append is not done twice though another writer came between', async () => {
    const { state, ...lab } = lossy();
    const { store } = lab.open();
    const key = newKey();
    await store.append(key, turn(key.sessionId, 0));
    const entries = [...tags];
    state.isLossy = true;
    await expect(store.append(key, entries)).rejects.toThrow(ConnectionError);
    state.isLossy = false;
    const other = open().store;
    await other.load(key);
    await other.append(key, turn(key.sessionId, 1));
    await store.append(key, entries);
    expect(await store.load(key)).toEqual([...turn(key.sessionId, 0), ...tags, ...turn(key.sessionId, 1)]);
    expect(await store.listSessionSummaries(key.projectKey)).toMatchObject([{ data: { tag: 'red' } }]);
  });

  test('a lost append is not done twice though the transcript was loaded between', async () => {
    const { state, ...lab } = lossy();
    const { store } = lab.open();
    const key = newKey();
    await store.append(key, turn(key.sessionId, 0));
    const entries = [...tags];
    state.isLossy = true;
    await expect(store.append(key, entries)).rejects.toThrow(ConnectionError);
    state.isLossy = false;
    await store.load(key);
    await store.append(key, entries);
    await store.append(key, turn(key.sessionId, 1));
    expect(await store.load(key)).toEqual([...turn(key.sessionId, 0), ...tags, ...turn(key.sessionId, 1)]);
    expect(await store.listSessionSummaries(key.projectKey)).toMatchObject([{ data: { tag: 'red' } }]);
  });

  test('a refused append leaves the next ones alone', async () => {
    const { store } = open();
    const key = newKey();
    const refused = store.append(key, [{ type: 'x', text: 'x'.repeat(13 * 1024 * 1024) }]);
    const next = store.append(key, turn(key.sessionId, 0));
    await expect(refused).rejects.toThrow(/payloadBytes/);
    await next;
    expect(await store.load(key)).toEqual(turn(key.sessionId, 0));
  });

  test('an append to an archived session rejects: people archive what is to stay as it is', async () => {
    const { store } = open();
    const key = newKey();
    await store.append(key, turn(key.sessionId, 0));
    const filter = { keyPrefix: `claude-agent/${key.projectKey}/` };
    const [session] = await client.sessions.list({ filter }).toArray();
    await client.sessions.archive(session!.id);
    await expect(store.append(key, turn(key.sessionId, 1))).rejects.toThrow(/archived/);
    expect(await store.load(key)).toEqual(turn(key.sessionId, 0));
    expect(await store.listSessions(key.projectKey)).toHaveLength(1);
  });
});

test('the sessions of two owners are apart', async () => {
  const key = newKey();
  const [ada, bob] = ['ada', 'bob'].map((ownerId) => open({ ownerId }).store);
  await ada!.append(key, turn(key.sessionId, 0));
  await ada!.append({ ...key, subpath: 'subagents/agent-a' }, turn('a', 0));
  expect(await bob!.load(key)).toBeNull();
  await bob!.append(key, turn(key.sessionId, 1));
  expect(await ada!.listSessions(key.projectKey)).toHaveLength(1);
  expect(await bob!.listSubkeys(key)).toEqual([]);
  await bob!.delete(key);
  expect(await ada!.load(key)).toEqual(turn(key.sessionId, 0));
  expect(await ada!.listSubkeys(key)).toEqual(['subagents/agent-a']);
});
