import { expect, onTestFinished, test } from 'vitest';
import { openPostgresRepository } from '../../../../src/repository/postgres/open.ts';
import { graphql } from '../../../generated/index.ts';
import { openSubscription } from '../../../schema/live/subscription.ts';
import { createApi } from '../../../support/api.ts';
import { useStoreDatabase } from '../store.ts';

const STREAM = graphql(`
  mutation StreamMessage($input: StreamMessageInput!) {
    streamMessage(input: $input) {
      __typename
      ... on StreamMessagePayload { watchers }
      ... on Error { message }
      ... on ConflictError { reason key }
      ... on StorageError { isRetryable }
    }
  }
`);

const WATCH = graphql(`
  subscription MessageStream($sessionId: ID!) {
    messageStream(sessionId: $sessionId) {
      key role isWhole delta reasoningDelta chunks isDone
      message { id position content session { id version } }
    }
  }
`);

const APPEND = graphql(`
  mutation AppendDraft($input: AppendMessagesInput!) {
    appendMessages(input: $input) { __typename ... on Error { message } }
  }
`);

const database = useStoreDatabase();

async function openInstance() {
  const repository = await openPostgresRepository({ url: database.url });
  onTestFinished(() => repository.close());
  const api = createApi(repository);
  const say = async (input: object) => {
    const { streamMessage } = await api.query(STREAM, { input: { sessionId: 'chat', key: 'k', ...input } });
    expect(streamMessage.__typename).toBe('StreamMessagePayload');
  };
  return { repository, api, say, watch: () => openSubscription(repository, WATCH, { sessionId: 'chat' }) };
}

/** What a watcher holds of the draft, until `isEnough`. */
async function heard(
  watcher: Awaited<ReturnType<Awaited<ReturnType<typeof openInstance>>['watch']>>,
  isEnough: (text: string, isDone: boolean) => boolean,
  begun = '',
) {
  for (let text = begun; ; ) {
    const { messageStream: update } = (await watcher.next())!;
    text = (update.isWhole ? '' : text) + update.delta;
    if (isEnough(text, update.isDone)) return { text, update };
  }
}

test('what an agent says through one instance is heard through another, from its beginning, until its message is written through that', async () => {
  await database.renew();
  const one = await openInstance();
  await one.repository.create({ id: 'chat' });
  const long = 'ß'.repeat(20_000);
  await one.say({ delta: long, reasoningDelta: 'why', chunks: [{ n: 1 }], sequence: 1 });
  const other = await openInstance();
  const late = await other.watch();
  const first = await heard(late, (text) => text.length >= long.length);
  expect(first.text).toBe(long);
  expect(first.update).toMatchObject({ key: 'k', isWhole: true, reasoningDelta: 'why', chunks: [{ n: 1 }] });

  for (const [n, delta] of [...'hello'].entries()) await one.say({ delta, sequence: n + 2 });
  const next = await heard(late, (text) => text.length >= 5);
  expect(next.text).toBe('hello');

  const near = await one.watch();
  await heard(near, (text) => text.length > 0);
  const message = { role: 'ASSISTANT', content: 'all', key: 'k' } as const;
  await other.api.query(APPEND, { input: { sessionId: 'chat', messages: [message] } });
  for (const watcher of [late, near]) {
    const { update } = await heard(watcher, (_, isDone) => isDone);
    expect(update.message).toMatchObject({ content: 'all' });
  }
});
