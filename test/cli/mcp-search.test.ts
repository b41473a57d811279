import { describe, expect, test } from 'vitest';
import { lines, useTrip } from './mcp-trip.ts';

const trip = useTrip();

describe('search_messages', () => {
  test('finds messages of a tree, each with an excerpt', async () => {
    const { text, data } = await trip.mcp.call('search_messages', {
      query: 'lisbon',
      within: 'key:slack/1',
      roles: ['USER'],
    });
    expect(text).toBe(
      lines(
        '1 of 1 messages, the most relevant first:',
        '- flights:0 USER <time>, in flights untitled',
        '| Find flights to <<Lisbon>>',
        '| in May',
      ),
    );
    expect(data).toMatchObject({
      hits: [{ messageId: 'flights:0', position: 0, sessionId: 'flights' }],
      isComplete: true,
    });
  });

  test('looks only where it is told to', async () => {
    const count = async (search: object) => (await trip.mcp.call('search_messages', search)).data!.totalCount;
    expect(await count({ query: 'lisbon' })).toBe(2);
    expect(await count({ query: 'lisbon', within: 'trip', subtree: false })).toBe(1);
    expect(await count({ query: 'aeroplane*' })).toBe(0);
    expect(await count({ query: 'aeroplane*', fields: ['TOOL_CALLS'] })).toBe(1);
    expect(await count({ query: 'lisbon', agentName: 'searcher' })).toBe(1);
    expect(await count({ query: 'lisbon', project: 'other' })).toBe(0);
  });

  test('goes on behind a cursor', async () => {
    const first = await trip.mcp.call('search_messages', { query: 'lisbon', limit: 1 });
    expect(first.text).toContain('1 of 2 messages');
    const rest = await trip.mcp.call('search_messages', {
      query: 'lisbon',
      limit: 1,
      after: first.data!.nextCursor,
    });
    const ids = [first, rest].flatMap(({ data }) =>
      (data!.hits as { messageId: string }[]).map(({ messageId }) => messageId),
    );
    expect(ids.toSorted()).toEqual(['flights:0', 'trip:1']);
    expect(rest.data!.nextCursor).toBeNull();
  });
});

describe('usage_report', () => {
  test('sums up by model and day, of all or of a tree', async () => {
    const { text, data } = await trip.mcp.call('usage_report', { by: ['DAY', 'MODEL'] });
    expect(text).toBe(
      lines(
        '2 groups by DAY, MODEL. In total: input tokens: 120, output tokens: 20, cost: $0.7500.',
        '- DAY "2026-01-30", MODEL "large": responses: 1, sessions: 1, input tokens: 100, output tokens: 10, cost: $0.2500',
        '- DAY "2026-01-31", MODEL "small": responses: 1, sessions: 1, input tokens: 20, output tokens: 10, cost: $0.5000',
      ),
    );
    expect(data).toMatchObject({
      groups: [{ group: { DAY: '2026-01-30', MODEL: 'large' } }, { group: { MODEL: 'small' } }],
      total: { costUsd: 0.75 },
    });
    const within = await trip.mcp.call('usage_report', { within: 'flights' });
    expect(within.text).toContain('1 group by MODEL. In total: input tokens: 20,');
    const before = await trip.mcp.call('usage_report', { to: '2026-01-31T00:00:00Z' });
    expect(before.data).toMatchObject({ groupCount: 1, total: { costUsd: 0.25 } });
  });

  test('lists the costliest groups, and says how many are not listed', async () => {
    const { text } = await trip.mcp.call('usage_report', { limit: 1 });
    expect(text.split('\n').slice(1)).toEqual([
      expect.stringContaining('MODEL "small"'),
      '1 less costly groups are not listed: raise the limit, or narrow the report.',
    ]);
  });
});
