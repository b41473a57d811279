import { readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { openFileRepositoryForReading } from '../../../../src/repository/files/open.ts';
import { contents, exchange, TestStore } from '../store.ts';

let store: TestStore;

beforeEach(async () => {
  store = await TestStore.make();
  await store.during(async (repository) => {
    for (const id of ['a', 'b', 'c']) await repository.create({ id });
    for (const id of ['a', 'b', 'c']) await repository.append({ sessionId: id, messages: exchange(1) });
  });
});

/** Opens the store for reading. Returns the messages of "a" and "b", and whether all files were read. */
async function read() {
  let areAllRead = false;
  const onProgress = () => {
    areAllRead = true;
  };
  const reader = await openFileRepositoryForReading({ directory: store.directory, onProgress });
  onTestFinished(() => reader.close());
  const sessions = await reader.findMany(['a', 'b']);
  const said = await Promise.all(['a', 'b'].map((id) => contents(reader as never, id)));
  return { areAllRead, titles: sessions.map((session) => session?.damage.length), said };
}

const noise = (bytes: Buffer, at: number) => Buffer.from(bytes).fill('noise', at, at + 5);
const DAMAGES: Record<string, (bytes: Buffer) => Buffer> = {
  'a line damaged': (bytes) => noise(bytes, bytes.length - 40),
  'its first line damaged': (bytes) => noise(bytes, 20),
  'its end cut off': (bytes) => bytes.subarray(0, bytes.indexOf(0x0a) + 1),
  emptied: () => Buffer.alloc(0),
};

it.each(Object.keys(DAMAGES))(
  'a store with strays and a file that has %s is read by its index, until the file is put back',
  async (damage) => {
    const good = readFileSync(store.sessionFile('a'));
    store.edit('a', DAMAGES[damage]!);
    writeFileSync(store.path('sessions', 'stray'), 'x');
    await store.during(async (repository) => {
      await contents(repository, 'a');
    });
    await store.during(async () => {});
    const [, ofB] = (await read()).said;
    expect(ofB).toEqual(['question 1', 'answer 1']);
    expect((await read()).areAllRead).toBe(false);
    writeFileSync(store.sessionFile('a'), good);
    expect(await read()).toMatchObject({ titles: [0, 0], said: [ofB, ofB] });
  },
);
