import { expect, test } from 'vitest';
import { firstDay, rowsBy, rowsByDay, type UsageGroup } from '../../src/explorer/usage/figures.ts';

const NOW = Date.parse('2026-03-01T23:30:00.000Z');

const group = (more: Partial<UsageGroup>, costUsd: number | null = 1): UsageGroup => ({
  day: null,
  model: null,
  project: null,
  agentName: null,
  userId: null,
  responseCount: 2,
  usage: {
    inputTokens: 10,
    outputTokens: 5,
    cacheReadTokens: 8,
    cacheWriteTokens: 0,
    reasoningTokens: 1,
    costUsd,
  },
  ...more,
});

test('seven days end today, and begin six days ago', () => {
  expect(firstDay(7, NOW)).toBe('2026-02-23');
});

test('each day of a period has a row, those without usage too', () => {
  const { unit, rows } = rowsByDay([group({ day: '2026-02-27' })], '2026-02-26', NOW);
  expect(unit).toBe('Day');
  expect(rows.map(({ name, responseCount, usage }) => [name, responseCount, usage.costUsd])).toEqual([
    ['2026-02-26', 0, null],
    ['2026-02-27', 2, 1],
    ['2026-02-28', 0, null],
    ['2026-03-01', 0, null],
  ]);
});

test('all days begin at the first that has usage', () => {
  const groups = [group({ day: '2026-02-28' }), group({ day: '2026-03-01' })];
  expect(rowsByDay(groups, null, NOW).rows.map(({ name }) => name)).toEqual(['2026-02-28', '2026-03-01']);
});

test('many days are added up by months, and said to be months', () => {
  const groups = [
    group({ day: '2025-10-30' }),
    group({ day: '2025-10-31' }, null),
    group({ day: '2026-03-01' }),
  ];
  const { unit, rows } = rowsByDay(groups, null, NOW);
  expect(unit).toBe('Month');
  expect(rows.map(({ name, responseCount, usage }) => [name, responseCount, usage.costUsd])).toEqual([
    ['2025-10', 4, 1],
    ['2025-11', 0, null],
    ['2025-12', 0, null],
    ['2026-01', 0, null],
    ['2026-02', 0, null],
    ['2026-03', 2, 1],
  ]);
  expect(rows[0]?.usage).toMatchObject({ inputTokens: 20, outputTokens: 10, cacheReadTokens: 16 });
});

test('groups are named by what they are divided by, and where there is no name', () => {
  const groups = [group({ agentName: 'coder' }), group({})];
  expect(rowsBy('agent', groups).map(({ key, name }) => [key, name])).toEqual([
    ['coder', 'coder'],
    ['', 'no agent'],
  ]);
});
