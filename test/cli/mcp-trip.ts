import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { Sessiontree } from '../../packages/client/src/index.ts';
import { startServer } from '../../src/server/http.ts';
import { testConfig } from '../server/running.ts';
import { createTestLogger } from '../server/support.ts';
import { connectMcp, type McpConnection } from './mcp-client.ts';

export const lines = (...all: readonly string[]) => all.join('\n');

/** The sessions of the tree, as the text of a tool names them. */
export const TRIP = 'trip "Plan a trip" (IDLE, project "travel", 3 messages, active <time>)';
export const FLIGHTS =
  'flights untitled, begins "Find flights to Lisbon in May" (RUNNING since <time>, agent "searcher", project "travel", 2 messages, active <time>)';
export const PRICES =
  'prices "Prices" (WAITING: "Which currency?" since <time>, project "travel", 0 messages, active <time>)';

/** Set before the first test. */
interface Trip {
  readonly store: Sessiontree;
  readonly mcp: McpConnection;
}

/** For the tests of a file: a server with the tree of a trip and with what `fill` adds, and `sessiontree mcp`, which reads them. */
export function useTrip(fill: (store: Sessiontree) => Promise<unknown> = async () => {}): Trip {
  const trip = {} as { -readonly [Key in keyof Trip]: Trip[Key] };
  const cleanUps: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'sessiontree-test-'));
    cleanUps.unshift(() => rm(dataDirectory, { recursive: true }));
    const config = await testConfig({ dataDirectory });
    const server = await startServer(config, { logger: createTestLogger().logger });
    cleanUps.unshift(() => server.stop());
    trip.store = new Sessiontree(server.url);
    await createTrip(trip.store);
    await fill(trip.store);
    trip.mcp = await connectMcp(['--url', server.url]);
    cleanUps.unshift(() => trip.mcp.client.close());
  }, 120_000);

  afterAll(async () => {
    for (const cleanUp of cleanUps) await cleanUp();
  });

  return trip;
}

async function createTrip(store: Sessiontree): Promise<void> {
  const usage = (inputTokens: number, costUsd: number) => ({ inputTokens, outputTokens: 10, costUsd });
  await store.sessions.create({
    id: 'trip',
    key: 'slack/1',
    title: 'Plan a trip',
    project: 'travel',
    createdAt: '2026-01-30T09:00:00Z',
    messages: [
      { role: 'USER', content: 'Where to in May?', createdAt: '2026-01-30T09:00:00Z' },
      {
        role: 'ASSISTANT',
        content: 'Lisbon.',
        reasoning: 'Somewhere warm.',
        model: 'large',
        usage: usage(100, 0.25),
        createdAt: '2026-01-30T10:00:00Z',
        toolCalls: [{ toolCallId: 'call-1', name: 'spawn', arguments: { task: 'look at aeroplanes' } }],
      },
      { role: 'TOOL', name: 'spawn', toolCallId: 'call-1', content: 'Two flights.', isError: true },
    ],
  });
  await store.sessions.spawn('trip', {
    id: 'flights',
    agentName: 'searcher',
    status: 'RUNNING',
    spawnedBy: { toolCallId: 'call-1' },
    messages: [
      { role: 'USER', content: 'Find flights to Lisbon\nin May' },
      {
        role: 'ASSISTANT',
        content: 'At noon.',
        model: 'small',
        usage: usage(20, 0.5),
        createdAt: '2026-01-31T10:00:00Z',
      },
    ],
  });
  await store.sessions.spawn('flights', {
    id: 'prices',
    title: 'Prices',
    status: 'WAITING',
    statusMessage: 'Which currency?',
  });
}
