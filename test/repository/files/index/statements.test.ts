import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { Statements } from '../../../../src/repository/files/index/statements.ts';

/** Opens a database with a table of three rows. */
function openStatements(): Statements {
  const database = new DatabaseSync(':memory:');
  onTestFinished(() => database.close());
  const statements = new Statements(database);
  statements.exec(
    "CREATE TABLE pairs (n INTEGER, word TEXT); INSERT INTO pairs VALUES (1, 'a'), (2, 'b'), (3, NULL)",
  );
  return statements;
}

const ALL = 'SELECT * FROM pairs ORDER BY n';

test('rows are ordinary objects, by the names of their columns', () => {
  const statements = openStatements();
  expect(statements.all(ALL)).toStrictEqual([
    { n: 1, word: 'a' },
    { n: 2, word: 'b' },
    { n: 3, word: null },
  ]);
  expect(statements.get(`${ALL} LIMIT 1`)).toStrictEqual({ n: 1, word: 'a' });
  expect(statements.get('SELECT * FROM pairs WHERE n = ?', 9)).toBeUndefined();
  const odd = statements.get<object>('SELECT word AS "__proto__", n AS "a b" FROM pairs WHERE n = 1')!;
  expect(Object.entries(odd)).toEqual([
    ['__proto__', 'a'],
    ['a b', 1],
  ]);
});

test('of columns with one name, the last is shown', () => {
  expect(openStatements().get('SELECT 1 AS n, 2 AS m, 3 AS n')).toStrictEqual({ n: 3, m: 2 });
});

test('a column is the first value of each row, also where whole rows were asked for with the same words', () => {
  const statements = openStatements();
  expect(statements.all(ALL)).toHaveLength(3);
  expect(statements.column(ALL)).toEqual([1, 2, 3]);
  expect(statements.column('SELECT max(n) FROM pairs')).toEqual([3]);
  expect(statements.all(ALL)[0]).toEqual({ n: 1, word: 'a' });
});

test('rows that are iterated are read as they are asked for, beside others with the same words', () => {
  const statements = openStatements();
  const seen: unknown[] = [];
  for (const row of statements.iterate<{ n: number }>(ALL)) {
    seen.push(row.n, statements.all(ALL).length, ...[...statements.iterate(ALL)].slice(2));
    if (row.n === 2) break;
  }
  expect(seen).toEqual([1, 3, { n: 3, word: null }, 2, 3, { n: 3, word: null }]);
});

test('an iteration that is broken off holds nothing: the table can be dropped', () => {
  const statements = openStatements();
  for (const _ of statements.iterate(ALL)) break;
  statements.exec('DROP TABLE pairs');
  expect(() => statements.get(ALL)).toThrow('no such table');
});

test('a statement may write and answer with what it wrote', () => {
  const statements = openStatements();
  expect(statements.get("INSERT INTO pairs VALUES (4, 'd') RETURNING n, word")).toStrictEqual({
    n: 4,
    word: 'd',
  });
  statements.run('DELETE FROM pairs WHERE n < ?', 4);
  expect(statements.column(ALL)).toEqual([4]);
});
