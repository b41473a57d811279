import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DocumentNode } from 'graphql';
import { expect, onTestFinished } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { Callers } from '../../src/server/callers/callers.ts';
import { createDocumentCache } from '../../src/server/document-cache.ts';
import { withFastPath } from '../../src/server/fast-path.ts';
import { createNodeListener } from '../../src/server/node-listener.ts';
import { createChecks } from '../../src/server/policies/checks.ts';
import { createPolicies } from '../../src/server/policies/policies.ts';
import type { Policy } from '../../src/server/policies/policy.ts';
import { createRequestRules } from '../../src/server/request-rules.ts';
import { createYogaPath } from '../../src/server/yoga-path.ts';
import { ASKS_NOBODY } from '../support/asks-nobody.ts';
import { counted } from '../support/fast-path.ts';
import { type Received, type Sent, send } from '../support/http-client.ts';
import { createTestLogger, type LogLine, openTestServer, type TestServerOptions } from './support.ts';

export interface Way {
  readonly server: Server;
  readonly port: number;
  readonly logs: readonly LogLine[];
}

export interface BothWays {
  readonly yoga: Way;
  /** The fast path in front of a Yoga. `handedOn` counts the requests that it passed on. */
  readonly fast: Way & { readonly handedOn: () => number };
  /** Yoga without a socket. */
  readonly fetch: (sent: Sent) => Promise<Response>;
}

/** A store with a small tree, rules by all tests of a file. */
export async function openTree(): Promise<SessionRepository> {
  const { repository } = await openTestServer();
  const [root] = await repository.findMany(['root']);
  if (root) return repository;
  const operation = { id: 'root', fingerprint: '0'.repeat(32) };
  await repository.create({ id: 'root', title: 'root', metadata: { größe: '数据' } }, operation);
  for (const id of ['a', 'b', 'c']) {
    const messages = [{ role: 'USER' as const, content: `hello ${id}`, payload: [id, null] }];
    await repository.create({ id, parentId: 'root', title: id, messages });
  }
  return repository;
}

async function listen(listener: RequestListener): Promise<{ server: Server; port: number }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port };
}

/** The same store behind Yoga alone and behind the fast path. `policies` may change the list that both check. */
export async function openBothWays(
  repository: SessionRepository,
  { limits, allowedHosts = [], allowedOrigins = [], ...authentication }: TestServerOptions = {},
  policies = (list: readonly Policy[]) => list,
): Promise<BothWays> {
  const allLimits = { ...DEFAULT_LIMITS, ...limits };
  const options = {
    repository,
    limits: allLimits,
    allowedHosts,
    allowedOrigins,
    ...ASKS_NOBODY,
    ...authentication,
    callers: authentication.authenticate ? new Callers(allLimits, null) : null,
  };
  const [alone, behind] = [createTestLogger(), createTestLogger()];
  const fastOptions = { ...options, logger: behind.logger };
  const routing = createRequestRules(options);
  const rules = { ...routing, checks: createChecks(policies(createPolicies({ ...options, ...routing }))) };
  const yoga = createYogaPath({ ...options, logger: alone.logger }, rules);
  const documents = createDocumentCache<DocumentNode>();
  const { counting, handedOn } = counted(createYogaPath(fastOptions, rules, documents));
  const listener = withFastPath(counting, fastOptions, rules, documents);
  return {
    yoga: {
      ...(await listen(createNodeListener(yoga.requestListener, { ...rules, logger: alone.logger }))),
      logs: alone.lines,
    },
    fast: {
      ...(await listen(createNodeListener(listener, { ...rules, logger: behind.logger }))),
      logs: behind.lines,
      handedOn,
    },
    fetch: async ({ path = '/graphql', headers, ...init }) =>
      yoga.fetch(`http://localhost${path}`, {
        method: 'POST',
        headers: { host: 'localhost', ...headers },
        ...init,
      } as RequestInit),
  };
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** The parts of an answer that a client sees, with generated ids made equal. */
export function seen({ status, headers, body }: Received): object {
  const { date: _, ...told } = headers;
  const id = told['x-request-id'];
  return {
    status,
    headers: { ...told, 'x-request-id': typeof id === 'string' ? id.replace(UUID, 'made') : id },
    body: body.toString().replace(UUID, 'made'),
  };
}

/** A line of the log, without time and duration. */
export function said({ time, milliseconds, requestId, ...line }: LogLine): object {
  return { ...line, requestId: String(requestId).replace(UUID, 'made'), milliseconds: typeof milliseconds };
}

/** Sends `sent` three times over each path. Expects equal answers and equal lines in the logs. */
export async function expectSame({ yoga, fast }: BothWays, sent: Sent): Promise<Received[]> {
  const answers: Received[] = [];
  const before = fast.logs.length;
  for (let time = 0; time < 3; time += 1) {
    const expected = await send(yoga.port, sent);
    const answer = await send(fast.port, sent);
    expect(seen(answer)).toEqual(seen(expected));
    answers.push(answer);
  }
  expect(fast.logs.map(said)).toEqual(yoga.logs.map(said));
  expect(fast.logs.slice(before).filter(({ msg }) => msg === 'request')).toHaveLength(3);
  return answers;
}
