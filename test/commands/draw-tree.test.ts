import { expect, test } from 'vitest';
import type { SessionTree } from '../../packages/client/src/index.ts';
import { ageOf, drawTree } from '../../src/commands/draw-tree.ts';
import { isUtf8, oneLine, widthOf } from '../../src/commands/terminal-text.ts';

test.each([
  ['2026-03-01T12:00:00.000Z', 'now'],
  // The clocks of two machines differ.
  ['2026-03-01T12:00:05.000Z', 'now'],
  ['2026-03-01T11:59:00.000Z', '1 min'],
  ['2026-03-01T11:00:00.001Z', '59 min'],
  ['2026-03-01T11:00:00.000Z', '1 h'],
  ['2026-02-27T12:00:01.000Z', '47 h'],
  ['2026-02-27T12:00:00.000Z', '2 d'],
])('what was active at %s was so %s', (time, age) => {
  expect(ageOf(time, Date.parse('2026-03-01T12:00:00.000Z'))).toBe(age);
});

test.each([
  ['', 0],
  ['abc', 3],
  ['日本', 4],
  ['e\u0301', 1],
  ['🧵', 2],
  ['👩‍👩‍👧', 2],
  ['✓', 1],
])('%j takes %i columns', (text, width) => {
  expect(widthOf(text)).toBe(width);
});

test('a text is put on one line, and cut between characters', () => {
  expect(oneLine(' a\n\tb ', 10, '…')).toBe('a b');
  expect(oneLine('日本語', 6, '…')).toBe('日本語');
  expect(oneLine('日本語', 5, '…')).toBe('日本…');
  expect(oneLine('日本語', 4, '…')).toBe('日…');
  expect(oneLine('abcdef', 5, '...')).toBe('ab...');
});

test.each([
  [{ LANG: 'en_US.UTF-8' }, true],
  [{ LANG: 'en_US.UTF-8', LC_CTYPE: 'C' }, false],
  [{ LC_ALL: 'C.utf8', LANG: 'C' }, true],
  [{ LC_ALL: '', LANG: 'de_DE.UTF-8' }, true],
  [{}, false],
])('the locale of %j is UTF-8: %j', (env, expected) => {
  expect(isUtf8(env, 'linux')).toBe(expected);
});

const ZERO = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };

test('a tree can be deep and wide', () => {
  const at = new Date(0).toISOString();
  const session = (id: string) =>
    ({
      id,
      title: id,
      status: 'IDLE',
      archivedAt: null,
      historyLength: 0,
      childCount: 1,
      lastActiveAt: at,
      usage: { ...ZERO, costUsd: 0.1 },
      children: [],
    }) as unknown as SessionTree;
  const root = session('root');
  let deepest = root;
  for (let depth = 1; depth <= 2_000; depth += 1) {
    const child = session(`level-${depth}`);
    deepest.children.push(child);
    deepest = child;
  }
  deepest.children.push(...Array.from({ length: 3_000 }, (_, n) => session(`child-${n}`)));
  const paint = (_: string, text: string) => text;
  const drawn = drawTree(root, { words: new Map(), now: 0, paint, hasCost: true });
  expect(drawn).toHaveLength(5_002);
  expect(drawn[1]).toMatch(/\$500\.10 +root$/);
  expect(drawn.at(-1)).toMatch(/^ +└── child-2999 +- .*child-2999$/);
});
