import { afterAll, expect, test } from 'vitest';
import { undoAll } from '../torture/undo.ts';
import { fuzz } from './fuzz.ts';

/* The short form; `npm run fuzz` is the long one. */

afterAll(undoAll);

test('two users at once meet no bug, and see nothing of each other, whatever they send', async () => {
  const { faults, counts } = await fuzz({ seed: 27, rounds: 40, isOver: () => false });
  expect(faults).toEqual([]);
  // The requests were not all refused.
  expect(counts.get('200 ok')).toBeGreaterThan(30);
  expect(counts.get('401 UNAUTHENTICATED')).toBeGreaterThan(30);
}, 120_000);
