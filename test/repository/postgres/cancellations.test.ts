import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { openPostgresRepository } from '../../../src/repository/postgres/open.ts';
import { useStoreDatabase } from './store.ts';

const database = useStoreDatabase();

beforeAll(() => database.renew());

it('the cancellation of a read never reaches the next statement of its connection', async () => {
  const repository = await openPostgresRepository({ url: database.url, connections: 1 });
  onTestFinished(() => repository.close());
  await repository.create({ id: 'a' });
  for (let n = 0; n < 200; n += 1) {
    const gone = new AbortController();
    const read = repository.findMany(['a'], { signal: gone.signal }).catch((error) => error);
    // At any moment of the read, and behind it.
    setTimeout(() => gone.abort(new Error('gone')), n % 4);
    await read;
    expect(await repository.findMany(['a'])).toMatchObject([{ id: 'a' }]);
    expect(await repository.count({})).toBe(1);
  }
});
