import type { FixtureSession } from '../peers/peer.ts';
import { exchangeOf, SMALL_TREE, TREE, type TreeShape, treeSessions } from '../stores/content.ts';

/** The trees of the store, for contenders that cannot read its files. */
export function fixtureTrees(): { small: FixtureSession[]; large: FixtureSession[] } {
  return { small: sessionsOf(SMALL_TREE), large: sessionsOf(TREE) };
}

function sessionsOf(shape: TreeShape): FixtureSession[] {
  return [...treeSessions(shape)].map(({ id, parentId, title }, n) => ({
    key: id,
    parentKey: parentId ?? null,
    title: title ?? '',
    messages: exchangeOf(n).map(({ role, content }) => ({
      role: role === 'USER' ? 'user' : 'assistant',
      text: content,
    })),
  }));
}
