import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { openPostgresRepository } from '../../../src/repository/postgres/open.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { CommitProxy, CUTS, type Cut } from '../../support/postgres/commit-proxy.ts';
import { useStoreDatabase } from './store.ts';

const database = useStoreDatabase();

beforeEach(() => database.renew());

/** A store whose connection is lost at the next COMMIT after `lose`. */
async function openBehindProxy() {
  const url = new URL(database.url);
  let next: Cut | null = null;
  let commits = 0;
  const proxy = await CommitProxy.open(Number(url.port), () => {
    commits += 1;
    const cut = next;
    next = null;
    return cut;
  });
  url.port = `${proxy.port}`;
  const repository = await openPostgresRepository({ url: url.href });
  onTestFinished(async () => {
    await repository.close();
    proxy.close();
  });
  // The start ends with a look for what is to be removed, in the background: the COMMIT that is lost must not be that one's.
  const ofStart = commits;
  await expect.poll(() => commits).toBeGreaterThan(ofStart);
  const lose = (cut: Cut) => {
    next = cut;
  };
  return { repository, proxy, lose };
}

/** Each would be refused if it were done a second time. */
const MUTATIONS: Readonly<Record<string, (repository: SessionRepository) => Promise<unknown>>> = {
  'a root with an id': (repository) => repository.create({ id: 'new' }),
  'a child with an id': (repository) => repository.create({ id: 'new', parentId: 'root' }),
  'a message with a key': (repository) =>
    repository.writeHistory(
      { sessionId: 'root', messages: [{ role: 'USER', content: 'Hi', key: 'k' }], onKey: 'ERROR' },
      { messages: null, removed: null },
    ),
  // A key is looked for, so that the append is more than one statement: plain ones have tests of their own.
  'an append to a version': (repository) =>
    repository.append({
      sessionId: 'root',
      messages: [{ role: 'USER', content: 'Hi', key: 'k' }],
      expectedVersion: 1,
    }),
  'a fork with an id': (repository) => repository.fork({ sessionId: 'root', id: 'new', asRoot: false }),
  'a deletion': (repository) => repository.delete({ sessionId: 'child', mode: 'RESTRICT' }),
  'appends that share a commit': async (repository) => {
    const append = (n: number) =>
      repository.append({
        sessionId: 'root',
        messages: [{ role: 'USER', content: `${n}` }],
        ...(n === 1 && { expectedVersion: 2 }),
      });
    const answers = await Promise.allSettled([append(0), append(1), append(2)]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    const [session] = await repository.findMany(['root']);
    expect(session).toMatchObject({ historyLength: 3, version: 4 });
  },
};

describe.each(CUTS)('a connection that is lost at COMMIT (%s)', (cut) => {
  it.each(Object.keys(MUTATIONS))('is not noticed: %s', async (name) => {
    const { repository, proxy, lose } = await openBehindProxy();
    await repository.create({ id: 'root' });
    await repository.create({ id: 'child', parentId: 'root' });
    lose(cut);
    await MUTATIONS[name]!(repository);
    expect(proxy.cuts[cut]).toBe(1);
  });

  it('is told to a reader, who can try again', async () => {
    const { repository, proxy, lose } = await openBehindProxy();
    const mark = await repository.mark();
    await repository.create({ id: 'root' });
    const read = () => repository.changesSince({ within: null, after: mark, limit: 5 });
    lose(cut);
    await expect(read()).rejects.toMatchObject({ name: 'StorageError', isRetryable: true });
    expect(proxy.cuts[cut]).toBe(1);
    expect((await read()).changes).toMatchObject([{ sessionId: 'root' }]);
  });
});
