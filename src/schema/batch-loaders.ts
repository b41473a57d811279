import DataLoader from 'dataloader';
import type { ReadOptions } from '../repository/read-options.ts';
import type { SessionRepository } from '../repository/repository.ts';
import type { Budget } from './budget.ts';

/** Makes the loaders of one request, which read from `repository` within its `budget`. */
export abstract class BatchLoaders {
  protected readonly repository: SessionRepository;
  protected readonly budget: Budget;

  constructor(repository: SessionRepository, budget: Budget) {
    this.repository = repository;
    this.budget = budget;
  }

  /** A batch is not read if the request was over after it was scheduled. Each key costs at least one row. */
  protected loader<Key, Value, CacheKey = Key>(
    read: (keys: readonly Key[], options: ReadOptions) => Promise<readonly (Value | Error)[]>,
    options?: DataLoader.Options<Key, Value, CacheKey>,
  ): DataLoader<Key, Value, CacheKey> {
    return new DataLoader((keys) => {
      return this.budget.read((bounds) => {
        this.budget.chargeWalk(keys.length);
        return read(keys, bounds);
      });
    }, options);
  }
}
