import { expect, test } from 'vitest';
import { openTestServer } from './support.ts';

/** An object with so many members that repeating all of them for each would take minutes. */
const WIDE = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`n${n}`, 1]));

test.each([
  ['in place of an input', { ...WIDE }, 'unknown field "n0", found: an object of 20000 members.'],
  ['in place of a text', { title: { ...WIDE } }, 'a non string value: an object of 20000 members'],
  ['beside a fault', { odd: 1, metadata: { ...WIDE } }, '{ odd: 1, metadata: an object of 20000 members }.'],
])('an object of very many members %s is refused in a few words', async (_, input, message) => {
  const { fetch, repository } = await openTestServer();
  for (const skip of ['', ' @skip(if: false)']) {
    const query = `mutation ($input: CreateSessionInput!) { createSession(input: $input) { __typename${skip} } }`;
    const response = await fetch({
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify({ query, variables: { input } }),
    });
    const { errors } = (await response.json()) as { errors: { message: string; extensions: object }[] };
    expect(response.status).toBe(400);
    expect(errors[0]).toMatchObject({
      message: expect.stringContaining(message),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  }
  expect(await repository.count({})).toBe(0);
});

test('of variables that are wrong in very many places, twenty are told, and that there are more', async () => {
  const { fetch } = await openTestServer();
  for (const count of [20, 21, 1_000]) {
    const response = await fetch({
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify({
        query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }',
        variables: { ids: Array(count).fill({}) },
      }),
    });
    const { errors } = (await response.json()) as { errors: { message: string }[] };
    expect(errors).toHaveLength(Math.min(count, 21));
    if (count > 20) expect(errors[20]!.message).toContain('Too many errors');
  }
});

/** Each list with an item that coercion refuses: it is never reached. */
test.each(['', ' @skip(if: false)'])(
  'a list above its limit is refused without a look at its items%s',
  async (skip) => {
    const { repository, post } = await openTestServer();
    const id = `many${skip.length}`;
    await repository.create({ id });
    const messages = [...Array(50_000).fill({ role: 'USER', content: 'a' }), { role: 'NOBODY' }];
    const refusal = {
      data: {
        appendMessages: {
          issues: [{ path: ['input', 'messages'], message: expect.stringContaining('got 50001') }],
        },
      },
    };
    const issues = `{ ... on InvalidInputError { issues { path message${skip} } } }`;
    const whole = `mutation ($input: AppendMessagesInput!) { appendMessages(input: $input) ${issues} }`;
    expect(await (await post(whole, {}, { input: { sessionId: id, messages } })).json()).toMatchObject(
      refusal,
    );
    const part = `mutation ($messages: [MessageInput!]!) {
    appendMessages(input: { sessionId: "${id}", messages: $messages }) ${issues} }`;
    expect(await (await post(part, {}, { messages })).json()).toMatchObject(refusal);

    const nodes = await post(
      `query ($ids: [ID!]!) { nodes(ids: $ids) { id${skip} } }`,
      {},
      { ids: Array(50_000).fill({}) },
    );
    expect(await nodes.json()).toMatchObject({
      errors: [
        {
          message: expect.stringContaining('got 50000'),
          path: ['nodes'],
          extensions: { code: 'BAD_USER_INPUT' },
        },
      ],
    });
  },
);
