import { expect, test } from 'vitest';
import { packedProject } from '../../support/packed.ts';
import { startServer } from '../../support/server.ts';

const url = await startServer();

test('the packed package installs into an empty project, without the SDK, and works there', async () => {
  const project = await packedProject('openai-agents');
  expect(project.files).toEqual(
    expect.arrayContaining(['LICENSE', 'README.md', 'package.json', 'dist/index.js', 'dist/index.d.ts']),
  );
  const foreign = project.files.filter((file) => /^(src|test)\b|bench|node_modules/.test(file));
  expect(foreign).toEqual([]);
  const printed = await project.run(
    `
    import { HandoffSession, SessiontreeSession } from '@sessiontree/openai-agents';
    import { Sessiontree } from '@sessiontree/client';
    const client = new Sessiontree(process.argv[2]);
    for (const Session of [SessiontreeSession, HandoffSession]) {
      const session = new Session(client, { key: Session.name });
      await session.addItems([{ role: 'user', content: 'Hi' }]);
      console.log(JSON.stringify(await session.getItems()));
    }
    `,
    url,
  );
  const items = '[{"role":"user","content":"Hi"}]\n';
  expect(printed).toBe(items + items);
});
