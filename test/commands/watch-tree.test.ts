import { Sessiontree } from '@sessiontree/client';
import { expect, test } from 'vitest';
import { watchTree } from '../../src/commands/watch-tree.ts';
import { startTestServer } from '../server/running.ts';

test('a drawing that fails ends the watching, with its error', async () => {
  const client = new Sessiontree((await startTestServer()).url);
  await client.sessions.create({ id: 'trip' });
  const draw = () => Promise.reject(new Error('nothing to draw on'));
  await expect(watchTree(client, 'trip', draw, new AbortController().signal)).rejects.toThrow(
    'nothing to draw on',
  );
});

test('a drawing that an interruption cuts short is no failure', async () => {
  const client = new Sessiontree((await startTestServer()).url);
  await client.sessions.create({ id: 'trip' });
  const interruption = new AbortController();
  const draw = async () => interruption.abort();
  await expect(watchTree(client, 'trip', draw, interruption.signal)).resolves.toBeUndefined();
});
