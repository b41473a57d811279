import { InvalidInputError } from '../model/errors.ts';
import { checkInput, type InputRules } from '../model/input.ts';
import type {
  ArchivedFilter as ArchivedFilterModel,
  SessionFilter as SessionFilterModel,
  SessionOrder as SessionOrderModel,
} from '../model/session.ts';
import { builder } from './builder.ts';
import { sessionsCursor } from './cursor.ts';
import { pageArguments, pageRequest } from './page.ts';
import { badUserInput } from './request-error.ts';
import { SessionConnection, sessionConnection } from './session.ts';

const SessionOrderField = builder.enumType('SessionOrderField', {
  description: 'What a list of sessions is ordered by. Where times are equal: the order of creation.',
  values: {
    CREATED_AT: { description: 'When it was created.' },
    LAST_ACTIVE_AT: { description: 'When it was created or messages were last appended.' },
  },
});

const OrderDirection = builder.enumType('OrderDirection', {
  description: 'Which end of an order comes first.',
  values: {
    ASC: { description: 'The oldest first.' },
    DESC: { description: 'The newest first.' },
  },
});

const SessionOrder = builder.inputType('SessionOrder', {
  description: 'The order of a list of sessions.',
  fields: (t) => ({
    field: t.field({ description: 'What to order by.', type: SessionOrderField, required: true }),
    direction: t.field({ description: 'Which end comes first.', type: OrderDirection, required: true }),
  }),
});

const ArchivedFilter = builder.enumType('ArchivedFilter', {
  description: 'Whether archived sessions are in a list.',
  values: {
    EXCLUDE: { description: 'They are left out.' },
    INCLUDE: { description: 'They are there with all others.' },
    ONLY: { description: 'Nothing else is there.' },
  } satisfies Record<ArchivedFilterModel, { description: string }>,
});

const SessionFilter = builder.inputType('SessionFilter', {
  description: 'What a list of sessions is narrowed to; all that is given must hold.',
  fields: (t) => ({
    userId: t.string({ description: 'Sessions of this user.' }),
    rootsOnly: t.boolean({ description: 'Whether to leave out sessions with a parent that can be read.' }),
    parentId: t.id({ description: 'Children of this session, as recorded.' }),
    rootId: t.id({ description: 'The tree of this root, the root included.' }),
    createdAfter: t.field({ description: 'Created at this time or after.', type: 'DateTime' }),
    createdBefore: t.field({ description: 'Created before this time.', type: 'DateTime' }),
    activeAfter: t.field({ description: 'Last active at this time or after.', type: 'DateTime' }),
    activeBefore: t.field({ description: 'Last active before this time.', type: 'DateTime' }),
    metadata: t.field({
      description:
        'Sessions whose metadata contains all of this: every key with a value that contains the one given, every element ' +
        'of a list in any place.',
      type: 'JSONObject',
    }),
    archived: t.field({
      description: 'Whether archived sessions are there. Left out: EXCLUDE.',
      type: ArchivedFilter,
    }),
  }),
});

const LATEST_FIRST: SessionOrderModel = { field: 'LAST_ACTIVE_AT', direction: 'DESC' };

builder.queryField('sessions', (t) =>
  t.field({
    description:
      'The sessions of the store, archived ones left out unless the filter asks for them. The filter applies before the page.',
    type: SessionConnection,
    args: {
      filter: t.arg({
        description: 'What to narrow the list to; all sessions when left out.',
        type: SessionFilter,
      }),
      orderBy: t.arg({
        description: 'The order of the list; last active first when left out.',
        type: SessionOrder,
      }),
      ...pageArguments,
    },
    resolve: (_root, { filter: given, orderBy, ...args }, context) => {
      const { repository, limits, rules } = context;
      const filter = checkFilter(rules, given ?? {});
      const order = orderBy ?? LATEST_FIRST;
      const cursors = sessionsCursor(order);
      const page = pageRequest(args, { max: limits.pageSize, cursors: () => cursors });
      return sessionConnection(context, {
        request: page,
        expected: 0,
        load: () => context.turns.wait(repository.list(filter, order, page)),
        count: () => repository.count(filter),
        cursorOf: (session) => {
          const time = order.field === 'CREATED_AT' ? session.createdAt : session.lastActiveAt;
          return cursors.encode({ time: time.getTime(), sequence: session.sequence });
        },
      });
    },
  }),
);

function checkFilter(rules: InputRules, filter: SessionFilterModel): SessionFilterModel {
  try {
    return checkInput(rules.filter, filter, ['filter']);
  } catch (error) {
    if (error instanceof InvalidInputError) throw badUserInput(`${error.message}.`);
    throw error;
  }
}
