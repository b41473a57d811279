import type {
  Session,
  SessionFilter as SessionFilterModel,
  SessionOrderField,
  SessionOrder as SessionOrderModel,
} from '../model/session.ts';
import { argumentRules, checkArgument, type RuleContext } from './argument-rules.ts';
import { builder } from './builder.ts';
import { ArchivedFilter } from './child-filter.ts';
import { sessionsCursor } from './cursor.ts';
import { type PageArguments, pageArguments, pageRequest, pageRules } from './page.ts';
import { badUserInput, refuseOther } from './request-error.ts';
import { checkQuery } from './search-query.ts';
import { SessionConnection, SessionStatus, sessionConnection } from './session.ts';

const OrderField = builder.enumType('SessionOrderField', {
  description:
    'The time by which a list of sessions is ordered. Sessions with equal times have a fixed order.',
  values: {
    CREATED_AT: { description: 'The time of creation.' },
    LAST_ACTIVE_AT: { description: 'The time of the last append, or of the creation if there was none.' },
    TREE_LAST_ACTIVE_AT: {
      description:
        'The latest `lastActiveAt` anywhere in the tree, archived sessions included. Only with `rootsOnly: true`.',
    },
  } satisfies Record<SessionOrderField, { description: string }>,
});

const OrderDirection = builder.enumType('OrderDirection', {
  description: 'The direction of an order.',
  values: {
    ASC: { description: 'Oldest first.' },
    DESC: { description: 'Newest first.' },
  },
});

const SessionOrder = builder.inputType('SessionOrder', {
  description: 'The order of a list of sessions.',
  fields: (t) => ({
    field: t.field({ description: 'The time to order by.', type: OrderField, required: true }),
    direction: t.field({ description: 'The direction.', type: OrderDirection, required: true }),
  }),
});

export const SessionFilter = builder.inputType('SessionFilter', {
  description: 'Conditions for sessions. A session must meet all that are given.',
  fields: (t) => ({
    userId: t.string({ description: 'Sessions of this user.' }),
    keyPrefix: t.string({
      description: 'Sessions whose key begins so. The empty text: sessions with any key.',
    }),
    rootsOnly: t.boolean({
      description: 'True: only sessions without a parent, or whose parent cannot be read.',
    }),
    parentId: t.id({ description: 'Children of this session, even if the session cannot be read.' }),
    rootId: t.id({ description: 'Sessions of the tree of this root, including the root.' }),
    createdAfter: t.field({ description: 'Created at this time or after.', type: 'DateTime' }),
    createdBefore: t.field({ description: 'Created before this time.', type: 'DateTime' }),
    activeAfter: t.field({ description: 'Last active at this time or after.', type: 'DateTime' }),
    activeBefore: t.field({ description: 'Last active before this time.', type: 'DateTime' }),
    metadata: t.field({
      description:
        'Sessions whose metadata contains this object: each key, with a value that contains the given value. A list contains ' +
        "another if it contains each of its elements, in any order. Size and nesting: at most the server's limits `filterBytes` and " +
        '`metadataDepth`.',
      type: 'JSONObject',
    }),
    archived: t.field({
      description: 'Default: EXCLUDE in `sessions`, INCLUDE in `searchMessages`.',
      type: ArchivedFilter,
    }),
    title: t.string({
      description:
        'Sessions whose title contains these words, by the rules of `searchMessages`: in any order and any case; `*` at the end of a word ' +
        "finds what begins with it. At most the server's limits of a search.",
    }),
    project: t.string({ description: 'Sessions of this project.' }),
    agentName: t.string({ description: 'Sessions of this agent.' }),
    statuses: t.field({ description: 'Sessions with any of these statuses.', type: [SessionStatus] }),
    damaged: t.boolean({
      description: 'True: only sessions with `damage`. False: only sessions without.',
    }),
  }),
});

const LATEST_FIRST: SessionOrderModel = { field: 'LAST_ACTIVE_AT', direction: 'DESC' };

builder.queryField('sessions', (t) =>
  t.field({
    description:
      'The sessions of the store, without archived ones unless the filter includes them. The filter applies before paging.',
    type: SessionConnection,
    args: {
      filter: t.arg({
        description: 'Conditions for the sessions. Default: all sessions that are not archived.',
        type: SessionFilter,
      }),
      orderBy: t.arg({
        description: 'The order of the list. Default: last active first.',
        type: SessionOrder,
      }),
      ...pageArguments('pageSize'),
    },
    extensions: argumentRules(
      checkFilter,
      checkOrder,
      ...pageRules<ListArguments>('pageSize', (cursor, argument, { orderBy }, { repository }) =>
        sessionsCursor(repository, orderBy ?? LATEST_FIRST).decode(cursor, argument),
      ),
    ),
    resolve: (_root, { filter: given, orderBy, ...args }, context) => {
      const { repository, limits, budget } = context;
      const filter = checkFilter({ filter: given }, context);
      checkOrder({ filter, orderBy });
      const order = orderBy ?? LATEST_FIRST;
      const cursors = sessionsCursor(repository, order);
      const page = pageRequest(args, { limit: 'pageSize', limits, cursors: () => cursors });
      return sessionConnection(context, {
        request: page,
        expected: 0,
        load: () => budget.read((options) => repository.list(filter, order, page, options)),
        admit: ({ items }) => context.turns.take(items.length),
        count: () =>
          budget.read((options) => {
            budget.chargeWalk(1);
            return repository.count(filter, options);
          }),
        cursorOf: (session) =>
          cursors.encode({ time: timeOf(session, order).getTime(), sequence: session.sequence }),
      });
    },
  }),
);

function timeOf(session: Session, { field }: SessionOrderModel): Date {
  if (field === 'TREE_LAST_ACTIVE_AT') return session.treeLastActiveAt!;
  return field === 'CREATED_AT' ? session.createdAt : session.lastActiveAt;
}

function checkOrder({ filter, orderBy }: Pick<ListArguments, 'filter' | 'orderBy'>): void {
  if (orderBy?.field === 'TREE_LAST_ACTIVE_AT' && !filter?.rootsOnly)
    throw badUserInput(
      'orderBy.field: expected TREE_LAST_ACTIVE_AT only for roots, got it for all sessions. Add "rootsOnly: true" to the filter.',
    );
}

interface ListArguments extends PageArguments {
  readonly filter?: SessionFilterModel | null;
  readonly orderBy?: SessionOrderModel | null;
}

/** The filter as the store takes it. Throws BAD_USER_INPUT if it breaks a rule, and FORBIDDEN for another user than the caller's. */
export function checkFilter(
  { filter: given }: Pick<ListArguments, 'filter'>,
  { rules, limits, caller }: Pick<RuleContext, 'rules' | 'limits' | 'caller'>,
): SessionFilterModel {
  const filter = checkArgument(rules.filter, given ?? {}, 'filter');
  refuseOther(caller, filter.userId, 'filter.userId');
  if (filter.title != null) checkQuery({ query: filter.title }, { limits }, 'filter.title');
  return filter;
}
