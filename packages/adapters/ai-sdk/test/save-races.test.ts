import { Sessiontree } from '@sessiontree/client';
import { expect, test } from 'vitest';
import { startServer } from '../../support/server.ts';
import { createChatStore } from '../src/index.ts';
import { answers, idsOf, says } from './messages.ts';

const url = await startServer();
/** Each store is that of a process. */
const client = new Sessiontree(url);

test('two windows that say something at once lose nothing', async () => {
  const [first, second] = [createChatStore(client), createChatStore(client)];
  const chat = [says('u1', 'Hello'), answers('a1', 'Hello.')];
  await first.saveChat({ chatId: 'windows', messages: chat });
  expect(await second.loadChat('windows')).toEqual(chat);
  await Promise.all([
    first.saveChat({ chatId: 'windows', messages: [...chat, says('u2', 'Tea'), answers('a2', 'Green?')] }),
    second.saveChat({
      chatId: 'windows',
      messages: [...chat, says('u3', 'Rain'), answers('a3', 'All day.')],
    }),
  ]);
  const ids = idsOf(await first.loadChat('windows'));
  expect(ids.slice(0, 2)).toEqual(['u1', 'a1']);
  expect([...ids].sort()).toEqual(['a1', 'a2', 'a3', 'u1', 'u2', 'u3']);
  expect([ids.indexOf('a2') - ids.indexOf('u2'), ids.indexOf('a3') - ids.indexOf('u3')]).toEqual([1, 1]);
});

test('a save that comes too late takes nothing away', async () => {
  const [fast, slow] = [createChatStore(client), createChatStore(client)];
  const chat = [says('u1', 'Hello'), answers('a1', 'Hello.'), says('u2', 'Tea'), answers('a2', 'Green?')];
  await fast.saveChat({ chatId: 'late', messages: chat });
  await slow.saveChat({ chatId: 'late', messages: chat.slice(0, 3) });
  await fast.saveChat({ chatId: 'late', messages: chat.slice(0, 1) });
  expect(await slow.loadChat('late')).toEqual(chat);
});

test('saves of one store that nobody awaits keep their order', async () => {
  const { saveChat, loadChat } = createChatStore(client);
  const chat = Array.from({ length: 20 }, (_, at) => says(`m${at}`, `${at}`));
  await Promise.all(chat.map((_, at) => saveChat({ chatId: 'unawaited', messages: chat.slice(0, at + 1) })));
  expect(await loadChat('unawaited')).toEqual(chat);
});

test('of two answers that are regenerated at once, one stays', async () => {
  const stores = [createChatStore(client), createChatStore(client), createChatStore(client)];
  await stores[0]!.saveChat({ chatId: 'answers', messages: [says('u1', 'Tea?'), answers('a1', 'Yes.')] });
  for (const { loadChat } of stores) await loadChat('answers');
  await Promise.all(
    stores.map(({ saveChat }, at) =>
      saveChat({ chatId: 'answers', messages: [says('u1', 'Tea?'), answers(`b${at}`, 'No.')] }),
    ),
  );
  const [question, answer, ...others] = idsOf(await stores[0]!.loadChat('answers'));
  expect([question, answer?.[0], others]).toEqual(['u1', 'b', []]);
});

test('an answer is regenerated in a chat that another process has cut meanwhile', async () => {
  const [mine, others] = [createChatStore(client), createChatStore(client)];
  const chat = [says('u1', 'Tea?'), answers('a1', 'Yes.'), says('u2', 'Green?'), answers('a2', 'Yes.')];
  await mine.saveChat({ chatId: 'cut', messages: chat });
  const { revision } = await others.readChat('cut');
  await others.saveChat({ chatId: 'cut', messages: chat.slice(0, 1), revision });
  const again = [...chat.slice(0, 3), answers('a3', 'Black.')];
  await mine.saveChat({ chatId: 'cut', messages: again });
  expect(await mine.loadChat('cut')).toEqual(again);
});

test('with a revision, a save overwrites what was read and nothing else', async () => {
  const [mine, others] = [createChatStore(client), createChatStore(client)];
  const chat = [says('u1', 'Hello'), answers('a1', 'Hello.'), says('u2', 'Tea')];
  await mine.saveChat({ chatId: 'revision', messages: chat });
  const { revision } = await mine.readChat('revision');
  // Neither a title nor a status changes what the chat says.
  await client.sessions.update('revision', { title: 'Tea', status: 'RUNNING' });
  await mine.saveChat({ chatId: 'revision', messages: chat.slice(0, 1), revision });
  expect(await mine.loadChat('revision')).toEqual(chat.slice(0, 1));

  const read = await mine.readChat('revision');
  await others.saveChat({ chatId: 'revision', messages: chat });
  const refused = mine.saveChat({ chatId: 'revision', messages: [], revision: read.revision });
  await expect(refused).rejects.toMatchObject({ name: 'ChatChangedError', chatId: 'revision' });
  expect(await mine.loadChat('revision')).toEqual(chat);
});
