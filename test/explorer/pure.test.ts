import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { age, cost, shortCount, size } from '../../src/explorer/parts/format.ts';
import { visible } from '../../src/explorer/parts/visible.ts';
import { windowAround } from '../../src/explorer/transcript/window.ts';

describe('the window of positions that have rows', () => {
  test('has the reader well within it, is no larger than 5,000, and stays within the history', () => {
    fc.assert(
      fc.property(fc.nat(200_000), fc.nat(200_000), (length, at) => {
        const position = Math.min(at, Math.max(length - 1, 0));
        const { start, end, isAtEnd } = windowAround(position, length);
        expect(start).toBeGreaterThanOrEqual(0);
        expect(end).toBeLessThanOrEqual(length);
        expect(end - start).toBe(Math.min(length, 5_000));
        expect(isAtEnd).toBe(end === length);
        expect(position - start >= 2_000 || start === 0 || isAtEnd).toBe(true);
        expect(end - position >= 2_000 || isAtEnd).toBe(true);
      }),
    );
  });

  test('stays while the reader is away from its borders, and moves near one', () => {
    const present = windowAround(50_000, 100_000);
    expect(windowAround(51_000, 100_000, present)).toBe(present);
    expect(windowAround(52_100, 100_000, present)).toMatchObject({ start: 49_600 });
    expect(windowAround(47_900, 100_000, present)).toMatchObject({ start: 45_400 });
    // The history was rolled back.
    expect(windowAround(10, 20, present)).toEqual({ start: 0, end: 20, isAtEnd: true });
  });
});

test('characters that cannot be seen, or change the order of others, are shown by their numbers', () => {
  expect(visible('a\u202eb\u0000c\u200bd\ufeff')).toBe('a⟨202E⟩b⟨0000⟩c⟨200B⟩d⟨FEFF⟩');
  expect(visible('lines\r\nand\ttabs 👩‍🚀 می‌خواهم Ü')).toBe('lines\nand\ttabs 👩‍🚀 می‌خواهم Ü');
});

test('numbers are as short as they can be read', () => {
  expect([0, 999, 9_999, 12_345, 4_100_000, 2_340_000_000].map(shortCount)).toEqual([
    '0',
    '999',
    '9,999',
    '12.3 k',
    '4.1 M',
    '2.3 G',
  ]);
  expect([null, 0, 0.004, 6.4, 1_234.5].map(cost)).toEqual(['–', '$0.00', '$0.0040', '$6.40', '$1,234.50']);
  expect([5, 1_500, 152_000, 2_000_000].map(size)).toEqual(['5 B', '1.5 kB', '152 kB', '2.0 MB']);
});

test('ages are told in the largest unit', () => {
  const now = Date.UTC(2026, 10, 30);
  const ago = (minutes: number) => age(new Date(now - minutes * 60_000).toISOString(), now);
  expect([0.5, 2, 90, 24 * 60, 3 * 24 * 60].map(ago)).toEqual(['now', '2 min', '1 h', 'yesterday', '3 days']);
  expect(ago(400 * 24 * 60)).toMatch(/2025/);
});

test('an address says all that the page shows, and is understood again', async () => {
  vi.stubGlobal('location', new URL('http://localhost/explorer/'));
  vi.stubGlobal('addEventListener', () => {});
  const { formatAddress, NO_FILTER, parseAddress, USAGE_DIMENSIONS, USAGE_PERIODS } = await import(
    '../../src/explorer/address.ts'
  );
  const text = fc.string({ unit: 'grapheme', minLength: 1 });
  // As parts of a path, these two lead elsewhere, however they are written. No session has them as its id.
  const id = text.filter((given) => given !== '.' && given !== '..');
  const optional = fc.option(text);
  const filter = fc.record({
    title: optional,
    status: optional,
    project: optional,
    user: optional,
    archived: fc.boolean(),
    damaged: fc.boolean(),
  });
  const base = {
    page: 'trees',
    sessionId: null,
    messageId: null,
    treeView: 'tree',
    sessionView: 'transcript',
    query: '',
    within: null,
    compared: null,
    rootId: null,
    filter: NO_FILTER,
    usageBy: 'day',
    usageDays: 30,
  } as const;
  const addresses = fc.oneof(
    filter.map((given) => ({ ...base, filter: given })),
    fc
      .tuple(id, optional, optional, fc.boolean(), fc.boolean())
      .map(([rootId, sessionId, messageId, isTimeline, isDetails]) => ({
        ...base,
        ...{ rootId, sessionId, messageId },
        treeView: isTimeline ? ('timeline' as const) : ('tree' as const),
        sessionView: isDetails ? ('details' as const) : ('transcript' as const),
      })),
    fc.tuple(text, optional).map(([query, within]) => ({ ...base, page: 'search' as const, query, within })),
    fc
      .tuple(fc.constantFrom(...USAGE_DIMENSIONS), fc.constantFrom(...USAGE_PERIODS, null))
      .map(([usageBy, usageDays]) => ({ ...base, page: 'usage' as const, usageBy, usageDays })),
    fc.tuple(id, id).map((compared) => ({ ...base, page: 'compare' as const, compared })),
  );
  fc.assert(
    fc.property(addresses, (address) => {
      expect(parseAddress(new URL(formatAddress(address), 'http://localhost'))).toEqual(address);
    }),
  );
  for (const odd of [
    '/explorer/t/%E0%A4%A',
    '/explorer/t/',
    '/explorer/compare/a',
    '/explorer/nothing/x?view=odd',
  ])
    expect(() => parseAddress(new URL(odd, 'http://localhost'))).not.toThrow();
  vi.unstubAllGlobals();
});
