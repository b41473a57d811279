import { describe, expect, test } from 'vitest';
import { graphql } from '../generated/index.ts';
import { type Api, createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';

const CREATE_WITH = graphql(`
  mutation CreateWith($metadata: JSONObject) {
    createSession(input: { id: "a", metadata: $metadata }) {
      __typename
      ... on CreateSessionPayload { session { metadata } }
      ... on InvalidInputError { issues { path message } }
    }
  }
`);

const VALUES = graphql(`
  query Values($key: String!) { session(id: "a") { metadata metadataValue(key: $key) } }
`);

async function openApi(): Promise<Api> {
  return createApi(await openTestRepository());
}

// Parsed from JSON: `__proto__` in an object literal would set the prototype.
const HOSTILE = '{"__proto__":{"admin":true},"constructor":1,"toString":null,"in":{"__proto__":[2]}}';

describe('metadata', () => {
  test('keeps keys that name parts of a prototype, given in variables', async () => {
    const api = await openApi();
    const { createSession } = await api.query(CREATE_WITH, { metadata: JSON.parse(HOSTILE) });
    expect(JSON.stringify(createSession)).toContain(`"metadata":${HOSTILE}`);
    const { session } = await api.query(VALUES, { key: '__proto__' });
    expect(JSON.stringify(session!.metadata)).toBe(HOSTILE);
    expect(session!.metadataValue).toEqual({ admin: true });
  });

  test('keeps keys that name parts of a prototype, given as a literal', async () => {
    const api = await openApi();
    await api.send(`mutation {
      createSession(input: {
        id: "a", metadata: { __proto__: { admin: true }, constructor: 1, toString: null, in: { __proto__: [2] } }
      }) { __typename }
    }`);
    const { session } = await api.query(VALUES, { key: 'in' });
    expect(JSON.stringify(session!.metadata)).toBe(HOSTILE);
    expect(JSON.stringify(session!.metadataValue)).toBe('{"__proto__":[2]}');
  });

  test('has no value but under its own keys', async () => {
    const api = await openApi();
    await api.query(CREATE_WITH, { metadata: { a: 1, n: null } });
    for (const key of ['__proto__', 'constructor', 'hasOwnProperty', 'toString', '', 'n', 'nothing']) {
      expect((await api.query(VALUES, { key })).session!.metadataValue).toBeNull();
    }
    expect((await api.query(VALUES, { key: 'a' })).session!.metadataValue).toBe(1);
  });

  test('takes variables within a literal', async () => {
    const api = await openApi();
    await api.send(
      `mutation With($v: JSON, $absent: JSON) {
        createSession(input: { id: "a", metadata: { given: [$v, 1.5, ENUM], absent: $absent } }) { __typename }
      }`,
      { v: { deep: 'yes' } },
    );
    const { session } = await api.query(VALUES, { key: 'given' });
    expect(session!.metadata).toEqual({ given: [{ deep: 'yes' }, 1.5, 'ENUM'] });
  });

  test.each([32, 33, 100, 5_000, 100_000])(
    'nested %i levels deep is stored or a typed error',
    async (levels) => {
      const api = await openApi();
      const metadata = `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;
      const query = `mutation Deep($metadata: JSONObject) {
      createSession(input: { id: "a", metadata: $metadata }) {
        __typename
        ... on InvalidInputError { issues { path message } }
      }
    }`;
      const answer = await api.sendBody(
        `{"query":${JSON.stringify(query)},"variables":{"metadata":${metadata}}}`,
      );
      const issue = {
        path: ['input', 'metadata'],
        message: 'expected at most 32 levels of nesting (the limit metadataDepth), got more',
      };
      expect(answer).toEqual({
        data: {
          createSession:
            levels <= 32
              ? { __typename: 'CreateSessionPayload' }
              : { __typename: 'InvalidInputError', issues: [issue] },
        },
      });
    },
  );

  test.each(['[1]', '"text"', '7', 'true'])('is an object and not %s', async (metadata) => {
    const api = await openApi();
    const inVariables = await api.send(
      'mutation M($m: JSONObject) { createSession(input: { metadata: $m }) { __typename } }',
      { m: JSON.parse(metadata) },
    );
    const inLiteral = await api.send(
      `mutation { createSession(input: { metadata: ${metadata} }) { __typename } }`,
    );
    for (const { data, errors } of [inVariables, inLiteral]) {
      expect(data).toBeUndefined();
      expect(errors![0]!.message).toContain('expected a JSON object, got');
    }
  });
});

const CREATED_AFTER = graphql(`
  query CreatedAfter($time: DateTime) { sessions(filter: { createdAfter: $time }) { totalCount } }
`);

describe('a time', () => {
  test.each([
    '2026-01-31T09:30:00Z',
    '2026-01-31T09:30:00.123456789Z',
    '2026-01-31T09:30:00.1234567890123Z',
    '2026-01-31t09:30:00z',
    '2026-01-31T09:30:00+23:59',
    '2024-02-29T00:00:00-00:00',
    '0000-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999Z',
  ])('can be %s', async (time) => {
    expect((await (await openApi()).query(CREATED_AFTER, { time })).sessions.totalCount).toBe(0);
  });

  test.each([
    '',
    'now',
    '2026-01-31',
    '2026-01-31T09:30:00',
    '2026-01-31 09:30:00Z',
    '2026-02-30T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-31T24:00:00Z',
    '2026-01-31T09:60:00Z',
    '2026-01-31T09:30:00+0100',
    '2026-01-31T09:30:00+24:00',
    '9999-12-31T23:59:59-01:00',
    '0000-01-01T00:00:00+01:00',
    '+12026-01-31T09:30:00Z',
    '1769851800000',
  ])('cannot be %j', async (time) => {
    const { data, errors } = await (await openApi()).run(CREATED_AFTER, { time });
    expect(data).toBeUndefined();
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(errors![0]!.message).toContain(
      `expected a time such as "2026-01-31T09:30:00.000Z" (RFC 3339), got "${time}"`,
    );
  });

  test.each([1769851800000, true, ['2026-01-31T09:30:00Z'], { $date: 1 }])('cannot be %j', async (time) => {
    const { errors } = await (await openApi()).send(
      'query T($time: DateTime) { sessions(filter: { createdAfter: $time }) { totalCount } }',
      { time },
    );
    expect(errors![0]!.message).toContain('expected a time such as');
  });
});

describe('a count of tokens', () => {
  const USAGE = `mutation U($tokens: SafeInt!) {
    appendMessages(input: {
      sessionId: "a", messages: [{ role: USER, content: "", usage: { inputTokens: $tokens, outputTokens: 0 } }]
    }) { __typename ... on AppendMessagesPayload { messages { usage { inputTokens } } } }
  }`;

  test.each([0, 2 ** 31, 2 ** 53 - 1])('can be %d', async (tokens) => {
    const api = await openApi();
    await api.query(CREATE_WITH, {});
    const { data } = await api.send(USAGE, { tokens });
    expect(data).toMatchObject({ appendMessages: { messages: [{ usage: { inputTokens: tokens } }] } });
  });

  test.each([2 ** 53, 1.5, '7', true, [7], {}, 'x'.repeat(100_000)])('cannot be %j', async (tokens) => {
    const { data, errors } = await (await openApi()).send(USAGE, { tokens });
    expect(data).toBeUndefined();
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(errors![0]!.message.length).toBeLessThan(2_000);
  });

  test('can be a literal', async () => {
    const api = await openApi();
    await api.query(CREATE_WITH, {});
    const query = (literal: string) => USAGE.replace('($tokens: SafeInt!)', '').replace('$tokens', literal);
    expect((await api.send(query('9007199254740991'))).data).toMatchObject({
      appendMessages: { messages: [{ usage: { inputTokens: 2 ** 53 - 1 } }] },
    });
    expect((await api.send(query('9007199254740993'))).errors![0]!.message).toContain(
      'expected a whole number',
    );
  });
});
