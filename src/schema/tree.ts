import { EMPTY_PAGE } from '../repository/repository.ts';
import { builder } from './builder.ts';
import { appear, findSession } from './context.ts';
import { childrenCursor, descendantsCursor } from './cursor.ts';
import { andThen } from './maybe-promise.ts';
import { pageArguments, pageRequest } from './page.ts';
import { badUserInput } from './request-error.ts';
import { Session, SessionConnection, sessionConnection } from './session.ts';

/** A session's place in its tree. */
builder.objectFields(Session, (t) => ({
  parentId: t.exposeID('parentId', {
    description:
      'The id of the session that spawned it, as recorded, also where that cannot be read; null for a root.',
    nullable: true,
  }),
  parent: t.field({
    description: 'The session that spawned it; null for a root, and where the parent cannot be read.',
    type: Session,
    nullable: true,
    resolve: ({ parentId }, _args, context) =>
      parentId === null
        ? null
        : andThen(findSession(context, parentId), (parent) => parent && appear(context, parent)),
  }),
  rootId: t.exposeID('rootId', { description: 'The id of `root`.' }),
  root: t.field({
    description: 'The topmost session of its tree that can be read; itself for a root.',
    type: Session,
    resolve: (session, _args, context) => {
      const { id, rootId } = session;
      // A tree can be deleted while it is read: what is left of it in this answer has itself for a root.
      return andThen(rootId === id ? session : findSession(context, rootId), (root) =>
        appear(context, root ?? session),
      );
    },
  }),
  depth: t.exposeInt('depth', { description: 'How many ancestors it has: 0 for a root.' }),
  ancestors: t.field({
    description: 'The sessions above it, root first, parent last.',
    type: [Session],
    resolve: async ({ id, depth }, _args, context) => {
      context.budget.chargeObjects(depth);
      const ancestors = await context.loaders.ancestors.load(id);
      context.budget.chargeObjects(-depth);
      return ancestors.map((ancestor) => appear(context, ancestor));
    },
  }),
  childCount: t.exposeInt('childCount', {
    description: 'How many sessions it has spawned that are still there.',
  }),
  children: t.field({
    description: 'The sessions it has spawned, in order of arrival.',
    type: SessionConnection,
    args: pageArguments,
    resolve: ({ id, childCount }, args, context) => {
      const { limits, loaders } = context;
      const page = pageRequest(args, { max: limits.pageSize, cursors: () => childrenCursor(id) });
      const isAtAnEnd = page.after === undefined && page.before === undefined;
      return sessionConnection(context, {
        request: page,
        expected: isAtAnEnd ? Math.min(page.limit, childCount) : 0,
        load: () => (childCount === 0 ? EMPTY_PAGE : loaders.children.load({ parentId: id, page })),
        count: () => childCount,
        cursorOf: (child) => childrenCursor(id).encode(child.arrival),
      });
    },
  }),
  descendants: t.field({
    description:
      'All sessions beneath it, in pre-order: each before its own children, siblings in order of arrival. A client builds ' +
      'the tree from it with `parentId`.',
    type: SessionConnection,
    args: {
      ...pageArguments,
      maxDepth: t.arg.int({
        description: 'Only so many levels beneath: 1 is the children. All when left out.',
      }),
    },
    resolve: ({ id }, { maxDepth = null, ...args }, context) => {
      const { limits, loaders } = context;
      if (maxDepth !== null && maxDepth < 0)
        throw badUserInput(`maxDepth: expected 0 or more, got ${maxDepth}.`);
      const page = pageRequest(args, {
        max: limits.descendantsPageSize,
        cursors: () => descendantsCursor(id),
      });
      return sessionConnection(context, {
        request: page,
        expected: 0,
        load: () => context.turns.wait(loaders.descendants.load({ sessionId: id, maxDepth, page })),
        count: () => loaders.descendantCount.load({ sessionId: id, maxDepth }),
        cursorOf: (descendant) => descendantsCursor(id).encode(descendant.id),
      });
    },
  }),
}));
