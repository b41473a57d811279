import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packedProject } from '../../support/packed.ts';
import { startServer } from '../../support/server.ts';
import { drawn, openRecording } from './support.ts';

const url = await startServer();

/** Calls the recorder as LangChain's managers do: the SDK is not in the project. */
const PROGRAM = `
import { Sessiontree } from '@sessiontree/client';
import { SessiontreeRecorder } from '@sessiontree/langgraph';

const recorder = new SessiontreeRecorder(new Sessiontree(process.argv[2]), { onError: console.error });
const message = { id: 'm1', content: 'From a package', getType: () => 'human', toDict: () => ({ type: 'human', data: {} }) };
const node = { thread_id: 'packed', langgraph_node: 'a', langgraph_checkpoint_ns: 'a:1' };
recorder.handleChainStart({}, {}, 'graph', undefined, [], { thread_id: 'packed' });
recorder.handleChainStart({}, { messages: [message] }, 'node', 'graph', ['graph:step:1'], node);
recorder.handleChainEnd({}, 'node');
recorder.handleChainEnd({ messages: [message] }, 'graph');
await recorder.flush();
`;

test('the package installs into an empty project and works there, without the SDK', {
  timeout: 120_000,
}, async () => {
  const project = await packedProject('langgraph');
  expect(project.files).toContain('dist/index.js');
  expect(project.files).toContain('dist/index.d.ts');
  expect(project.files).toContain('README.md');
  expect(project.files.filter((file) => /^(src|test|bench)/.test(file))).toEqual([]);
  expect(await project.run(PROGRAM, url)).toBe('');
  const { client } = openRecording(url);
  expect(await drawn(client, 'langgraph:packed')).toEqual([
    '- "From a package" COMPLETED',
    '  USER: From a package',
  ]);
});

test('the README names every option', async () => {
  const folder = join(import.meta.dirname, '..');
  const [readme, source] = await Promise.all(
    ['README.md', 'src/recorder.ts'].map((file) => readFile(join(folder, file), 'utf8')),
  );
  const options = /export interface RecorderOptions \{(.*?)^\}/ms
    .exec(source!)![1]!
    .matchAll(/readonly (\w+)/g);
  for (const [, option] of options) expect(readme).toContain(option);
});
