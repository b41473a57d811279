import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ClientError } from '../../../src/model/errors.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { openTestRepository } from '../../support/repository.ts';
import { WatchingClient } from './watching-client.ts';

/** Numbers that choose what happens, in which session. */
const step = fc.tuple(fc.nat(9), fc.nat(), fc.nat());
const steps = fc.array(step, { minLength: 20, maxLength: 120, size: 'max' });

/** One mutation of the repository. Returns the id of the session that it creates. */
async function mutate(
  repository: SessionRepository,
  ids: readonly string[],
  [what, which, more]: readonly [number, number, number],
): Promise<string | null> {
  const sessionId = ids[which % ids.length]!;
  const say = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ role: 'USER' as const, content: `${more} ${n}` }));
  switch (what) {
    case 0:
    case 1: {
      const id = `s${ids.length}`;
      await repository.create({ id, parentId: sessionId, messages: say(more % 3) });
      return id;
    }
    case 2:
      await repository.append({ sessionId, messages: say(1 + (more % 4)) });
      return null;
    case 3: {
      const messages = [{ role: 'USER' as const, content: `keyed ${more}`, key: `k${more % 3}` }];
      await repository.append({ sessionId, messages, onKey: 'REPLACE' });
      return null;
    }
    case 4:
      await repository.truncate({ sessionId, keep: more % 3 }, null);
      return null;
    case 5:
    case 6: {
      const parentId = more % 5 === 0 ? null : ids[more % ids.length]!;
      await repository.move({ sessionId, parentId });
      return null;
    }
    case 7:
      await repository.update({ sessionId, title: `title ${more}` });
      return null;
    case 8:
      await repository.archive({ sessionId, subtree: more % 2 === 0, archived: more % 3 > 0 });
      return null;
    default:
      await repository.delete({ sessionId, mode: more % 2 === 0 ? 'CASCADE' : 'REPARENT' });
      return null;
  }
}

test('a client that draws a tree once, and applies what it is told, shows what a fresh query gives', {
  timeout: 120_000,
}, async () => {
  let compared = 0;
  const property = fc.asyncProperty(steps, fc.infiniteStream(fc.nat(7)), async (all, chances) => {
    const repository = await openTestRepository();
    const ids = ['top', 'outside'];
    for (const id of ids) await repository.create({ id });
    const client = new WatchingClient(repository, 'top');
    await client.draw();
    for (const one of all) {
      const created = await mutate(repository, ids, one).catch((error: unknown) => {
        // Some mutations are refused: of a session that is deleted or archived, or to a place beneath itself.
        if (!(error instanceof ClientError)) throw error;
        return null;
      });
      if (created !== null) ids.push(created);
      const chance = chances.next().value!;
      if (chance > 2) continue;
      if (client.isOver) break;
      // Whoever comes back is told at once when there is nothing more.
      await client.disconnect();
      await client.catchUp();
      if (client.isOver) break;
      const { shown, fresh } = await client.both();
      expect(shown).toEqual(fresh);
      compared += 1;
    }
    await client.disconnect();
  });
  // A run ends early if what is watched is deleted: how much it compares is up to chance.
  while (compared < 100) await fc.assert(property, { numRuns: 5, endOnFailure: true });
});
