import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningServer, startServer } from '../../src/server/http.ts';
import { testConfig } from './running.ts';
import { createTestLogger } from './support.ts';

let directory: string;
let server: RunningServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sessiontree-test-'));
  const { logger } = createTestLogger();
  server = await startServer(await testConfig({ dataDirectory: directory }), { logger });
});

afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true });
});

describe('GraphQL over HTTP', () => {
  const audits = serverAudits({ url: () => server.url, fetchFn: fetch });

  test('there are 61 audits', () => {
    expect(audits).toHaveLength(61);
  });

  test.each(audits.map((audit) => [audit.id, audit.name, audit] as const))(
    '%s %s',
    async (_id, _name, audit) => {
      const result = await audit.fn();
      expect(result.status, 'reason' in result ? String(result.reason) : '').toBe('ok');
    },
  );
});
