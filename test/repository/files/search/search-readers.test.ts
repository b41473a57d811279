import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { Readers } from '../../../../src/repository/files/search/readers.ts';
import { SearchIndex } from '../../../../src/repository/files/search/search-index.ts';
import { temporaryDirectory } from '../../../support/repository.ts';

function write(path: string, text: string): void {
  SearchIndex.remove(path);
  const database = new DatabaseSync(path);
  database.exec(`CREATE TABLE texts (text); INSERT INTO texts VALUES ('${text}')`);
  database.close();
}

test('a reader that was at work when its file was thrown away reads the new one afterwards', async () => {
  const path = join(await temporaryDirectory(), 'search.db');
  write(path, 'old');
  const readers = new Readers(path);
  const read = () => readers.use(null, async ({ statements }) => statements.column('SELECT text FROM texts'));
  await readers.use(null, async ({ statements }) => {
    expect(statements.column('SELECT text FROM texts')).toEqual(['old']);
    readers.close();
    write(path, 'new');
  });
  expect(await read()).toEqual(['new']);
  readers.close();
});
