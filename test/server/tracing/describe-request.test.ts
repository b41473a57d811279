import { expect, test } from 'vitest';
import { createFacts } from '../../../src/server/request-facts.ts';
import { describeRequest } from '../../../src/server/tracing/describe-request.ts';
import { OperationNames } from '../../../src/server/tracing/operation-names.ts';

/** What a span says of a request to the API that ended with this status and these codes. */
function failureOf(status: number, ...errorCodes: string[]): string | null {
  const facts = { ...createFacts(null), errorCodes };
  return describeRequest(facts, { method: 'POST', path: '/graphql', status }, new OperationNames()).failure;
}

test('the server is at fault for statuses from 500, and for its own codes in an answer with another status', () => {
  expect(failureOf(500, 'INTERNAL_SERVER_ERROR')).toBe('INTERNAL_SERVER_ERROR');
  expect(failureOf(503)).toBe('503');
  expect(failureOf(200, 'NOT_FOUND', 'STORE_UNAVAILABLE')).toBe('STORE_UNAVAILABLE');
  expect(failureOf(200, 'INTERNAL_SERVER_ERROR')).toBe('INTERNAL_SERVER_ERROR');
});

test('it is not for what it refuses, nor for a client that has gone', () => {
  expect(failureOf(200, 'BUDGET_EXCEEDED')).toBeNull();
  expect(failureOf(403, 'FORBIDDEN')).toBeNull();
  expect(failureOf(429, 'RATE_LIMITED')).toBeNull();
  expect(failureOf(499)).toBeNull();
});
