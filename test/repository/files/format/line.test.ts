import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeLine,
  encodeLine,
  encodeLongLine,
  SEAL_BYTES,
  sealLine,
  splitLines,
} from '../../../../src/repository/files/format/line.ts';

const records = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 });

/** Returns `bytes` in chunks of `size`, like reads of a file. */
const chunks = (bytes: Buffer, size: number) => (offset: number) => bytes.subarray(offset, offset + size);

describe('a line', () => {
  it('reads back as it was written', () => {
    fc.assert(
      fc.property(records, (record) => {
        const line = encodeLine(record);
        expect(line.indexOf('\n')).toBe(line.length - 1);
        const { crc: _, ...read } = (decodeLine(line.subarray(0, -1)) as { record: Record<string, unknown> })
          .record;
        expect(JSON.stringify(read)).toBe(JSON.stringify({ ...record, crc: undefined }));
      }),
    );
  });

  it('that is no UTF-8 is refused, though its checksum holds', () => {
    const line = encodeLine({ a: 'x' }).subarray(0, -1);
    line[line.indexOf('x')] = 0xff;
    sealLine(line, 0, line.length - SEAL_BYTES + 1);
    expect(decodeLine(line)).toEqual({ fault: 'the line is not UTF-8, though its checksum holds' });
  });

  it('is refused whichever bit of it is flipped', () => {
    const line = encodeLine({ seq: 12, content: 'ok — 数据' }).subarray(0, -1);
    for (let bit = 0; bit < line.length * 8; bit += 1) {
      const flipped = Buffer.from(line);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(decodeLine(flipped), `bit ${bit}`).toHaveProperty('fault');
    }
  });

  it.each(['', '{}', 'null', '{"a":1}', `${'\0'.repeat(64)}`, '{"a":1,"crc":"00000000"}'])(
    'is not %j',
    (text) => {
      expect(decodeLine(Buffer.from(text))).toHaveProperty('fault');
    },
  );
});

it('a long line is encoded in steps as it would be at once', async () => {
  const ids = (count: number) => Array.from({ length: count }, (_, n) => ({ id: `ü${n}`, none: undefined }));
  const records = [0, 1, 999, 1_000, 1_001, 2_500].map((count) => ({
    seq: 1,
    none: undefined,
    'a "name"': ids(count),
    last: ids(3),
  }));
  for (const record of records) expect(await encodeLongLine(record)).toEqual(encodeLine(record));
});

describe('splitting into lines', () => {
  it('gives the same lines whatever the chunks, and their places', () => {
    const lines = fc.array(
      fc.string().map((text) => Buffer.from(text.replaceAll('\n', ' '))),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 40 }), fc.boolean(), (wanted, size, terminated) => {
        const whole = Buffer.concat(wanted.flatMap((line) => [line, Buffer.from('\n')]));
        const bytes = terminated ? whole : whole.subarray(0, -1);
        const found = [...splitLines(chunks(bytes, size))].map((line) => ({
          ...line,
          bytes: Buffer.from(line.bytes!),
        }));
        for (const { bytes: line, offset } of found) {
          expect(bytes.subarray(offset, offset + line.length)).toEqual(line);
        }
        const text = found.map((line) => line.bytes.toString() + (line.terminated ? '\n' : '')).join('');
        expect(text).toBe(bytes.toString());
        expect(found.map(({ number }) => number)).toEqual(found.map((_, n) => n + 1));
      }),
    );
  });
});
