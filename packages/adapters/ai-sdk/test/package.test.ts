import { expect, test } from 'vitest';
import { packedProject } from '../../support/packed.ts';
import { startServer } from '../../support/server.ts';

const url = await startServer();

test('the packed package works in an empty project, without either SDK', { timeout: 120_000 }, async () => {
  const { files, run } = await packedProject('ai-sdk');
  expect(files).toEqual(
    expect.arrayContaining(['LICENSE', 'README.md', 'dist/index.d.ts', 'dist/assistant-ui.d.ts']),
  );
  expect(files.filter((file) => file.startsWith('src') || file.startsWith('test'))).toEqual([]);
  const printed = await run(
    `import { createThreadListAdapter } from '@sessiontree/ai-sdk/assistant-ui';
    import { createChatStore } from '@sessiontree/ai-sdk';
    import { Sessiontree } from '@sessiontree/client';
    const client = new Sessiontree(process.argv[2]);
    const { createChat, loadChat, saveChat } = createChatStore(client);
    const chatId = await createChat({ title: 'Packed' });
    await saveChat({ chatId, messages: [{ id: 'u1', role: 'user', parts: [{ type: 'text', text: 'Hello' }] }] });
    const { threads } = await createThreadListAdapter(client).list();
    console.log(JSON.stringify([await loadChat(chatId), threads.map(({ title }) => title)]));`,
    url,
  );
  expect(JSON.parse(printed)).toEqual([
    [{ id: 'u1', role: 'user', parts: [{ type: 'text', text: 'Hello' }] }],
    ['Packed'],
  ]);
});
