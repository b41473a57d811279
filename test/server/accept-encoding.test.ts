import { expect, test } from 'vitest';
import { type Encoding, negotiateEncoding } from '../../src/server/accept-encoding.ts';

test.each<[string | null, Encoding | null]>([
  [null, 'identity'],
  ['', 'identity'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['GZip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['br', 'br'],
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip, deflate', 'gzip'],
  ['deflate, zstd', 'identity'],
  ['br;q=0.5, gzip;q=0.8', 'gzip'],
  ['br;q=.5, gzip;q=1', 'gzip'],
  ['br ; q = 0.5 , gzip ; q = 0.8', 'gzip'],
  ['gzip;q=1.0,deflate;q=0.6,identity;q=0.3', 'gzip'],
  ['gzip;q=0.3, identity;q=0.6', 'identity'],
  ['gzip, identity', 'gzip'],
  ['gzip;q=0', 'identity'],
  ['gzip;q=0.000', 'identity'],
  ['br;q=0, gzip;q=0.001', 'gzip'],
  ['*', 'br'],
  ['br;q=0, *', 'gzip'],
  ['*;q=0', null],
  ['*;q=0, identity', 'identity'],
  ['*;q=0, gzip', 'gzip'],
  ['identity;q=0', null],
  ['identity;q=0, gzip', 'gzip'],
  ['identity;q=0, deflate', null],
  ['gzip;q=x, br;q=0.1', 'br'],
  ['gzip;q=1.5, br;q=0.1', 'br'],
  [',,', 'identity'],
])('of br, gzip and the plain text, Accept-Encoding: %s prefers %s', (header, expected) => {
  expect(negotiateEncoding(header, ['br', 'gzip', 'identity'])).toBe(expected);
});
