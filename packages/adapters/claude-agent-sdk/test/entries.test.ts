import type { SessionStoreEntry } from '@anthropic-ai/claude-agent-sdk';
import { expect, test } from 'vitest';
import { startServer } from '../../support/server.ts';
import { labAt, turn } from './support.ts';

const { client, open, newKey } = labAt(await startServer());

const MIB = 1024 * 1024;

/** Appends the entries, and expects what another process loads to be equal. */
async function expectRoundTrip(entries: SessionStoreEntry[]): Promise<number> {
  const { store, count } = open();
  const key = newKey();
  const requests = await count(() => store.append(key, entries));
  expect(await open().store.load(key)).toEqual(entries);
  return requests;
}

test('NUL, halves of surrogate pairs and unusual keys come back, in every part of an entry', async () => {
  const texts = ['\0', 'a\0b', '\ud800', '\udfff tail', '\ufffe', '😀', ''];
  const entries: SessionStoreEntry[] = texts.flatMap((text, n) => [
    { type: 'user', uuid: `u${n}`, cwd: text, message: { content: text } },
    {
      type: 'assistant',
      uuid: `a${n}`,
      requestId: text,
      message: {
        id: text,
        model: text,
        content: [
          { type: 'text', text },
          { type: 'thinking', thinking: text },
          { type: 'tool_use', id: text, name: text, input: { [text]: text } },
        ],
      },
    },
    {
      type: 'user',
      uuid: `r${n}`,
      message: { content: [{ type: 'tool_result', tool_use_id: text, content: text }] },
    },
    { type: 'system', uuid: `s${n}`, subtype: text, content: text },
    {
      type: 'agent_metadata',
      uuid: `m${n}`,
      [`k${text}`]: text,
      description: text,
      agentType: text,
      toolUseId: text,
    },
    { type: text, uuid: `t${n}` },
    JSON.parse(`{"type":"x","__proto__":{"a":1},"constructor":null,"n":[1e300,-0.5,9007199254740993]}`),
  ]);
  await expectRoundTrip(entries);
  const { store } = open();
  const key = { ...newKey(), subpath: 'subagents/agent-1' };
  await store.append(key, entries);
  expect(await store.load(key)).toEqual(entries);
});

test('an entry of 12 MiB comes back, with text that is not ASCII or needs escapes', async () => {
  const room = 12 * MIB - 200;
  for (const text of ['x'.repeat(room), 'é'.repeat(room / 2), '"'.repeat(room / 2), '\0'.repeat(room / 6)]) {
    expect(
      await expectRoundTrip([{ type: 'user', uuid: 'u', message: { role: 'user', content: text } }]),
    ).toBe(1);
  }
}, 120_000);

test('tool calls, results and reasoning of 11 MiB come back', async () => {
  const text = 'word '.repeat((11 * MIB) / 5);
  await expectRoundTrip([
    {
      type: 'assistant',
      uuid: '1',
      message: { content: [{ type: 'tool_use', id: 'c', name: 'Write', input: { text } }] },
    },
    {
      type: 'user',
      uuid: '2',
      message: { content: [{ type: 'tool_result', tool_use_id: 'c', content: text }] },
    },
    { type: 'assistant', uuid: '3', message: { content: [{ type: 'thinking', thinking: text }] } },
  ]);
}, 120_000);

test('entries that do not fit into one request are divided, and all come back', async () => {
  const large = Array.from({ length: 5 }, (_, n) => ({
    type: 'user',
    uuid: `u${n}`,
    message: { content: `${n}`.repeat(9 * MIB) },
  }));
  expect(await expectRoundTrip(large)).toBe(5);
  const many = Array.from({ length: 1_250 }, (_, n) => turn('s', n)).flat();
  expect(await expectRoundTrip(many)).toBeLessThanOrEqual(4);
  const results = Array.from({ length: 300 }, (_, n) => ({
    type: 'user',
    uuid: `r${n}`,
    message: {
      content: Array.from({ length: 6 }, (_, m) => ({
        type: 'tool_result',
        tool_use_id: `${n}/${m}`,
        content: 'ok',
      })),
    },
  }));
  await expectRoundTrip(results);
}, 120_000);

test("entries beyond the server's limits of depth, values and keys come back", async () => {
  const deep = (levels: number) => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);
  const wide = Array.from({ length: 1_100_000 }, (_, n) => n % 10);
  const keys = Object.fromEntries(Array.from({ length: 60_000 }, (_, n) => [`file-${n}.ts`, n]));
  const call = (input: unknown) => ({
    message: { content: [{ type: 'tool_use', id: 'c', name: 'Any', input }] },
  });
  await expectRoundTrip([
    { type: 'x', uuid: '1', deep: deep(3_000) },
    { type: 'assistant', uuid: '2', ...call(deep(200)) },
    { type: 'x', uuid: '3', wide },
    { type: 'assistant', uuid: '4', ...call(wide) },
    { type: 'x', uuid: '5', keys },
    { type: 'assistant', uuid: '6', ...call(keys) },
    ...Array.from({ length: 60 }, (_, n) => ({
      type: 'x',
      uuid: `k${n}`,
      keys: {
        ...Object.fromEntries(
          Object.keys(keys)
            .slice(n * 1_000, n * 1_000 + 1_000)
            .map((name) => [name, 1]),
        ),
      },
    })),
  ]);
}, 120_000);

test('an entry that the server refuses fails the append, with the reason', async () => {
  const { store } = open();
  const key = newKey();
  const entries = [{ type: 'user', uuid: 'u', message: { content: 'x'.repeat(13 * MIB) } }];
  await expect(store.append(key, entries)).rejects.toThrow(/payloadBytes/);
  expect(await store.load(key)).toBeNull();
});

test('messages that other programs wrote to the session are no entries', async () => {
  const { store } = open();
  const key = newKey();
  const entries = turn(key.sessionId, 0);
  await store.append(key, entries);
  const filter = { keyPrefix: `claude-agent/${key.projectKey}/` };
  const [session] = await client.sessions.list({ filter }).toArray();
  await client.history.append(session!.id, [
    { role: 'USER', content: 'From elsewhere' },
    { role: 'USER', content: 'With a payload', payload: { parts: [1] } },
    { role: 'USER', content: 'With a text', payload: 'text' },
  ]);
  const more = turn(key.sessionId, 1);
  await store.append(key, more);
  expect(await store.load(key)).toEqual([...entries, ...more]);
});
