import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { say } from '../../contract/store.ts';
import { TestStore } from '../store.ts';

const caughtUp = async (repository: SessionRepository) => {
  while (!(await repository.search({ query: '', limit: 1 })).isComplete);
};

/** The number of rows of each table. */
function counts(store: TestStore): Record<string, number> {
  const database = new DatabaseSync(store.path('search.db'));
  try {
    const tables = ['texts_1', 'wholes_1', 'documents', 'marks'];
    const count = (table: string) => Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()!.n);
    return Object.fromEntries(tables.map((table) => [table, count(table)]));
  } finally {
    database.close();
  }
}

test('what has only a content is in the tables of contents alone, and what is removed is in no table', async () => {
  const store = await TestStore.make();
  const repository = await store.open();
  const messages = [
    say('a fox'),
    say('a fox', { role: 'EVENT' }),
    say('a fox', { role: 'ASSISTANT', reasoning: 'a bear' }),
    say('', { role: 'ASSISTANT', toolCalls: [{ toolCallId: '1', name: 'run' }] }),
    say('…'),
  ];
  for (const id of ['a', 'b']) await repository.create({ id, messages });
  await caughtUp(repository);
  expect(counts(store)).toEqual({ texts_1: 4, wholes_1: 6, documents: 8, marks: 8 });
  await repository.truncate({ sessionId: 'a', keep: 1 }, null);
  await caughtUp(repository);
  expect(counts(store)).toEqual({ texts_1: 3, wholes_1: 3, documents: 5, marks: 5 });
  for (const id of ['a', 'b']) await repository.delete({ sessionId: id, mode: 'RESTRICT' });
  await caughtUp(repository);
  expect(counts(store)).toEqual({ texts_1: 0, wholes_1: 0, documents: 0, marks: 0 });
});
