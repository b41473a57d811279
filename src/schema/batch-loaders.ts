import DataLoader from 'dataloader';
import type { ReadOptions } from '../repository/read-options.ts';
import type { SessionRepository } from '../repository/repository.ts';
import type { Budget } from './budget.ts';
import type { Turns } from './turns.ts';

/** Makes the loaders of one request, which read from `repository` within its `budget`. */
export abstract class BatchLoaders {
  protected readonly repository: SessionRepository;
  protected readonly budget: Budget;
  protected readonly turns: Turns;

  constructor(repository: SessionRepository, budget: Budget, turns: Turns) {
    this.repository = repository;
    this.budget = budget;
    this.turns = turns;
  }

  /** A batch is not read if the request was over after it was scheduled. Each key costs at least one row. */
  protected loader<Key, Value, CacheKey = Key>(
    read: (keys: readonly Key[], options: ReadOptions) => Promise<readonly (Value | Error)[]>,
    options?: DataLoader.Options<Key, Value, CacheKey>,
  ): DataLoader<Key, Value, CacheKey> {
    const readBatch = (keys: readonly Key[]) =>
      this.budget.read((bounds) => {
        this.budget.chargeWalk(keys.length);
        return read(keys, bounds);
      });
    return new DataLoader(readBatch, {
      ...options,
      batchScheduleFn: (dispatch) => this.turns.whenListed(dispatch),
    });
  }
}
