import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { vacuumInThread } from '../../../../src/repository/files/index/vacuum.ts';
import { temporaryDirectory } from '../../../support/repository.ts';

it('a database that was vacuumed has nothing of deleted rows, which SQLite leaves in pages that were divided', async () => {
  const path = join(await temporaryDirectory(), 'a.db');
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA secure_delete = ON');
  database.exec(
    'CREATE TABLE t (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, title TEXT, note TEXT); CREATE INDEX titles ON t (title)',
  );
  const tokens = Array.from(
    { length: 12_000 },
    (_, n) => `T${createHash('md5').update(`${n}`).digest('hex')}`,
  );
  const insertion = database.prepare('INSERT INTO t VALUES (?, ?, ?, ?)');
  const growth = database.prepare('UPDATE t SET note = ? WHERE seq = ?');
  const deletion = database.prepare('DELETE FROM t WHERE seq = ?');
  database.exec('BEGIN');
  for (const [n, token] of tokens.entries())
    insertion.run(n, token.slice(9), token, token + 'y'.repeat(n % 700));
  for (const [n, token] of tokens.entries())
    if (n % 7 === 0) growth.run(token + 'z'.repeat((n * 13) % 900), n);
  for (const [n] of tokens.entries()) if (n % 3 === 0) deletion.run(n);
  database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
  const left = () => {
    const there = new Set(readFileSync(path, 'latin1').match(/T[0-9a-f]{32}/g));
    return tokens.filter((token, n) => n % 3 === 0 && there.has(token)).length;
  };
  expect(left()).toBeGreaterThan(0);
  await vacuumInThread(path);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  expect(left()).toBe(0);
  expect(database.prepare('SELECT count(*) AS n FROM t').get()).toEqual({ n: 8_000 });
  database.close();
});
