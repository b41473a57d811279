import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { openFileRepository } from '../../../../src/repository/files/open.ts';
import { temporaryDirectory } from '../../../support/repository.ts';
import { say } from '../store.ts';

const SESSIONS = 3_000;

it('changes of many sessions rest while they are read, and miss nothing that is written meanwhile', async () => {
  const directory = await temporaryDirectory();
  const repository = await openFileRepository({ directory, durability: 'os' });
  onTestFinished(() => repository.close());
  let after = await repository.mark();
  await repository.create({ id: 'root' });
  const ids = Array.from({ length: SESSIONS }, (_, n) => `s${n}`);
  await Promise.all(ids.map((id) => repository.create({ id, parentId: 'root', messages: [say('0')] })));

  /** The number of messages that a reader of each page knows of. */
  const known = new Map<string, number>();
  let isWriting = true;
  const writing = (async () => {
    for (let n = 0; n < 400; n += 1) {
      await repository.append({ sessionId: ids[(n * 7) % SESSIONS]!, messages: [say(`${n}`)] });
      if (n % 10 === 0) await repository.move({ sessionId: ids[n]!, parentId: ids[n + 1]! });
    }
    isWriting = false;
  })();
  /** Turns of the event loop while the first page was read. */
  let turns = 0;
  let isFirst = true;
  const counting = (async () => {
    for (; isFirst; turns += 1) await nextTurn();
  })();
  for (let isEnd = false; !isEnd; ) {
    const isLast = !isWriting;
    const page = await repository.changesSince({ within: 'root', after, limit: SESSIONS });
    isFirst = false;
    expect(page.isReset).toBe(false);
    const changed = page.changes.map(({ sessionId }) => sessionId);
    const lengths = await repository.findMany(changed);
    for (const session of lengths) known.set(session!.id, session!.historyLength);
    after = page.mark;
    isEnd = isLast && page.isUpToDate;
    await nextTurn();
  }
  await Promise.all([writing, counting]);
  expect(turns).toBeGreaterThan(3);

  expect(after).toBe(await repository.mark());
  const now = await repository.findMany(['root', ...ids]);
  expect(Object.fromEntries(known)).toEqual(
    Object.fromEntries(now.map((session) => [session!.id, session!.historyLength])),
  );
});
