import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sessionPath } from '../../../../src/repository/files/format/layout.ts';
import { openFileRepository } from '../../../../src/repository/files/open.ts';
import { temporaryDirectory } from '../../../support/repository.ts';
import { ALL, conversation, PLENTY_OF_BYTES } from '../../contract/store.ts';

test.each([1, 2, 3])('a creation with its messages that was cut after line %i is damaged', async (lines) => {
  const directory = await temporaryDirectory();
  const before = await openFileRepository({ directory });
  await before.create({ id: 'a', messages: conversation(3) });
  await before.close();
  const path = join(directory, sessionPath('a'));
  const whole = readFileSync(path, 'utf8').split('\n');
  writeFileSync(path, `${whole.slice(0, lines).join('\n')}\n`);
  const after = await openFileRepository({ directory });
  // A read of the history notices that the file has changed.
  await after.historyOf([{ sessionId: 'a', page: ALL }], PLENTY_OF_BYTES);
  const [session] = await after.findMany(['a']);
  expect(session!.damage).toEqual([{ line: null, reason: expect.stringContaining('the file ends') }]);
  expect((await after.status()).quarantined).toMatchObject([{ path: sessionPath('a') }]);
  await after.close();
});
