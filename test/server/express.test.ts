import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { DocumentNode } from 'graphql';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { createDocumentCache } from '../../src/server/document-cache.ts';
import { withFastPath } from '../../src/server/fast-path.ts';
import { createRequestListener } from '../../src/server/node-handlers.ts';
import { createNodeListener } from '../../src/server/node-listener.ts';
import { createRequestRules } from '../../src/server/request-rules.ts';
import { createYogaPath } from '../../src/server/yoga-path.ts';
import { ASKS_NOBODY } from '../support/asks-nobody.ts';
import { counted } from '../support/fast-path.ts';
import { send } from '../support/http-client.ts';
import { plain } from './requests.ts';
import { createTestLogger, openTestServer } from './support.ts';

/** The API in an Express application, with the number of requests that reached Yoga. */
async function openExpress(how: 'all' | 'use') {
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
  const rules = createRequestRules(options);
  const documents = createDocumentCache<DocumentNode>();
  const { counting, handedOn } = counted(createYogaPath(options, rules, documents));
  const app = express();
  app[how](
    '/graphql',
    createNodeListener(withFastPath(counting, options, rules, documents), { ...rules, logger }),
  );
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, handedOn, lines };
}

describe.each(['all', 'use'] as const)('behind app.%s of Express', (how) => {
  test.each(['/graphql', 'http://localhost/graphql', 'http://localhost:4000/graphql?a=1'])(
    'the fast path answers a repeated request to %s',
    async (path) => {
      const { port, handedOn, lines } = await openExpress(how);
      for (let time = 0; time < 3; time += 1) {
        const { status, body } = await send(port, { ...plain({ query: '{ __typename }' }), path });
        expect({ status, body: body.toString() }).toEqual({
          status: 200,
          body: '{"data":{"__typename":"Query"}}',
        });
      }
      expect(handedOn()).toBe(1);
      expect(lines).toMatchObject(Array(3).fill({ path: '/graphql', status: 200 }));
    },
  );

  test('the authority of a target in absolute form is checked', async () => {
    const { port } = await openExpress(how);
    const sent = { ...plain({ query: '{ __typename }' }), path: 'http://evil.example/graphql' };
    const { status, body } = await send(port, sent);
    expect(status).toBe(403);
    expect(body.toString()).toContain('HOST_NOT_ALLOWED');
  });

  test('a GET in absolute form keeps its query', async () => {
    const { port } = await openExpress(how);
    const path = 'http://localhost/graphql?query=%7B__typename%7D';
    expect((await send(port, { method: 'GET', path })).body.toString()).toBe(
      '{"data":{"__typename":"Query"}}',
    );
  });
});

test('OPTIONS * behind Express is answered as without', async () => {
  const { repository } = await openTestServer();
  const { logger } = createTestLogger();
  const server = express().use(createRequestListener({ repository, logger })).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  expect((await send(port, { method: 'OPTIONS', path: '*' })).status).toBe(204);
});
