import type { SessionRepository } from '../repository.ts';
import { storeBehind } from './scoped-repository.ts';

/** The user of the root of the tree that a session is in, also if the root is out of the caller's sight; null for nobody. */
export async function ownerOf(repository: SessionRepository, sessionId: string): Promise<string | null> {
  const store = storeBehind(repository);
  const [session] = await store.findMany([sessionId]);
  const [root] = session ? await store.findMany([session.rootId]) : [];
  return root?.userId ?? null;
}
