import { expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { ASKS_NOBODY } from '../support/asks-nobody.ts';
import { OVER_A_SOCKET, serveFast } from '../support/fast-path.ts';
import { createTestLogger, ENDPOINT, JSON_TYPE, openTestServer } from './support.ts';

test('the suites run over the way that their project is named for', async ({ task }) => {
  expect(OVER_A_SOCKET).toBe(task.file.projectName === 'fast path');
  const { post } = await openTestServer();
  // Only answers over a socket have a Date header.
  expect((await post('{ __typename }')).headers.has('date')).toBe(OVER_A_SOCKET);
});

test('the fast path takes each document of the suites the first time, and a mutation once', async () => {
  const { repository } = await openTestServer();
  const { logger, lines } = createTestLogger();
  const options = {
    repository,
    logger,
    limits: DEFAULT_LIMITS,
    allowedHosts: [],
    allowedOrigins: [],
    ...ASKS_NOBODY,
  };
  const { fetch, handedOn } = serveFast(options);
  const post = async (query: string) => {
    const body = JSON.stringify({ query });
    return (await fetch(ENDPOINT, { method: 'POST', headers: JSON_TYPE, body })).json();
  };
  expect(await post('mutation { createSession(input: { id: "way" }) { __typename } }')).toEqual({
    data: { createSession: { __typename: 'CreateSessionPayload' } },
  });
  expect(await post('{ session(id: "way") { version } }')).toEqual({ data: { session: { version: 1 } } });
  expect(handedOn()).toBe(0);
  expect(lines).toHaveLength(2);
  await post('{ unknown }');
  expect(handedOn()).toBe(1);
});
