import type { NewMessage } from '../../../../src/model/message.ts';
import type { Operation } from '../../../../src/model/operation.ts';
import type { WriteHistory } from '../../../../src/repository/mutations.ts';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { conversation, MUCH, operation, say } from '../../contract/store.ts';

const EVERYTHING = { messages: MUCH, removed: MUCH } as const;

const paid = (key: string, costUsd?: number, more: Partial<NewMessage> = {}): NewMessage =>
  say(key, {
    role: 'ASSISTANT',
    key,
    model: 'm',
    usage: { inputTokens: 10, outputTokens: 5, reasoningTokens: 1, costUsd },
    ...more,
  });

/** Writes to histories in every form that leaves a trace of its own: replacements, rollbacks, both, and neither. */
export async function writeHistoriesOfEveryKind(repository: SessionRepository): Promise<void> {
  const write = (input: WriteHistory, recorded?: Operation) =>
    repository.writeHistory(input, EVERYTHING, recorded);

  await repository.create({ id: 'forms', messages: [paid('a', 0.1), say('b', { key: 'b' })] });
  await repository.append({ sessionId: 'forms', messages: [paid('c'), paid('d', 0.25)] });
  // Another form: paid for differently, of another role, of a copy, without usage, with times of its own.
  await repository.append({ sessionId: 'forms', onKey: 'REPLACE', messages: [paid('a', 0.3)] });
  await repository.append({
    sessionId: 'forms',
    onKey: 'REPLACE',
    messages: [
      paid('a', undefined, { role: 'USER', createdAt: new Date('2032-02-03T04:05:06.007Z') }),
      paid('b', 0.5, { isCopy: true, payload: null, metadata: { n: null } }),
      paid('d', undefined, { usage: null }),
    ],
  });
  // One that is there, one that is another, one that is new.
  const mixed = [paid('c'), paid('b', 0.75), paid('e', 1e-7)];
  await repository.append(
    { sessionId: 'forms', onKey: 'REPLACE', messages: mixed },
    operation('h1', 'mixed'),
  );
  await repository.append({ sessionId: 'forms', onKey: 'IGNORE', messages: [say('', { key: 'c' })] });
  await repository.append(
    { sessionId: 'forms', onKey: 'IGNORE', messages: [say('', { key: 'c' })] },
    operation('h2', 'ignored'),
  );
  await repository.append(
    { sessionId: 'forms', onKey: 'IGNORE', messages: [say('', { key: 'e' }), ...conversation(3)] },
    operation('h3', 'some'),
  );

  // A group of everything: a rollback, replacements, appends of new keys and of dropped ones, an update.
  await write(
    {
      sessionId: 'forms',
      keepThroughKey: 'c',
      messages: [paid('e', 2), paid('b', 4), paid('f'), paid('d', 8)],
      onKey: 'REPLACE',
      title: 'of the forms',
      status: 'WAITING',
      statusMessage: null,
      setMetadata: { n: null },
    },
    operation('h4', 'everything'),
  );
  await write({ sessionId: 'forms', dropLast: 1, title: null });
  await write({ sessionId: 'forms', keep: 4, messages: [] }, operation('h5', 'rollback'));
  await write({ sessionId: 'forms', status: 'WAITING', metadata: {} }, operation('h6', 'nothing'));
  await write({ sessionId: 'forms', status: 'WAITING' });
  await write({ sessionId: 'forms', keep: 1, messages: [paid('b', 16)] });
  await write({ sessionId: 'forms', messages: conversation(2) }, operation('h7', 'exchange'));
  await write({ sessionId: 'forms', metadata: { m: 1 }, messages: conversation(1) });
  await repository.append({ sessionId: 'forms', onKey: 'REPLACE', messages: [paid('b', 32)] });

  // Created by a write: with an answer, in a tree, as a fork of something that is not there.
  await write(
    { key: 'made', ownerId: 'h', create: { metadata: { a: 1 } }, messages: conversation(2) },
    operation('h8', 'made'),
  );
  await write({ key: 'made', ownerId: 'h', create: {}, messages: [paid('x')], metadata: { a: null } });
  await write({ key: 'made-below', ownerId: 'h', create: { parentKey: 'made' }, status: 'FAILED' });
  await write({
    sessionId: 'made-fork',
    create: { forkedFrom: { sessionId: 'nowhere', messageId: 'nowhere:7' } },
    messages: [paid('1', 1, { isCopy: true }), paid('2', 2, { isCopy: true }), paid('3', 4)],
  });
  await repository.append({ sessionId: 'made-fork', onKey: 'REPLACE', messages: [paid('1', 8)] });
  await repository.fork({ sessionId: 'forms', id: 'forms-copy', asRoot: true });
  const later = { createdAt: new Date('2033-02-03T04:05:06.007Z') };
  await repository.append({ sessionId: 'forms-copy', onKey: 'REPLACE', messages: [paid('b', 32, later)] });

  const long = 'a secret that is long enough for what takes its place';
  await repository.create({ id: 'secret', messages: [paid(long, 1)] });
  await repository.append({ sessionId: 'secret', onKey: 'REPLACE', messages: [paid(long, 2)] });

  // Late retries of operations with answers are answered from the log of the store.
  await write({ sessionId: 'forms-gone', create: {}, messages: [paid('y')] }, operation('h9', 'gone'));
  await write(
    { sessionId: 'forms-gone', dropLast: 1, messages: [paid('y'), paid('z')] },
    operation('h10', 'gone'),
  );
  await write({ sessionId: 'forms-gone', messages: [paid('z')], onKey: 'IGNORE' }, operation('h11', 'gone'));
  await repository.delete({ sessionId: 'forms-gone', mode: 'RESTRICT' });
}
