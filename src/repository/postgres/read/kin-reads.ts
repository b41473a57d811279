import type { ChildFilter, Session } from '../../../model/session.ts';
import type { ReadOptions } from '../../read-options.ts';
import type {
  ChildrenRequest,
  ChildrenScope,
  ForksRequest,
  ForksScope,
  Page,
  PageRequest,
  SpawnedRequest,
} from '../../reads.ts';
import { childrenPages, countChildren } from './children.ts';
import { countDescendants, descendantsPages } from './descendants.ts';
import { countForks, forksPages } from './forks.ts';
import type { ReadParts } from './parts.ts';
import { findSpawned } from './spawned.ts';

/** Reads children, descendants, forks and spawned sessions. */
export class KinReads {
  readonly #parts: ReadParts;

  constructor(parts: ReadParts) {
    this.#parts = parts;
  }

  childrenOf(requests: readonly ChildrenRequest[], options?: ReadOptions): Promise<Page<Session>[]> {
    return childrenPages(this.#parts, requests, options);
  }

  countChildren(scopes: readonly ChildrenScope[], options?: ReadOptions): Promise<number[]> {
    return countChildren(this.#parts, scopes, options);
  }

  descendantsOf(
    ids: readonly string[],
    page: PageRequest<string>,
    maxDepth: number | null,
    filter?: ChildFilter | null,
    options?: ReadOptions,
  ): Promise<Page<Session>[]> {
    return descendantsPages(this.#parts, ids, page, maxDepth, filter, options);
  }

  countDescendants(
    ids: readonly string[],
    maxDepth: number | null,
    filter?: ChildFilter | null,
    options?: ReadOptions,
  ): Promise<number[]> {
    return countDescendants(this.#parts, ids, maxDepth, filter, options);
  }

  forksOf(requests: readonly ForksRequest[], options?: ReadOptions): Promise<Page<Session>[]> {
    return forksPages(this.#parts, requests, options);
  }

  countForks(scopes: readonly ForksScope[], options?: ReadOptions): Promise<number[]> {
    return countForks(this.#parts, scopes, options);
  }

  findSpawned(calls: readonly SpawnedRequest[], options?: ReadOptions): Promise<(Session | null)[]> {
    return findSpawned(this.#parts, calls, options);
  }
}
