import { expect, it } from 'vitest';
import { namingHomes } from '../../../src/repository/postgres/connection/named-homes.ts';

const SQL = 'SELECT 1 FROM sessions s WHERE s.home = ANY($2::int8[]) AND s.sid = $1::int8';

it('names one home, and a few, by the elements of their parameter', () => {
  expect(namingHomes(SQL, [7, [1]])).toBe(
    'SELECT 1 FROM sessions s WHERE s.home = ($2::int8[])[1] AND s.sid = $1::int8',
  );
  const few = namingHomes(SQL, [7, [1, 2]]);
  expect(few).toContain('s.home = ANY(ARRAY[($2::int8[])[1], ($2::int8[])[2],');
  expect(few).toContain('($2::int8[])[16]]) AND');
  expect(namingHomes(SQL, [7, Array.from({ length: 16 }, (_, n) => n)])).toBe(few);
});

it('leaves a statement as it is that names many homes, or none by an array', () => {
  expect(namingHomes(SQL, [7, Array.from({ length: 17 }, (_, n) => n)])).toBe(SQL);
  const others = 'SELECT 1 FROM sessions s WHERE s.home = $1::int8 AND s.sid = ANY($2::int8[])';
  expect(namingHomes(others, [7, [1]])).toBe(others);
});

it('goes by the parameter with the most homes', () => {
  const both = 'SELECT 1 WHERE a.home = ANY($1::int8[]) AND b.home = ANY($2::int8[])';
  expect(namingHomes(both, [[1], [1, 2]])).toContain('a.home = ANY(ARRAY[($1::int8[])[1], ');
});
