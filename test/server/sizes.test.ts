import { expect, test } from 'vitest';
import type { JsonValue } from '../../src/model/json.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { startTestServer } from './running.ts';
import { ALLOWED, JSON_TYPE, outcome } from './support.ts';

/* What the default limits let through, over a real socket. */

const MIB = 1024 * 1024;

async function ask<Data>(url: string, query: string, variables: unknown = {}) {
  const body = JSON.stringify({ query, variables });
  const response = await fetch(url, { method: 'POST', headers: JSON_TYPE, body });
  return (await response.json()) as { data: Data };
}

const APPEND = `mutation ($payload: JSON) {
  appendMessages(input: { sessionId: "a", messages: [{ role: TOOL, content: "read", payload: $payload }] }) {
    __typename ... on InvalidInputError { issues { path message } }
  }
}`;

async function startWithSession(): Promise<string> {
  const { url } = await startTestServer();
  await ask(url, 'mutation { createSession(input: { id: "a" }) { __typename } }');
  return url;
}

/** Text of so many bytes as JSON. */
const textOf = (bytes: number) => 'x'.repeat(bytes - 2);

/** Tool output of a little less than 12 MiB: lines of a file, each an object. */
const LINES = Array.from({ length: 178_000 }, (_, line) => ({
  line,
  text: 'export const something = await other(thing);',
}));

test.each<[string, JsonValue]>([
  ['a text', textOf(12 * MIB)],
  ['the lines of a file', LINES],
])('a payload of 12 MiB, %s, goes through and comes back equal', async (_, payload) => {
  const url = await startWithSession();
  const size = JSON.stringify(payload).length;
  expect(size).toBeGreaterThan(11 * MIB);
  expect(size).toBeLessThanOrEqual(DEFAULT_LIMITS.payloadBytes);
  const appended = await ask(url, APPEND, { payload });
  expect(appended).toEqual({ data: { appendMessages: { __typename: 'AppendMessagesPayload' } } });
  const { data } = await ask<{ session: { history: { nodes: { payload: JsonValue }[] } } }>(
    url,
    '{ session(id: "a") { history { nodes { payload } } } }',
  );
  // Not toEqual: it would print both.
  expect(JSON.stringify(data.session.history.nodes[0]!.payload) === JSON.stringify(payload)).toBe(true);
});

test('a payload of one byte more is refused, and the reason names the limit', async () => {
  const url = await startWithSession();
  const message = 'expected at most 12582912 bytes as JSON (the limit payloadBytes), got 12582913';
  expect(await ask(url, APPEND, { payload: textOf(12 * MIB + 1) })).toEqual({
    data: {
      appendMessages: {
        __typename: 'InvalidInputError',
        issues: [{ path: ['input', 'messages', '0', 'payload'], message }],
      },
    },
  });
});

test('a body of 32 MiB passes, and one byte more does not', async () => {
  const { url } = await startTestServer();
  const start = '{"query":"query ($ids: [ID!]!) { nodes(ids: $ids) { id } }","variables":{"ids":["';
  const sent = (bytes: number) => {
    const body = `${start}${'x'.repeat(bytes - start.length - 4)}"]}}`;
    return fetch(url, { method: 'POST', headers: JSON_TYPE, body });
  };
  expect(await outcome(await sent(32 * MIB))).toEqual(ALLOWED);
  expect(await outcome(await sent(32 * MIB + 1))).toEqual({ status: 413, codes: ['PAYLOAD_TOO_LARGE'] });
});

test('metadata of 256 KiB passes when a session is created, and when it is merged', async () => {
  const { url } = await startTestServer();
  const bytes = DEFAULT_LIMITS.metadataBytes;
  const room = bytes - JSON.stringify({ text: '' }).length;
  const create =
    'mutation ($m: JSONObject) { createSession(input: { id: "a", metadata: $m }) { __typename } }';
  const created = await ask(url, create, { m: { text: 'x'.repeat(room) } });
  expect(created).toEqual({ data: { createSession: { __typename: 'CreateSessionPayload' } } });
  const update = `mutation ($m: JSONObject) {
    updateSession(input: { sessionId: "a", metadata: $m }) { __typename ... on Error { message } }
  }`;
  const merged = await ask(url, update, { m: { text: 'x'.repeat(room - 6), b: 1 } });
  expect(merged).toEqual({ data: { updateSession: { __typename: 'UpdateSessionPayload' } } });
  const more = await ask(url, update, { m: { c: 1 } });
  expect(more).toMatchObject({
    data: { updateSession: { message: expect.stringContaining('at most 262144 bytes as JSON') } },
  });
  const { data } = await ask<{ session: { metadata: JsonValue } }>(url, '{ session(id: "a") { metadata } }');
  expect(JSON.stringify(data.session.metadata)).toHaveLength(bytes);
});
