import { describe, expect, it } from 'vitest';
import { parseTime } from '../../../src/import/agent-session/time.ts';
import { inTimeZone } from './support.ts';

const iso = (text: string) => parseTime(text)?.date.toISOString();

describe('a time of the Python module', () => {
  it('is local time where it has no offset', async () => {
    await inTimeZone('Asia/Kolkata', () => {
      expect(iso('2026-11-22T11:43:37.908791')).toBe('2026-11-22T06:13:37.908Z');
      expect(parseTime('2026-11-22T11:43:37')?.naive).toBe(true);
    });
    await inTimeZone('America/New_York', () => {
      expect(iso('2026-01-15T12:00:00')).toBe('2026-01-15T17:00:00.000Z');
      expect(iso('2026-07-15T12:00:00')).toBe('2026-07-15T16:00:00.000Z');
    });
  });

  it('has its own offset where it names one', async () => {
    await inTimeZone('Asia/Kolkata', () => {
      expect(iso('2026-03-01T10:00:00Z')).toBe('2026-03-01T10:00:00.000Z');
      expect(iso('2026-03-01T10:00:00+02:00')).toBe('2026-03-01T08:00:00.000Z');
      expect(iso('2026-03-01T10:00:00.5-0530')).toBe('2026-03-01T15:30:00.500Z');
      expect(iso('2026-03-01 10:00:00+05:53:28')).toBe('2026-03-01T04:06:32.000Z');
      expect(parseTime('2026-03-01T10:00:00Z')?.naive).toBe(false);
    });
  });

  it('has an offset that clocks have somewhere: at most 14 hours', () => {
    expect(iso('2026-03-01T10:00:00+14:00')).toBe('2026-02-28T20:00:00.000Z');
    expect(iso('2026-03-01T10:00:00-14:00')).toBe('2026-03-02T00:00:00.000Z');
    expect(iso('2026-03-01T10:00:00-00:00')).toBe('2026-03-01T10:00:00.000Z');
  });

  it('is cut to the millisecond, never rounded up, and still ordered by the digits that were cut', () => {
    const earlier = parseTime('2026-03-01T10:00:00.123456Z')!;
    const later = parseTime('2026-03-01T10:00:00.123999Z')!;
    expect(later.date.toISOString()).toBe('2026-03-01T10:00:00.123Z');
    expect(later.date).toEqual(earlier.date);
    expect(later.microseconds - earlier.microseconds).toBe(543);
  });

  it('takes years before 100 and after 9000 as they are', async () => {
    await inTimeZone('UTC', () => {
      expect(iso('0099-01-01T00:00:00')).toBe('0099-01-01T00:00:00.000Z');
      expect(iso('9999-12-31T23:59:59.999999')).toBe('9999-12-31T23:59:59.999Z');
    });
  });

  it.each([
    'yesterday',
    '',
    '2026-03-01',
    '2026-3-1T10:00:00',
    '2026-02-30T10:00:00',
    '2026-13-01T10:00:00',
    '2026-03-01T24:00:00',
    '2026-03-01T10:60:00',
    '2026-03-01T10:00:60',
    '2026-03-01T10:00:61Z',
    '2026-03-00T10:00:00',
    '2026-00-01T10:00:00',
    '2026-04-31T10:00:00Z',
    '2026-03-01T10:00:00+02:60',
    '2026-03-01T10:00:00+99:00',
    '2026-03-01T10:00:00-99:00',
    '2026-03-01T10:00:00+24:00',
    '2026-03-01T10:00:00-15:00',
    '2026-03-01T10:00:00+14:01',
    '2026-03-01T10:00:00+14:00:01',
    '2026-03-01T10:00:00-1430',
    '2026-03-01T10:00:00+05',
    '2026-03-01T10:00:00+5:00',
    '2026-03-01T10:00:00+01:00:60',
    '2026-03-01T10:00:00z',
    '2026-03-01t10:00:00Z',
    '2026-03-01T10:00:00 Z',
    '2026-03-01T10:00:00UTC',
    '2026-03-01T10:00:00.Z',
    '2026-03-01T10:00:00,5Z',
    '+002026-03-01T10:00:00Z',
    '２０２６-03-01T10:00:00Z',
    '2026-03-01T10:00:00 ',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
    '1772355600',
  ])('is refused as %j', (text) => {
    expect(parseTime(text)).toBeNull();
  });
});
