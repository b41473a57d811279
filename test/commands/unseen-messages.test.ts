import type { Message, SessionChange, SessionChangeKind } from '@sessiontree/client';
import { expect, test } from 'vitest';
import { UnseenMessages } from '../../src/commands/unseen-messages.ts';

function change(
  kind: SessionChangeKind,
  sessionId: string,
  positions: readonly number[] = [],
): SessionChange {
  const messages = positions.map((position) => ({ position }) as Message);
  return {
    kind,
    sessionId,
    session: null,
    formerParentId: null,
    fromPosition: positions[0] ?? null,
    messages,
  };
}

function batch(changes: readonly SessionChange[], isUpToDate = true) {
  return { changes, isUpToDate, isReset: false, cursor: '' };
}

const positionsIn = (changes: readonly SessionChange[]) =>
  changes.map(({ messages }) => messages.map(({ position }) => position));

test('a message that comes again is left out, and a change that has no other', () => {
  const unseen = new UnseenMessages();
  expect(positionsIn(unseen.of(batch([change('APPENDED', 'a', [0, 1])])))).toEqual([[0, 1]]);
  expect(positionsIn(unseen.of(batch([change('APPENDED', 'a', [1, 2])])))).toEqual([[2]]);
  expect(unseen.of(batch([change('APPENDED', 'a', [2])]))).toEqual([]);
});

test('a message that comes again several batches later is left out, if none of them was up to date', () => {
  const unseen = new UnseenMessages();
  unseen.of(batch([change('APPENDED', 'a', [0, 1])], false));
  unseen.of(batch([change('APPENDED', 'b', [0])], false));
  expect(unseen.of(batch([change('APPENDED', 'a', [1])]))).toEqual([]);
});

test('messages in the place of dropped ones are shown', () => {
  const unseen = new UnseenMessages();
  unseen.of(batch([change('APPENDED', 'a', [0, 1])]));
  const again = unseen.of(batch([change('TRUNCATED', 'a'), change('APPENDED', 'a', [1])]));
  expect(positionsIn(again)).toEqual([[], [1]]);
});

test('a session is remembered until a batch is up to date, or the session is gone', () => {
  const unseen = new UnseenMessages();
  for (const id of ['a', 'b', 'c']) unseen.of(batch([change('APPENDED', id, [0])], false));
  expect(unseen.size).toBe(3);
  unseen.of(batch([change('DELETED', 'a'), change('LEFT', 'b')], false));
  expect(unseen.size).toBe(1);
  unseen.of(batch([change('APPENDED', 'd', [0])]));
  expect(unseen.size).toBe(1);
  unseen.of(batch([]));
  expect(unseen.size).toBe(0);
});
