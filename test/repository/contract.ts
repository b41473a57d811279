import { describe } from 'vitest';
import { describeAppend } from './contract/append.ts';
import { describeBounds } from './contract/bounds.ts';
import { describeChildFilter } from './contract/child-filter.ts';
import { describeConcurrency } from './contract/concurrency.ts';
import { describeCreate } from './contract/create.ts';
import { describeDelete } from './contract/delete.ts';
import { describeDescendants } from './contract/descendants.ts';
import { describeFork } from './contract/fork.ts';
import { describeFreshReads } from './contract/fresh-reads.ts';
import { describeHistory } from './contract/history.ts';
import { describeHistoryEnds } from './contract/history-ends.ts';
import { describeHistoryPlaces } from './contract/history-places.ts';
import { describeList } from './contract/list.ts';
import { describeMessageKeys } from './contract/message-keys.ts';
import { describeOperations } from './contract/operations.ts';
import { describePages } from './contract/pages.ts';
import { describePersistence } from './contract/persistence.ts';
import { describePlacement } from './contract/placement.ts';
import { describeReads } from './contract/reads.ts';
import { describeRollup } from './contract/rollup.ts';
import { describeSearch } from './contract/search.ts';
import { describeSearchScope } from './contract/search-scope.ts';
import { type SetUpStore, useStore } from './contract/store.ts';
import { describeTreeActivity } from './contract/tree-activity.ts';
import { describeTruncate } from './contract/truncate.ts';
import { describeUpdate } from './contract/update.ts';

/** The requirements for every SessionRepository. `setup` creates an empty store; it is called once per test. */
export function describeRepositoryContract(name: string, setup: SetUpStore): void {
  describe(name, () => {
    const store = useStore(setup);
    describeReads(store);
    describeBounds(store);
    describePages(store);
    describeHistory(store);
    describeHistoryPlaces(store);
    describeHistoryEnds(store);
    describeDescendants(store);
    describeChildFilter(store);
    describeList(store);
    describeTreeActivity(store);
    describeCreate(store);
    describeAppend(store);
    describeMessageKeys(store);
    describeUpdate(store);
    describeDelete(store);
    describeFork(store);
    describePlacement(store);
    describeTruncate(store);
    describeRollup(store);
    describeSearch(store);
    describeSearchScope(store);
    describeOperations(store);
    describeConcurrency(store);
    describePersistence(store);
    describeFreshReads(store);
  });
}
