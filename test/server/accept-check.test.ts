import { expect, test } from 'vitest';
import { ALLOWED, openTestServer, outcome } from './support.ts';

test.each([
  '',
  '*/*',
  'application/*',
  'application/json',
  'Application/JSON; q=0.5',
  'text/plain, */*;q=0.1',
  'application/json; charset=UTF-8',
])('a client that accepts "%s" is answered', async (accept) => {
  const { post } = await openTestServer();
  expect(await outcome(await post('{ __typename }', { accept }))).toEqual(ALLOWED);
});

test.each([
  'text/plain',
  'image/*',
  'application/xml',
  'application/json-seq',
  'x-application/json',
  'application/problem+json, application/*+json',
  'application/json; charset=iso-8859-1',
])('a client that accepts only %s is refused before its mutation is run', async (accept) => {
  const { post, repository } = await openTestServer();
  const response = await post('mutation { createSession(input: { id: "made" }) { __typename } }', {
    accept,
  });
  expect(await outcome(response)).toEqual({ status: 406, codes: ['NOT_ACCEPTABLE'] });
  expect(await repository.findMany(['made'])).toEqual([null]);
});

test('a client is answered in the media type that it asks for', async () => {
  const { post } = await openTestServer();
  const typeFor = async (accept: string) =>
    (await post('{ __typename }', { accept })).headers.get('content-type');
  expect(await typeFor('application/json')).toBe('application/json; charset=utf-8');
  expect(await typeFor('application/graphql-response+json, application/json;q=0.9')).toBe(
    'application/graphql-response+json; charset=utf-8',
  );
});
