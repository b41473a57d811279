import { foldSessionSummary, type SessionKey } from '@anthropic-ai/claude-agent-sdk';
import { describe, expect, test } from 'vitest';
import { startServer } from '../../support/server.ts';
import { labAt } from './support.ts';

const { client, open, newKey } = labAt(await startServer());

/** An entry of a type that the adapter does not know, as the SDK may have at any time. */
function entry(members: object) {
  return { type: 'x', ...members };
}

function subagentOf(key: SessionKey, agentId: string): SessionKey {
  return { ...key, subpath: `subagents/agent-${agentId}` };
}

describe('append and load', () => {
  test('entries come back in the order of the appends, whatever their uuids', async () => {
    const { store } = open();
    const key = newKey();
    await store.append(key, [entry({ uuid: 'z', n: 1 })]);
    await store.append(key, [entry({ uuid: 'a', n: 2 }), entry({ uuid: 'm', n: 3 })]);
    await store.append(key, [entry({ uuid: 'b', n: 4 })]);
    expect(await store.load(key)).toEqual([
      entry({ uuid: 'z', n: 1 }),
      entry({ uuid: 'a', n: 2 }),
      entry({ uuid: 'm', n: 3 }),
      entry({ uuid: 'b', n: 4 }),
    ]);
  });

  test('appends that do not wait for each other keep the order of their calls', async () => {
    const { store } = open();
    const key = newKey();
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    await Promise.all(numbers.map((n) => store.append(key, [entry({ uuid: `u${n}`, n })])));
    expect((await store.load(key))!.map(({ n }) => n)).toEqual(numbers);
  });

  test('a transcript that was never written is null', async () => {
    const { store } = open();
    const key = newKey();
    expect(await store.load(key)).toBeNull();
    await store.append(key, [entry({ uuid: 'x' })]);
    expect(await store.load({ ...key, subpath: 'nope' })).toBeNull();
  });

  test('no entries are nothing: no session is made', async () => {
    const { store, count } = open();
    const key = newKey();
    expect(await count(() => store.append(key, []))).toBe(0);
    expect(await store.load(key)).toBeNull();
  });

  test('a subagent has a transcript of its own, also one that comes before its session', async () => {
    const { store } = open();
    const key = newKey();
    await store.append(subagentOf(key, '1'), [entry({ uuid: 's' })]);
    expect(await store.load(key)).toBeNull();
    expect(await store.listSessions(key.projectKey)).toEqual([]);
    await store.append(key, [entry({ uuid: 'm' })]);
    expect(await store.load(key)).toEqual([entry({ uuid: 'm' })]);
    expect(await store.load(subagentOf(key, '1'))).toEqual([entry({ uuid: 's' })]);
    expect(await store.listSessionSummaries(key.projectKey)).toHaveLength(1);
  });

  test('the same session id in two projects is two sessions, also where a slash could be in either part', async () => {
    const { store } = open();
    const { projectKey } = newKey();
    const keys = [
      { projectKey: `${projectKey}/a`, sessionId: 'b/c' },
      { projectKey: `${projectKey}/a/b`, sessionId: 'c' },
      { projectKey: `${projectKey}%2Fa`, sessionId: 'b/c' },
    ];
    for (const [n, key] of keys.entries()) await store.append(key, [entry({ n })]);
    for (const [n, key] of keys.entries()) {
      expect(await store.load(key)).toEqual([entry({ n })]);
      expect(await store.listSessions(key.projectKey)).toMatchObject([{ sessionId: key.sessionId }]);
    }
  });

  test('an empty subpath is refused before anything is sent', async () => {
    const { store, count } = open();
    const requests = await count(async () => {
      await expect(store.append({ ...newKey(), subpath: '' }, [entry({})])).rejects.toThrow(TypeError);
      await expect(store.load({ ...newKey(), subpath: '' })).rejects.toThrow(TypeError);
    });
    expect(requests).toBe(0);
  });
});

describe('uuids', () => {
  test('an entry that is there is left out, also within other batches and in another process', async () => {
    const key = newKey();
    const entries = Array.from({ length: 10 }, (_, n) => entry({ uuid: `u${n}`, n }));
    const { store } = open();
    await store.append(key, entries.slice(0, 6));
    await store.append(key, entries.slice(3, 8));
    const other = open().store;
    for (const one of entries) await other.append(key, [one]);
    await other.append(key, [entries[0]!, entries[0]!]);
    expect(await store.load(key)).toEqual(entries);
  });

  test('entries without a uuid are all kept, also equal ones: the last tag counts', async () => {
    const { store } = open();
    const key = newKey();
    const tags = ['red', 'blue', 'red'].map((tag) => ({ type: 'tag', tag }));
    for (const tag of tags) await store.append(key, [tag]);
    expect(await store.load(key)).toEqual(tags);
  });

  test('two uuids differ however long they are', async () => {
    const { store } = open();
    const key = newKey();
    const long = 'u'.repeat(300);
    const entries = ['1', '2', '\0', '\ud800', '\ufffd'].map((end) => entry({ uuid: long + end }));
    await store.append(key, entries);
    await store.append(key, entries);
    expect(await store.load(key)).toEqual(entries);
  });
});

describe('listSessions', () => {
  test('has the sessions of the project without subagents, with times of the server', async () => {
    const { store } = open();
    const { projectKey } = newKey();
    for (const sessionId of ['a', 'b']) await store.append({ projectKey, sessionId }, [entry({})]);
    await store.append(subagentOf({ projectKey, sessionId: 'a' }, '1'), [entry({})]);
    await store.append(newKey(), [entry({})]);
    const listed = await store.listSessions(projectKey);
    expect(listed.map(({ sessionId }) => sessionId).sort()).toEqual(['a', 'b']);
    for (const { mtime } of listed) {
      expect(Number.isInteger(mtime)).toBe(true);
      expect(Math.abs(Date.now() - mtime)).toBeLessThan(60_000);
    }
    expect(await store.listSessions('never-appended')).toEqual([]);
  });

  test('has more sessions than fit on a page', async () => {
    const { store, count } = open();
    const { projectKey } = newKey();
    const ids = Array.from({ length: 1_005 }, (_, n) => `s${n}`);
    await store.append({ projectKey, sessionId: 's0' }, [entry({})]);
    const found = await client.sessions
      .list({ filter: { keyPrefix: `claude-agent/${projectKey}/` } })
      .toArray();
    const prefix = found[0]!.key!.slice(0, -'s0'.length);
    for (let n = 1; n < ids.length; n += 100) {
      const creates = ids
        .slice(n, n + 100)
        .map(
          (id) =>
            `${id}: createSession(input: { key: "${prefix}${id}", messages: [{ role: EVENT }] }) { __typename }`,
        );
      await client.request(`mutation { ${creates.join(' ')} }`);
    }
    expect(
      await count(async () => {
        const listed = await store.listSessions(projectKey);
        expect(listed.map(({ sessionId }) => sessionId).sort()).toEqual([...ids].sort());
      }),
    ).toBe(2);
  });
});

describe('listSessionSummaries', () => {
  test('are what the fold of the SDK makes of all entries, and go on from there', async () => {
    const { store } = open();
    const key = newKey();
    const batches = [
      [entry({ timestamp: '2024-01-01T00:00:00.000Z', customTitle: 'first' }), entry({ cwd: '/a\0b\ud800' })],
      [entry({ timestamp: '2024-01-01T00:00:02.000Z', customTitle: 'second' })],
    ];
    for (const batch of batches) await store.append(key, batch);
    await store.append(subagentOf(key, '1'), [entry({ customTitle: 'of a subagent' })]);
    const folded = foldSessionSummary(undefined, key, batches.flat());
    const [summary] = await store.listSessionSummaries(key.projectKey);
    const [listed] = await store.listSessions(key.projectKey);
    expect(summary).toEqual({ sessionId: key.sessionId, mtime: listed!.mtime, data: folded.data });
    await store.delete(key);
    expect(await store.listSessionSummaries(key.projectKey)).toEqual([]);
  });

  test('writers that race for a session lose nothing of each other', async () => {
    const key = newKey();
    const stores = Array.from({ length: 5 }, () => open().store);
    await Promise.all(
      stores.map(async (store, n) => {
        for (let i = 0; i < 4; i += 1) await store.append(key, [entry({ uuid: `${n}/${i}` })]);
        if (n === 2) await store.append(key, [entry({ uuid: 'title', customTitle: 'The title' })]);
      }),
    );
    expect(await stores[0]!.load(key)).toHaveLength(21);
    const [summary] = await stores[0]!.listSessionSummaries(key.projectKey);
    expect(summary!.data).toMatchObject({ customTitle: 'The title' });
  });

  test('a writer that knows an older state folds what the others wrote since', async () => {
    const key = newKey();
    const [one, other] = [open().store, open().store];
    await one.append(key, [entry({ uuid: '1', cwd: '/home/ada' })]);
    await other.load(key);
    await other.append(key, [entry({ uuid: '2', customTitle: 'The title' })]);
    await one.append(key, [entry({ uuid: '3', gitBranch: 'main' })]);
    const [summary] = await one.listSessionSummaries(key.projectKey);
    expect(summary!.data).toMatchObject({ cwd: '/home/ada', customTitle: 'The title', gitBranch: 'main' });
  });

  test('a writer without the fold takes the summary away rather than leave an old one', async () => {
    const { store } = open();
    const key = newKey();
    await store.append(key, [entry({ uuid: '1', customTitle: 'old' })]);
    const plain = open({}).store;
    expect(plain.listSessionSummaries).toBeUndefined();
    await plain.append(key, [entry({ uuid: '2', customTitle: 'new' })]);
    expect(await store.listSessionSummaries(key.projectKey)).toEqual([]);
    // What the others knew of the first entries is gone: a summary of the rest would be wrong.
    await store.append(key, [entry({ uuid: '3', gitBranch: 'main' })]);
    expect(await store.listSessionSummaries(key.projectKey)).toEqual([]);
  });
});

describe('delete', () => {
  test('takes the subagents along, and nothing else', async () => {
    const { store } = open();
    const key = newKey();
    const others = [
      { ...key, sessionId: `${key.sessionId}2` },
      { ...key, projectKey: `${key.projectKey}2` },
    ];
    for (const one of [key, subagentOf(key, '1'), subagentOf(key, '2'), ...others])
      await store.append(one, [entry({})]);
    await store.delete(key);
    expect(await store.load(key)).toBeNull();
    expect(await store.load(subagentOf(key, '1'))).toBeNull();
    expect(await store.listSubkeys(key)).toEqual([]);
    expect((await store.listSessions(key.projectKey)).map(({ sessionId }) => sessionId)).toEqual([
      others[0]!.sessionId,
    ]);
    for (const other of others) expect(await store.load(other)).toHaveLength(1);
  });

  test('of a subagent leaves its session, the other subagents, and those that it has spawned', async () => {
    const { store } = open();
    const key = newKey();
    const nested = [{ type: 'agent_metadata', parentAgentId: '1' }];
    await store.append(key, [entry({})]);
    await store.append(subagentOf(key, '1'), [entry({})]);
    await store.append(subagentOf(key, '2'), nested);
    await store.delete(subagentOf(key, '1'));
    expect(await store.load(subagentOf(key, '1'))).toBeNull();
    expect(await store.load(subagentOf(key, '2'))).toEqual(nested);
    expect(await store.load(key)).toHaveLength(1);
    expect(await store.listSubkeys(key)).toEqual(['subagents/agent-2']);
  });

  test('of what was never written is nothing', async () => {
    await open().store.delete(newKey());
  });

  test('a transcript can be written again after it, by this process and by one that remembers the old one', async () => {
    const { store } = open();
    const other = open().store;
    const key = newKey();
    await store.append(key, [entry({ uuid: '1', customTitle: 'old' })]);
    await other.load(key);
    await store.delete(key);
    await store.append(key, [entry({ uuid: '1', n: 2 })]);
    expect(await store.load(key)).toEqual([entry({ uuid: '1', n: 2 })]);
    await store.append(subagentOf(key, '1'), [entry({ uuid: '1' })]);
    await other.load(subagentOf(key, '1'));
    await store.delete(key);
    await other.append(subagentOf(key, '1'), [entry({ uuid: '1', n: 4 })]);
    expect(await other.load(subagentOf(key, '1'))).toEqual([entry({ uuid: '1', n: 4 })]);
    await other.append(key, [entry({ uuid: '1', n: 3 })]);
    expect(await other.load(key)).toEqual([entry({ uuid: '1', n: 3 })]);
    const [summary] = await other.listSessionSummaries(key.projectKey);
    expect(summary!.data).toMatchObject({ isSidechain: false });
    expect(summary!.data).not.toHaveProperty('customTitle');
  });
});

describe('listSubkeys', () => {
  test('has the subpaths of the session alone', async () => {
    const { store } = open();
    const key = newKey();
    const subpaths = ['subagents/agent-1', 'subagents/workflows/w/agent-2', 'journal'];
    await store.append(key, [entry({})]);
    for (const subpath of subpaths) await store.append({ ...key, subpath }, [entry({})]);
    await store.append(subagentOf({ ...key, sessionId: `${key.sessionId}2` }, 'x'), [entry({})]);
    expect((await store.listSubkeys(key)).sort()).toEqual([...subpaths].sort());
    expect(await store.listSubkeys(newKey())).toEqual([]);
  });
});
