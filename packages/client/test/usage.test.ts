import { expect, test } from 'vitest';
import { openClient } from './support.ts';

test('a usage report says what messages cost, by day and model, or by tree', async () => {
  const client = await openClient();
  const said = (day: string, model: string, costUsd: number) => ({
    role: 'ASSISTANT' as const,
    content: 'Lisbon.',
    model,
    createdAt: new Date(`${day}T12:00:00Z`),
    usage: { inputTokens: 10, outputTokens: 2, costUsd },
  });
  await client.sessions.create({
    id: 'trip',
    title: 'Plan a trip',
    messages: [
      said('2026-03-01', 'large', 0.2),
      said('2026-03-01', 'large', 0.1),
      said('2026-03-02', 'small', 0.01),
    ],
  });
  expect(await client.usage(['DAY', 'MODEL'])).toMatchObject([
    {
      day: '2026-03-01',
      model: 'large',
      responseCount: 2,
      usage: { inputTokens: 20, costUsd: 0.3 },
      root: null,
    },
    { day: '2026-03-02', model: 'small', responseCount: 1, usage: { costUsd: 0.01 } },
  ]);
  const later = { from: new Date('2026-03-02T00:00:00Z'), first: 1 };
  expect(await client.usage(['ROOT'], later)).toMatchObject([
    { root: { id: 'trip', title: 'Plan a trip' }, sessionCount: 1, usage: { costUsd: 0.01 } },
  ]);
  expect(await client.usage(['USER'], { filter: { userId: 'nobody' } })).toEqual([]);
});
