import { expect, test } from 'vitest';
import { openTestServer } from './support.ts';

/** Of so many members that to repeat them all for each would take minutes. */
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
