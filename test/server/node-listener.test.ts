import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createYoga, type Plugin } from 'graphql-yoga';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { createContext, type SchemaContext } from '../../src/schema/context.ts';
import { schema } from '../../src/schema/index.ts';
import { createOriginCheck } from '../../src/server/allowed-origins.ts';
import { createDocumentCache } from '../../src/server/document-cache.ts';
import { withFastPath } from '../../src/server/fast-path.ts';
import { createNodeListener, type RequestHandler } from '../../src/server/node-listener.ts';
import type { ServerContext } from '../../src/server/plugin.ts';
import { useRequestFacts } from '../../src/server/plugins/use-request-facts.ts';
import { createRequestRules } from '../../src/server/request-rules.ts';
import { ASKS_NOBODY } from '../support/asks-nobody.ts';
import { send } from '../support/http-client.ts';
import { createTestLogger, type LogLine, openTestServer } from './support.ts';

const APP = 'https://app.example';
const SENT = {
  method: 'GET',
  path: '/graphql?query={__typename}',
  headers: { origin: APP, 'x-request-id': 'broken' },
};

const { logger, lines } = createTestLogger();

async function listen(handler: RequestHandler): Promise<number> {
  const server = createServer(
    createNodeListener(handler, { logger, isAllowedOrigin: createOriginCheck([APP]) }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

function fail(): never {
  throw new Error('a secret of the server');
}

/** The server with a plugin that throws where Yoga itself would answer with the stack. */
async function brokenBy(plugin: Plugin<ServerContext>): Promise<RequestHandler> {
  const { repository } = await openTestServer();
  const limits = DEFAULT_LIMITS;
  const yoga = createYoga<ServerContext, SchemaContext>({
    schema,
    context: () => createContext({ repository, limits }),
    plugins: [useRequestFacts(), plugin],
    logging: false,
  });
  const options = { repository, limits, logger, allowedHosts: [], allowedOrigins: [APP], ...ASKS_NOBODY };
  return withFastPath(yoga, options, createRequestRules(options), createDocumentCache());
}

describe('a bug that nothing else catches is logged whole, and answered with a code and its id', () => {
  test.each<[string, () => Promise<RequestHandler> | RequestHandler]>([
    ['in a handler', () => fail],
    ['in a handler that waits', () => async () => fail()],
    ['before Yoga takes the request', () => brokenBy({ onRequest: fail })],
    ['once Yoga has an answer', () => brokenBy({ onResponse: fail })],
    ['while Yoga writes the result', () => brokenBy({ onResultProcess: fail })],
  ])('%s', async (_name, handler) => {
    lines.length = 0;
    const { status, headers, body } = await send(await listen(await handler()), SENT);
    expect(status).toBe(500);
    expect(JSON.parse(body.toString())).toEqual({
      errors: [
        {
          message: "Internal error. Request id broken: the server's log says more under it.",
          extensions: { code: 'INTERNAL_SERVER_ERROR' },
        },
      ],
    });
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-request-id': 'broken',
      'access-control-allow-origin': APP,
      'access-control-allow-credentials': 'true',
      vary: 'Origin',
    });
    expect(lines).toMatchObject([
      {
        requestId: 'broken',
        msg: 'Internal error',
        err: { message: 'a secret of the server', stack: expect.any(String) },
      },
      { requestId: 'broken', msg: 'request', status: 500, errors: ['INTERNAL_SERVER_ERROR'] },
    ] satisfies LogLine[]);
  });
});

test('what breaks in the middle of an answer cuts it off, and is logged', async () => {
  lines.length = 0;
  const port = await listen((_request, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('half');
    fail();
  });
  await expect(send(port, SENT)).rejects.toThrow();
  expect(lines).toMatchObject([
    { requestId: 'broken', msg: 'Internal error' },
    { requestId: 'broken', msg: 'request', status: 500 },
  ]);
});
