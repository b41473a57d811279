import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';
import { growTree } from '../support/tree.ts';

test('others are answered while a large answer is put together', async () => {
  const repository = await openTestRepository();
  await growTree(repository, { breadth: 10, depth: 3 });
  const api = createApi(repository);
  const pages = Array.from(
    { length: 40 },
    (_, n) => `p${n}: sessions(first: 1000) { nodes { id title version } }`,
  );
  const answered: string[] = [];
  const large = api.send(`{ ${pages.join(' ')} }`).then((result) => {
    expect(result.errors).toBeUndefined();
    answered.push('large');
  });
  for (let n = 0; n < 3; n += 1) {
    await nextTurn();
    await api.send('{ store { sessionCount } }');
    answered.push('small');
  }
  await large;
  expect(answered).toEqual(['small', 'small', 'small', 'large']);
});
