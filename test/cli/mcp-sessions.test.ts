import { describe, expect, test } from 'vitest';
import { FLIGHTS, lines, PRICES, TRIP, useTrip } from './mcp-trip.ts';

const trip = useTrip(async (store) => {
  for (const id of ['other', 'third']) await store.sessions.create({ id });
});

describe('list_sessions', () => {
  test('lists the roots of the latest trees', async () => {
    const { text, data } = await trip.mcp.call('list_sessions', { project: 'travel' });
    expect(text).toBe(lines('1 of 1 roots, the last active first:', `- ${TRIP}`));
    expect(data).toMatchObject({
      sessions: [{ id: 'trip', key: 'slack/1', historyLength: 3 }],
      totalCount: 1,
      nextCursor: null,
    });
  });

  test('finds children by status, agent and title', async () => {
    const found = async (conditions: object) => {
      const { data } = await trip.mcp.call('list_sessions', { rootsOnly: false, ...conditions });
      return (data!.sessions as { id: string }[]).map(({ id }) => id);
    };
    expect(await found({ statuses: ['WAITING'] })).toEqual(['prices']);
    expect(await found({ agentName: 'searcher' })).toEqual(['flights']);
    expect(await found({ title: 'pri*' })).toEqual(['prices']);
    expect(await found({ activeBefore: '2026-01-01T00:00:00Z' })).toEqual([]);
  });

  test('goes on behind a cursor', async () => {
    const ids = new Set<string>();
    let after: unknown;
    do {
      const { data } = await trip.mcp.call('list_sessions', { limit: 2, ...(after ? { after } : {}) });
      for (const { id } of data!.sessions as { id: string }[]) ids.add(id);
      after = data!.nextCursor;
    } while (after !== null);
    expect([...ids].toSorted()).toEqual(['other', 'third', 'trip']);
  });

  test('leaves archived sessions out, unless they are asked for', async () => {
    await trip.store.sessions.create({ id: 'old', project: 'archive' });
    await trip.store.sessions.archive('old');
    expect((await trip.mcp.call('list_sessions', { project: 'archive' })).data).toMatchObject({
      totalCount: 0,
    });
    const { text } = await trip.mcp.call('list_sessions', { project: 'archive', includeArchived: true });
    expect(text).toContain('- old untitled (IDLE, archived, project "archive"');
    await trip.store.sessions.delete('old');
  });
});

describe('list_running', () => {
  test('lists what runs or waits, in the store or in a tree', async () => {
    const { text } = await trip.mcp.call('list_running');
    expect(text.split('\n').toSorted()).toEqual(
      ['2 of 2 sessions that are RUNNING or WAITING:', `- ${FLIGHTS}`, `- ${PRICES}`].toSorted(),
    );
    expect((await trip.mcp.call('list_running', { session: 'flights' })).text).toBe(
      lines('2 of 2 sessions that are RUNNING or WAITING:', `- ${FLIGHTS}`, `- ${PRICES}`),
    );
    expect((await trip.mcp.call('list_running', { session: 'other' })).data).toMatchObject({ totalCount: 0 });
    expect((await trip.mcp.call('list_running', { project: 'other' })).data).toMatchObject({ totalCount: 0 });
  });
});
