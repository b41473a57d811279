import { expect, test } from 'vitest';
import { packedProject } from '../../support/packed.ts';
import { startServer } from '../../support/server.ts';

const url = await startServer();

test('the package works in an empty project, without the SDK', async () => {
  const project = await packedProject('claude-agent-sdk');
  expect(project.files.filter((file) => !file.startsWith('dist')).sort()).toEqual([
    'LICENSE',
    'README.md',
    'package.json',
  ]);
  const output = await project.run(
    `import { Sessiontree } from '@sessiontree/client';
     import { SessiontreeSessionStore } from '@sessiontree/claude-agent-sdk';
     const store = new SessiontreeSessionStore(new Sessiontree(process.argv[2]));
     const key = { projectKey: 'p', sessionId: 's' };
     await store.append(key, [{ type: 'user', uuid: 'u', message: { role: 'user', content: 'Hello' } }]);
     console.log(JSON.stringify([await store.load(key), (await store.listSessions('p')).length]));`,
    url,
  );
  expect(JSON.parse(output)).toEqual([
    [{ type: 'user', uuid: 'u', message: { role: 'user', content: 'Hello' } }],
    1,
  ]);
}, 120_000);
