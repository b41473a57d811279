import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { isSessionId, messageId, newSessionId, parseMessageId } from '../../src/model/id.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const sessionId = () =>
  fc
    .tuple(
      fc.constantFrom(...LETTERS),
      fc.string({ unit: fc.constantFrom(...LETTERS, '.', '_', '-'), maxLength: 127 }),
    )
    .map(([first, rest]) => first + rest);

describe('a session id', () => {
  it('is letters, digits, ".", "_" and "-", the first a letter or digit, 128 at most', () => {
    fc.assert(fc.property(sessionId(), isSessionId));
    for (const id of ['a', '0', 'planner-main', 'A..', 'a'.repeat(128)]) expect(isSessionId(id)).toBe(true);
  });

  it.each([
    '',
    'a'.repeat(129),
    '.hidden',
    '..',
    '-rf',
    '_a',
    'a/b',
    '../a',
    'a\\b',
    'a b',
    'a:0',
    'a\n',
    '\na',
    'a\0',
    'ä',
    '\u212a', // KELVIN SIGN: lower-cased it would be "k"
    42,
    null,
    undefined,
    ['a'],
  ])('is not %j', (value) => {
    expect(isSessionId(value)).toBe(false);
  });

  it('that is new is a UUIDv7 and no other', () => {
    const ids = Array.from({ length: 10_000 }, newSessionId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(isSessionId(id)).toBe(true);
    }
  });

  it('that is new comes after all before it, also where the clock steps back', () => {
    const now = Date.now();
    const ids = Array.from({ length: 10_000 }, newSessionId);
    vi.useFakeTimers({ now: now - 60_000 });
    try {
      ids.push(...Array.from({ length: 1_000 }, newSessionId));
    } finally {
      vi.useRealTimers();
    }
    expect(ids.toSorted()).toEqual(ids);
  });

  it('that is new says when it was made, to the millisecond', () => {
    vi.useFakeTimers({ now: Date.now() + 3_600_000 });
    try {
      const time = Number.parseInt(newSessionId().replace('-', '').slice(0, 12), 16);
      expect(time).toBe(Date.now());
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a message id', () => {
  it('is the session id, a colon and the ordinal, and is read back as that', () => {
    expect(messageId({ sessionId: 'planner-main', ordinal: 7 })).toBe('planner-main:7');
    fc.assert(
      fc.property(sessionId(), fc.maxSafeNat(), (id, ordinal) => {
        expect(parseMessageId(messageId({ sessionId: id, ordinal }))).toStrictEqual({
          sessionId: id,
          ordinal,
        });
      }),
    );
  });

  it('is written in one way only: what is read back is the text that was given', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom('a', '0', '1', '9', ':', '.', '-', '+', 'e', ' ', '\n') }),
    );
    fc.assert(
      fc.property(text, (id) => {
        const ref = parseMessageId(id);
        if (ref) expect(messageId(ref)).toBe(id);
      }),
    );
  });

  it.each([
    '',
    'a',
    'a:',
    ':0',
    'a:-1',
    'a:01',
    'a:+1',
    'a:1.0',
    'a:1e3',
    'a: 1',
    'a:1 ',
    'a:1\n',
    'a:b:1',
    '../a:1',
    'a:9007199254740992',
    'a:99999999999999999',
    'a:١',
  ])('is not %j', (id) => {
    expect(parseMessageId(id)).toBeNull();
  });
});
