import { expect, test } from 'vitest';
import { type ComparedMessage, commonLength, copiedLength } from '../../src/explorer/compare/common.ts';

const says = (position: number, content: string, more: Partial<ComparedMessage> = {}): ComparedMessage => ({
  position,
  role: 'USER',
  name: null,
  content,
  contentLength: content.length,
  toolCalls: [],
  ...more,
});
const session = (historyLength: number, from: string | null = null, copied = 0) => ({
  historyLength,
  forkedFrom: from === null ? null : { sessionId: from, historyLength: copied },
});

test('a fork has what it copied in common with its origin, whichever comes first', () => {
  expect(copiedLength(['origin', 'fork'], [session(9), session(7, 'origin', 5)])).toBe(5);
  expect(copiedLength(['fork', 'origin'], [session(7, 'origin', 5), session(9)])).toBe(5);
});

test('two forks of one session have the shorter copy in common', () => {
  expect(copiedLength(['a', 'b'], [session(9, 'origin', 8), session(7, 'origin', 5)])).toBe(5);
});

test('what was rolled back is not in common any more', () => {
  expect(copiedLength(['origin', 'fork'], [session(3), session(7, 'origin', 5)])).toBe(3);
});

test('sessions that are not forks of each other copied nothing', () => {
  expect(copiedLength(['a', 'b'], [session(9, 'x', 4), session(7, 'y', 5)])).toBe(0);
  expect(copiedLength(['a', 'b'], [session(9), session(7)])).toBe(0);
});

test('messages are in common until the first that differs', () => {
  const a = [says(0, 'one'), says(1, 'two'), says(2, 'three')];
  const b = [says(0, 'one'), says(1, 'zwei'), says(2, 'three')];
  expect(commonLength(a, b, 0, 3)).toBe(1);
});

const DIFFERENCES: readonly (readonly [string, Partial<ComparedMessage>])[] = [
  ['role', { role: 'ASSISTANT' }],
  ['whole length, of a text that was cut', { contentLength: 5_000 }],
  ['tool calls', { toolCalls: [{ toolCallId: 'c', name: 'bash' }] }],
];

test.each(DIFFERENCES)('messages of another %s differ', (_, more) => {
  expect(commonLength([says(4, 'same')], [says(4, 'same', more)], 4, 1)).toBe(0);
});

test('a damaged message equals a damaged one, and no other', () => {
  expect(commonLength([says(1, 'two')], [says(1, 'two')], 0, 2)).toBe(2);
  expect(commonLength([says(0, 'one'), says(1, 'two')], [says(1, 'two')], 0, 2)).toBe(0);
});
