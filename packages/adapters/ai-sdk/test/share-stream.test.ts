import { Sessiontree } from '@sessiontree/client';
import type { UIMessageChunk } from 'ai';
import { convertArrayToReadableStream, convertReadableStreamToArray } from 'ai/test';
import { expect, test } from 'vitest';
import { startServer } from '../../support/server.ts';
import { createChatStore } from '../src/index.ts';
import { StreamDraft } from '../src/stream-draft.ts';

const url = await startServer();
const impatient = await startServer(['--limit', 'draftMs=2000']);
const client = new Sessiontree(url);
/** As of another process: nothing is shared with the one that speaks. */
const elsewhere = () => createChatStore(new Sessiontree(url));

/** What comes back of these chunks to one who comes when all but the last were said, up to how deltas are divided. */
async function resumedChunks(chatId: string, chunks: UIMessageChunk[]): Promise<UIMessageChunk[]> {
  const { readable, writable } = new TransformStream<UIMessageChunk, UIMessageChunk>(
    {},
    { highWaterMark: 10_000 },
  );
  const writer = writable.getWriter();
  const ended: Promise<void>[] = [];
  const shared = createChatStore(client).shareStream({
    chatId,
    stream: readable,
    waitUntil: (work) => ended.push(work),
  });
  for (const chunk of chunks.slice(0, -1)) await writer.write(chunk);
  const reader = shared.getReader();
  const first = await reader.read();
  reader.releaseLock();
  const original = convertReadableStreamToArray(shared);
  const resumed = convertReadableStreamToArray((await elsewhere().resumeStream(chatId))!);
  await writer.write(chunks.at(-1)!);
  await writer.close();
  expect([first.value, ...(await original)]).toEqual(chunks);
  await Promise.all(ended);
  return (await resumed).filter((chunk) => !('delta' in chunk && chunk.delta === ''));
}

/** Adjacent deltas of one text as one. */
function merged(chunks: readonly UIMessageChunk[]): UIMessageChunk[] {
  const result: UIMessageChunk[] = [];
  for (const chunk of chunks) {
    const last = result.at(-1);
    if ('delta' in chunk && last && 'delta' in last && last.type === chunk.type && last.id === chunk.id)
      result[result.length - 1] = { ...last, delta: last.delta + chunk.delta } as UIMessageChunk;
    else result.push(chunk);
  }
  return result;
}

test('every kind of chunk comes back, also of texts that are said at once', async () => {
  const chunks: UIMessageChunk[] = [
    { type: 'start', messageId: 'm1', messageMetadata: { at: 1 } },
    { type: 'start-step' },
    { type: 'text-start', id: 'a' },
    { type: 'reasoning-start', id: 'r' },
    { type: 'text-delta', id: 'a', delta: 'A1' },
    { type: 'reasoning-delta', id: 'r', delta: 'R1' },
    { type: 'text-start', id: 'b' },
    { type: 'text-delta', id: 'b', delta: 'B1 🚆' },
    { type: 'text-delta', id: 'a', delta: 'A2' },
    { type: 'data-place', id: 'p', data: { name: 'Porto', nested: [null, '\u2028'] } },
    { type: 'text-delta', id: 'a', delta: 'A3' },
    { type: 'reasoning-delta', id: 'r', delta: 'R2' },
    { type: 'reasoning-end', id: 'r', providerMetadata: { p: { signature: 's' } } },
    { type: 'text-end', id: 'b' },
    { type: 'file', url: 'data:text/plain;base64,QQ==', mediaType: 'text/plain' },
    { type: 'text-end', id: 'a' },
    { type: 'source-url', sourceId: 's', url: 'https://example.com/' },
    { type: 'message-metadata', messageMetadata: { at: 2 } },
    { type: 'finish-step' },
    { type: 'finish', finishReason: 'stop' },
  ];
  expect(merged(await resumedChunks('kinds', chunks))).toEqual(merged(chunks));
});

test('a character that is divided between two deltas comes back whole', async () => {
  const chunks: UIMessageChunk[] = [
    { type: 'start' },
    { type: 'text-start', id: 'a' },
    { type: 'text-delta', id: 'a', delta: 'A train: \ud83d' },
    { type: 'text-delta', id: 'a', delta: '\ude86' },
    { type: 'text-end', id: 'a' },
    { type: 'finish' },
  ];
  expect(merged(await resumedChunks('halves', chunks))).toEqual(merged(chunks));
});

test('an answer of twenty thousand deltas can be resumed', async () => {
  const chunks: UIMessageChunk[] = [
    { type: 'start' },
    { type: 'text-start', id: 'a' },
    ...Array.from({ length: 20_000 }, (_, at) => ({
      type: 'text-delta' as const,
      id: 'a',
      delta: `word ${at} `,
    })),
    { type: 'text-end', id: 'a' },
    { type: 'finish' },
  ];
  expect(merged(await resumedChunks('long', chunks))).toEqual(merged(chunks));
});

test('a stream too large for a draft is answered all the same, and the reason is told', async () => {
  const errors: unknown[] = [];
  const { shareStream } = createChatStore(client, { onError: (error) => errors.push(error) });
  const chunks: UIMessageChunk[] = [
    { type: 'start' },
    { type: 'file', mediaType: 'image/png', url: `data:image/png;base64,${'A'.repeat(1_500_000)}` },
    { type: 'finish' },
  ];
  const ended: Promise<void>[] = [];
  const shared = shareStream({
    chatId: 'large',
    stream: convertArrayToReadableStream(chunks),
    waitUntil: (work) => ended.push(work),
  });
  expect(await convertReadableStreamToArray(shared)).toEqual(chunks);
  await Promise.all(ended);
  expect(errors).toMatchObject([{ name: 'InvalidInputError' }]);
  expect(await client.sessions.get('large')).toMatchObject({ status: 'IDLE' });
});

test('a server that does not answer holds no response back', async () => {
  const answered = Promise.withResolvers<void>();
  const hanging = new Sessiontree(url, {
    fetch: async (input, init) => {
      await answered.promise;
      return fetch(input, init);
    },
  });
  const ended: Promise<void>[] = [];
  const shared = createChatStore(hanging).shareStream({
    chatId: 'hanging',
    stream: convertArrayToReadableStream<UIMessageChunk>([{ type: 'start' }, { type: 'finish' }]),
    waitUntil: (work) => ended.push(work),
  });
  expect(await convertReadableStreamToArray(shared)).toEqual([{ type: 'start' }, { type: 'finish' }]);
  answered.resolve();
  await Promise.all(ended);
  expect(await client.sessions.get('hanging')).toMatchObject({ status: 'IDLE' });
});

test('a stream that another reader has fails, and so does its session', async () => {
  const stream = convertArrayToReadableStream<UIMessageChunk>([{ type: 'start' }]);
  stream.getReader();
  const ended: Promise<void>[] = [];
  const shared = createChatStore(client).shareStream({
    chatId: 'locked',
    stream,
    waitUntil: (work) => ended.push(work),
  });
  await expect(convertReadableStreamToArray(shared)).rejects.toThrow(TypeError);
  await Promise.all(ended);
  expect(await client.sessions.get('locked')).toMatchObject({ status: 'FAILED' });
});

test('what is sent again because its outcome was unknown is not shared twice', async () => {
  const unknown = {
    __typename: 'StorageError',
    message: 'The connection was lost.',
    isRetryable: false,
    isOutcomeUnknown: true,
  };
  let lostCount = 0;
  const losing = new Sessiontree(url, {
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      if (lostCount > 0 || !String(init?.body).includes('streamMessage')) return response;
      lostCount += 1;
      return Response.json({ data: { streamMessage: unknown } });
    },
  });
  const { session } = await client.sessions.create();
  const draft = new StreamDraft(losing, session.id, Promise.resolve());
  draft.add({ type: 'text-start', id: 'a' });
  draft.add({ type: 'text-delta', id: 'a', delta: 'Once' });
  await draft.sendRest(true);
  const stop = new AbortController();
  for await (const { content } of client.history.watchMessages(session.id, stop)) {
    expect(content).toBe('Once');
    stop.abort();
  }
  await draft.end();
  expect(lostCount).toBe(1);
});

test('of two streams of a chat, the session runs until both have ended', async () => {
  const { shareStream } = createChatStore(client);
  const [one, two] = [new TransformStream<UIMessageChunk>(), new TransformStream<UIMessageChunk>()];
  const ended: Promise<void>[] = [];
  for (const { readable } of [one, two])
    shareStream({ chatId: 'both', stream: readable, waitUntil: (work) => ended.push(work) });
  await one.writable.close();
  await ended[0];
  expect(await client.sessions.get('both')).toMatchObject({ status: 'RUNNING' });
  await two.writable.close();
  await ended[1];
  expect(await client.sessions.get('both')).toMatchObject({ status: 'IDLE' });
});

test('a draft outlives a tool that takes longer than drafts live', async () => {
  const forgetful = new Sessiontree(impatient);
  const { session } = await forgetful.sessions.create();
  const draft = new StreamDraft(forgetful, session.id, Promise.resolve(), 100);
  draft.add({ type: 'start' });
  const ends: boolean[] = [];
  const stop = new AbortController();
  const watched = (async () => {
    for await (const { isDone } of forgetful.history.watchMessages(session.id, stop)) ends.push(isDone);
  })();
  await expect.poll(() => ends.length).toBeGreaterThan(0);
  // Twice as long as the server keeps a draft of which nothing is said.
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  expect(ends).not.toContain(true);
  await draft.sendRest(true);
  await draft.end();
  await expect.poll(() => ends.at(-1)).toBe(true);
  stop.abort();
  await watched;
});

test.each<[string, UIMessageChunk[], object]>([
  ['an answer that was aborted', [{ type: 'abort' }], { status: 'CANCELLED', statusMessage: null }],
  [
    'one that failed',
    [{ type: 'error', errorText: 'No credit.' }],
    { status: 'FAILED', statusMessage: 'No credit.' },
  ],
  [
    'one that asks for an approval',
    [{ type: 'tool-approval-request', approvalId: 'a', toolCallId: 'c' }],
    { status: 'WAITING', statusMessage: 'A tool waits to be approved.' },
  ],
  [
    'one whose approval was given',
    [
      { type: 'tool-approval-request', approvalId: 'a', toolCallId: 'c' },
      { type: 'tool-approval-response', approvalId: 'a', approved: true },
    ],
    { status: 'IDLE', statusMessage: null },
  ],
])('the session tells of %s', async (_name, chunks, status) => {
  const { createChat, shareStream } = createChatStore(client);
  const chatId = await createChat();
  const ended: Promise<void>[] = [];
  const stream = convertArrayToReadableStream<UIMessageChunk>([
    { type: 'start' },
    ...chunks,
    { type: 'finish' },
  ]);
  shareStream({ chatId, stream, waitUntil: (work) => ended.push(work) });
  await Promise.all(ended);
  expect(await client.sessions.get(chatId)).toMatchObject(status);
});
