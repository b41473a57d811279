import { expect, it } from 'vitest';
import { openFileRepository } from '../../../src/repository/files/open.ts';
import { Replica } from '../../support/replica.ts';
import { inTemporaryDirectory } from '../undo.ts';
import { CLIENTS } from './clients.ts';
import { Follower, type Kept } from './follower.ts';
import { Queries } from './queries.ts';
import { serve } from './serve.ts';

const logger = { debug() {}, info() {}, warn() {}, error() {} };

it.each(Object.entries(CLIENTS))('%s may come back to a tree that was deleted last', async (name, open) => {
  await inTemporaryDirectory(async (directory) => {
    const repository = await openFileRepository({ directory, logger });
    const { ports, stop } = await serve(repository, logger);
    const queries = new Queries({ port: () => ports.queries });
    const client = open(ports.live);
    const first = { fault: null };
    const follow = (from: Kept) => new Follower(name, client, queries, from, first);
    try {
      await repository.create({ id: 'top' });
      const replica = new Replica(queries, 'top');
      const begun: Kept = { within: 'top', cursor: await queries.cursor(), replica };
      await replica.readAll();
      let kept = begun;
      const follower = follow(begun);
      follower.onFolded = (keep) => {
        kept = keep();
      };
      await follower.caughtUp();
      await repository.delete({ sessionId: 'top', mode: 'RESTRICT' });
      await follower.caughtUp();
      expect(follower.isOver).toBe(true);
      expect(kept.cursor).toBe(await queries.cursor());

      const again = follow(kept);
      await again.caughtUp();
      expect(again.isOver).toBe(true);
    } finally {
      queries.end();
      client.dispose();
      await stop();
      await repository.close();
    }
  });
});
