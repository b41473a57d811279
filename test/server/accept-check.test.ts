import { expect, test } from 'vitest';
import { ALLOWED, ENDPOINT, openTestServer, outcome } from './support.ts';

test.each([
  '',
  '*/*',
  'application/*',
  'application/json',
  'Application/JSON; q=0.5',
  'text/plain, */*;q=0.1',
  'application/json; charset=UTF-8',
  'application/json; charset="utf-8"',
  'application/json;q=0, */*',
  'text/event-stream, application/json;q=0.1',
  'multipart/mixed;deferSpec=20220824,application/graphql-response+json,application/json;q=0.9',
  '*/*;q=0, application/*;q=.2',
  '*',
  'image/*;x="application/xml, a", application/json',
  ', ;, application/json',
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
  'text/event-stream;q=0',
  'text/*',
  'multipart/mixed',
  'text/html',
  'application/json;q=0',
  'application/json;q=0.000',
  'application/json ; Q=0',
  '*/*;q=0',
  'application/*;q=0, */*;q=0.5',
  'application/json;q=2',
  'application/json;q=high',
  'application/json;q=',
  '*/json',
  'json',
  'text/plain;x="application/json, application/json"',
])('a client that accepts only %s is refused before its mutation is run', async (accept) => {
  const { post, repository } = await openTestServer();
  const response = await post('mutation { createSession(input: { id: "made" }) { __typename } }', {
    accept,
  });
  expect(await outcome(response)).toEqual({ status: 406, codes: ['NOT_ACCEPTABLE'] });
  expect(await repository.findMany(['made'])).toEqual([null]);
});

test.each([
  ['*/*', 'application/json'],
  ['application/*', 'application/json'],
  ['application/json', 'application/json'],
  ['application/graphql-response+json, application/json;q=0.9', 'application/graphql-response+json'],
  ['application/graphql-response+json;q=0.9, application/json', 'application/json'],
  ['application/json;q=0.2, application/graphql-response+json;q=0.7', 'application/graphql-response+json'],
  ['application/json, application/graphql-response+json', 'application/json'],
  ['*/*, application/graphql-response+json', 'application/graphql-response+json'],
  ['*/*, application/json;q=0.5', 'application/graphql-response+json'],
  ['application/json;q=0, */*;q=0.1', 'application/graphql-response+json'],
  ['text/event-stream, application/json;q=0.1', 'application/json'],
])('a client that accepts %s is answered in %s', async (accept, expected) => {
  const { post } = await openTestServer();
  const response = await post('{ __typename }', { accept });
  expect(response.headers.get('content-type')).toBe(`${expected}; charset=utf-8`);
  expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
});

test.each(['text/event-stream', 'text/event-stream, multipart/mixed;q=0.5', 'Text/Event-Stream, text/plain'])(
  'a client that accepts only %s gets a result as a stream of one event',
  async (accept) => {
    const { post } = await openTestServer();
    const response = await post('{ __typename }', { accept });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await response.text()).toBe(
      'event: next\ndata: {"data":{"__typename":"Query"}}\n\nevent: complete\ndata:\n\n',
    );
    expect(await outcome(await post('{', { accept }))).toEqual({
      status: 400,
      codes: ['GRAPHQL_PARSE_FAILED'],
    });
  },
);

test.each([
  '*/*',
  '',
  'application/json',
  'text/*',
  'multipart/mixed;subscriptionSpec=1.0, application/json',
  'text/event-stream;q=0, */*',
])('a subscription of a client that accepts "%s" is refused', async (accept) => {
  const { post } = await openTestServer();
  expect(await outcome(await post('subscription { __typename }', { accept }))).toEqual({
    status: 406,
    codes: ['NOT_ACCEPTABLE'],
  });
});

test.each([
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html; charset=utf-8'],
  ['text/*', 'text/html; charset=utf-8'],
  ['text/html;q=0, application/json', 'application/json; charset=utf-8'],
  ['application/json, text/html;q=0.9', 'application/json; charset=utf-8'],
])('of a page and a result, a GET that accepts %s gets %s', async (accept, expected) => {
  const { fetch } = await openTestServer();
  const response = await fetch({ headers: { accept } }, `${ENDPOINT}?query={__typename}`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe(expected);
});
