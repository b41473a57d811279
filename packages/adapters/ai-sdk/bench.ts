import { mkdir, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Sessiontree } from '@sessiontree/client';
import type { UIMessage } from 'ai';
import { spawnServer } from '../support/spawn-server.ts';
import { createChatStore } from './src/index.ts';

/**
 * `node packages/adapters/ai-sdk/bench.ts`: saves and loads chats by the adapter, by a JSON file for each chat as the AI SDK's documentation has it (neither atomic nor synced), and by a
 * file that is both, as a save of the adapter is; in turn. Prints the median milliseconds of each, and their ratios.
 */
const ROUNDS = 40;
const LENGTHS = [2, 20, 200];

type Store = {
  loadChat(id: string): Promise<UIMessage[]>;
  saveChat(input: { chatId: string; messages: UIMessage[] }): Promise<void>;
};

const folder = await mkdtemp(join(tmpdir(), 'sessiontree-bench-'));
const { url, stop } = await spawnServer();
try {
  const chats = createChatStore(new Sessiontree(url));
  const files = await fileStore(join(folder, 'files'), writeFile);
  const synced = await fileStore(join(folder, 'synced'), writeSynced);
  for (const length of LENGTHS) await compare(length, { chats, files, synced });
} finally {
  await stop();
  await rm(folder, { recursive: true });
}

/** A turn of a chat with so many messages: the question is saved, then the answer; then the chat is loaded. */
async function compare(length: number, stores: Record<'chats' | 'files' | 'synced', Store>): Promise<void> {
  const times = { save: new Map<string, number[]>(), load: new Map<string, number[]>() };
  const timed = async <Result>(name: keyof typeof times, store: string, work: () => Promise<Result>) => {
    const begin = performance.now();
    const result = await work();
    times[name].set(store, [...(times[name].get(store) ?? []), performance.now() - begin]);
    return result;
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, store] of Object.entries(stores)) {
      const chatId = `chat-${length}-${round}`;
      const messages = Array.from({ length: length + 2 }, (_, n) => message(n));
      await store.saveChat({ chatId, messages: messages.slice(0, -2) });
      for (const end of [-1, length + 2])
        await timed('save', name, () => store.saveChat({ chatId, messages: messages.slice(0, end) }));
      const found = await timed('load', name, () => store.loadChat(chatId));
      if (found.length !== length + 2)
        throw new Error(`Expected ${length + 2} messages, got ${found.length}.`);
    }
  }
  for (const [name, all] of Object.entries(times)) {
    const [own, ...files] = [...all.values()].map(median) as [number, number, number];
    const others = files.map((ms) => `${ms.toFixed(2)} ms (${(own / ms).toFixed(1)} times)`);
    process.stdout.write(
      `${name} of ${length} messages: ${own.toFixed(2)} ms; a file ${others[0]}; a synced file ${others[1]}\n`,
    );
  }
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1]!;
}

function message(n: number): UIMessage {
  const text = `Message ${n}: ${'the train to Porto leaves at nine. '.repeat(20)}`;
  return { id: `m${n}`, role: n % 2 ? 'assistant' : 'user', parts: [{ type: 'text', text }] };
}

async function fileStore(
  chatFolder: string,
  write: (path: string, text: string) => Promise<void>,
): Promise<Store> {
  await mkdir(chatFolder);
  const fileOf = (id: string) => join(chatFolder, `${id}.json`);
  return {
    loadChat: async (id) => JSON.parse(await readFile(fileOf(id), 'utf8')) as UIMessage[],
    saveChat: ({ chatId, messages }) => write(fileOf(chatId), JSON.stringify(messages, null, 2)),
  };
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(`${path}.new`, 'w');
  await file.writeFile(text);
  await file.sync();
  await file.close();
  await rename(`${path}.new`, path);
}
