import { describe, expect, test } from 'vitest';
import type { ToolAnswer } from './mcp-client.ts';
import { FLIGHTS, lines, PRICES, TRIP, useTrip } from './mcp-trip.ts';

const CHILDREN = 150;

const trip = useTrip(async (store) => {
  await store.sessions.create({ id: 'wide', title: 'Wide' });
  for (let n = 0; n < CHILDREN; n += 1)
    await store.sessions.spawn('wide', { id: `child-${n}`, title: `Child ${n}` });
});

describe('show_tree', () => {
  test('draws an outline, and sums up the tree', async () => {
    const { text, data } = await trip.mcp.call('show_tree', { session: 'key:slack/1' });
    expect(text).toBe(
      lines(
        'Sessions: 3 (1 IDLE, 1 RUNNING, 1 WAITING), messages: 5, input tokens: 120, output tokens: 20, cost: $0.7500.',
        '2 of the 2 sessions beneath that match, down to 3 levels:',
        `- ${TRIP}`,
        `  - ${FLIGHTS}`,
        `    - ${PRICES}`,
      ),
    );
    expect(data).toMatchObject({
      root: { id: 'trip' },
      sums: { sessionCount: 3, usage: { costUsd: 0.75 } },
      descendants: [{ id: 'flights' }, { id: 'prices', statusMessage: 'Which currency?' }],
    });
  });

  test('says what is beneath the depth, and how to see it', async () => {
    const { text } = await trip.mcp.call('show_tree', { session: 'trip', depth: 1 });
    expect(text.split('\n').slice(-2)).toEqual([
      `  - ${FLIGHTS}`,
      '    … 1 more beneath: show_tree with session flights',
    ]);
  });

  test('shows sessions of some statuses alone', async () => {
    const { text } = await trip.mcp.call('show_tree', { session: 'trip', statuses: ['WAITING'] });
    expect(text.split('\n').slice(1)).toEqual([
      '1 of the 1 sessions beneath that match, down to 3 levels:',
      `- ${TRIP}`,
      `    - ${PRICES}`,
    ]);
  });

  test('ends early when the answer is full, and goes on without a gap', async () => {
    const seen: string[] = [];
    let after: unknown;
    let answers = 0;
    do {
      const answer: ToolAnswer = await trip.mcp.call('show_tree', {
        session: 'wide',
        limit: 500,
        ...(after ? { after } : {}),
      });
      seen.push(...(answer.data!.descendants as { id: string }[]).map(({ id }) => id));
      after = answer.data!.nextCursor;
      if (after)
        expect(answer.text).toContain(`More: the same arguments with after: ${JSON.stringify(after)}`);
      expect(JSON.stringify(answer.data).length).toBeLessThan(45_000);
      answers += 1;
    } while (after !== null);
    expect(answers).toBeGreaterThan(1);
    expect(seen).toEqual(Array.from({ length: CHILDREN }, (_, n) => `child-${n}`));
  });
});
