import { SESSION_ORDER_FIELDS } from '../../../src/model/session.ts';
import { USAGE_DIMENSIONS } from '../../../src/model/usage-report.ts';
import type { SessionReader } from '../../../src/repository/repository.ts';
import { childrenRequests } from '../../support/children.ts';
import { ALL, idsOf, PLENTY_OF_BYTES } from './store.ts';

/** Every answer of the store, to compare before and after. `gone` are ids that must stay unknown. */
export async function everything(repository: SessionReader, gone: readonly string[] = []) {
  const lists = [];
  for (const field of SESSION_ORDER_FIELDS)
    for (const direction of ['ASC', 'DESC'] as const)
      for (const rootsOnly of [false, true])
        lists.push(
          idsOf((await repository.list({ rootsOnly, archived: 'INCLUDE' }, { field, direction }, ALL)).items),
        );
  const ids = [...lists[0]!.map((id) => id!), ...gone];
  const requests = ids.map((sessionId) => ({ sessionId, page: ALL }));
  const children = await repository.childrenOf(childrenRequests(ids, ALL));
  const descendants = await repository.descendantsOf(ids, ALL, null);
  return {
    ids,
    lists,
    sessions: await repository.findMany(ids),
    metadata: await repository.metadataOf(ids),
    keyed: await repository.findByKeys(
      (await repository.findMany(ids)).flatMap((session) =>
        session?.key ? [null, 'ann', 'bob'].map((ownerId) => ({ key: session.key!, ownerId })) : [],
      ),
    ),
    children: children.map((page) => idsOf(page.items)),
    descendants: descendants.map((page) => idsOf(page.items)),
    ancestors: (await repository.ancestorsOf(ids)).map(idsOf),
    histories: await repository.historyOf(requests, PLENTY_OF_BYTES),
    messages: await repository.findMessages(
      ids.map((sessionId) => ({ sessionId, ordinal: 0 })),
      PLENTY_OF_BYTES,
    ),
    counts: {
      descendants: await repository.countDescendants(ids, null),
      history: await repository.countHistory(requests),
      users: await repository.countHistory(
        requests.map((request) => ({ ...request, roles: ['USER'] as const })),
      ),
      sessions: await repository.count({}),
      archived: await repository.count({ archived: 'ONLY' }),
    },
    rollups: await repository.rollupsOf(ids),
    usage: await repository.usageReport({ by: USAGE_DIMENSIONS }),
    status: await repository.status(),
  };
}
