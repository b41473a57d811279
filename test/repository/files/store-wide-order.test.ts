import { expect, test } from 'vitest';
import { openFileRepository } from '../../../src/repository/files/open.ts';
import { temporaryDirectory } from '../../support/repository.ts';

// The contract of a repository asks for no order across trees. FORMAT.md does: `seq` is the order of commits of the whole store.

test('sequence numbers grow from one creation to the next, also over a restart and a deletion', async () => {
  const directory = await temporaryDirectory();
  const sequences: number[] = [];
  for (const _run of ['first', 'second']) {
    await using opened = await openDisposable(directory);
    const { repository } = opened;
    for (let n = 0; n < 3; n += 1) sequences.push((await repository.create({})).sequence);
    const { id, sequence } = await repository.create({});
    sequences.push(sequence);
    await repository.delete({ sessionId: id, mode: 'RESTRICT' });
  }
  expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
});

test('a search gives the newest first of those that are as good, whichever sessions they are in', async () => {
  await using opened = await openDisposable(await temporaryDirectory());
  const { repository } = opened;
  for (const id of ['b', 'a', 'c'])
    await repository.create({ id, messages: [{ role: 'USER', content: 'a fox' }] });
  const { hits } = await repository.search({ query: 'fox', limit: 10 });
  expect(hits.map(({ sessionId }) => sessionId)).toEqual(['c', 'a', 'b']);
});

async function openDisposable(directory: string) {
  const repository = await openFileRepository({ directory });
  return { repository, [Symbol.asyncDispose]: () => repository.close() };
}
