import { expect, test } from 'vitest';
import { openFileRepository } from '../../../../src/repository/files/open.ts';
import { temporaryDirectory } from '../../../support/repository.ts';
import { ALL, PLENTY_OF_BYTES, say } from '../../contract/store.ts';
import { removeIndex } from '../second-reader.ts';

/** More than is kept in memory of a copy. */
const CONTENTS = Array.from({ length: 18 }, (_, n) => `${n} ${'long text, '.repeat(100_000)}`);

test('a fork of a history that does not fit into memory has every message, also in an index that is built anew', async () => {
  const directory = await temporaryDirectory();
  let repository = await openFileRepository({ directory });
  await repository.create({ id: 'a' });
  for (const content of CONTENTS)
    await repository.append({ sessionId: 'a', messages: [say(content), say('short')] });
  const fork = await repository.fork({ sessionId: 'a', id: 'b', asRoot: false });
  expect(fork).toMatchObject({ historyLength: 36, messageCount: 36, version: 1 });
  const contents = async () => {
    const [page] = await repository.historyOf([{ sessionId: 'b', page: ALL }], PLENTY_OF_BYTES);
    return page!.items.map(({ content }) => content);
  };
  const expected = CONTENTS.flatMap((content) => [content, 'short']);
  expect(await contents()).toEqual(expected);
  await repository.close();
  await removeIndex(directory);
  repository = await openFileRepository({ directory });
  expect(await contents()).toEqual(expected);
  expect(await repository.findMany(['b'])).toEqual([fork]);
  await repository.close();
});
