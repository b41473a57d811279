import { expect, it } from 'vitest';
import { applyRecords } from '../../../src/repository/records/apply-record.ts';
import { createRecords } from '../../../src/repository/records/mutation-records.ts';
import { stampOf } from '../../../src/repository/records/record.ts';

const records = createRecords(stampOf(7, new Date('2026-11-24T09:30:00Z'), undefined), 'store-1', {
  id: 'planner',
  title: 'Plan',
  messages: [
    { role: 'USER', content: 'What is next?' },
    { role: 'ASSISTANT', content: 'Tests.', key: 'answer' },
  ],
});

it('records do the same in a store without lines: only where the lines are is not known', () => {
  const places = records.map((_, n) => ({ offset: n * 300, length: 299 }));
  const onLines = applyRecords(null, records, places);
  const { state, effects } = applyRecords(null, records);
  expect({ ...state, size: 0 }).toEqual({ ...onLines.state, size: 0 });
  const placeless = (all: typeof effects) =>
    all.map((each) => ({
      ...each,
      messages: each.messages.map((one) => ({ ...one, offset: 0, length: 0 })),
    }));
  expect(placeless(effects)).toEqual(placeless(onLines.effects));
  expect(effects.flatMap(({ messages }) => messages.map(({ position }) => position))).toEqual([0, 1]);
});

it('a session begins with its creation', () => {
  expect(() => applyRecords(null, records.slice(1))).toThrow('begins with a "create" record');
  expect(() => applyRecords(null, [])).toThrow('at least one record');
});
