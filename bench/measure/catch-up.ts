import type { SessionRepository } from '../../src/repository/repository.ts';

/** Milliseconds until the search index is complete. The first request starts the indexing. */
export async function caughtUp(repository: SessionRepository): Promise<number> {
  const started = performance.now();
  for (;;) {
    // The query is empty, so that nothing is looked up: the measurement should not include searches.
    const { isComplete } = await repository.search({ query: '', limit: 1 });
    if (isComplete) return performance.now() - started;
  }
}
