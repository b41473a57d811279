import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { childrenCursor, descendantsCursor, sessionsCursor } from '../../src/schema/cursor.ts';

/** A cursor with a correct checksum: a client can make one from any text. */
function forge(text: string): string {
  const json = Buffer.from(text);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(json));
  return Buffer.concat([checksum, json]).toString('base64url');
}

const STORE = { storeId: 'store' };
/** The first four characters of the SHA-256 of "store" in base64url. */
const TAG = 'gk2A';
const childrenOfA = childrenCursor(STORE, 'a');

test('the forgery of a whole cursor is one', () => {
  expect(forge(`["${TAG}","children of session \\"a\\"",7]`)).toBe(childrenOfA.encode(7));
});

test.each([
  'not json',
  '"a string"',
  '{}',
  '[]',
  '[7]',
  '[null,7]',
  '[null]',
  '[{"toString":1},7]',
  '["gk2A",7]',
  '["gk2A"]',
])('a cursor that holds %s is refused', (text) => {
  expect(() => childrenOfA.decode(forge(text), 'after')).toThrow(/^after: expected a cursor/);
});

test.each(['"7"', '-1', '1.5', '1e300', 'null', '[7]', '{}'])(
  'a key of %s is refused where a count belongs',
  (key) => {
    const cursor = forge(`["${TAG}","children of session \\"a\\"",${key}]`);
    expect(() => childrenOfA.decode(cursor, 'after')).toThrow(/damaged/);
  },
);

test.each(['7', '"../a"', '""', 'null'])('a key of %s is refused where an id belongs', (key) => {
  const cursor = forge(`["${TAG}","descendants of session \\"a\\"",${key}]`);
  expect(() => descendantsCursor(STORE, 'a').decode(cursor, 'after')).toThrow(/damaged/);
});

test.each(['1', '"1",2', '1,"2"', '1.5,2', '1,-2', 'null,null'])(
  'a key of %s is refused where a time and a sequence belong',
  (key) => {
    const cursor = forge(`["${TAG}","sessions ordered by CREATED_AT ASC",${key}]`);
    const order = { field: 'CREATED_AT', direction: 'ASC' } as const;
    expect(() => sessionsCursor(STORE, order).decode(cursor, 'after')).toThrow(/damaged/);
  },
);
