import type { SessionRepository } from '../../src/repository/repository.ts';

/**
 * Milliseconds until search knows all that the store holds; the first such question begins it. `report` is told of messages
 * that have been taken in since the search index was made.
 */
export async function caughtUp(
  repository: SessionRepository,
  report: (messages: number) => void = () => {},
): Promise<number> {
  const started = performance.now();
  for (;;) {
    // It asks for nothing, so that nothing is looked up: what is measured is not to hold searches.
    const { isComplete, through } = await repository.search({ query: '', limit: 1, offset: 0 });
    if (isComplete) return performance.now() - started;
    report(through);
  }
}
