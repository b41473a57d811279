import { EMPTY_PAGE } from '../repository/repository.ts';
import { builder } from './builder.ts';
import { appear } from './context.ts';
import { childrenCursor, descendantsCursor } from './cursor.ts';
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
    resolve: async ({ parentId }, _args, context) => {
      const parent = parentId === null ? null : await context.loaders.session.load(parentId);
      return parent && appear(context, parent);
    },
  }),
  rootId: t.exposeID('rootId', { description: 'The id of `root`.' }),
  root: t.field({
    description: 'The topmost session of its tree that can be read; itself for a root.',
    type: Session,
    resolve: async (session, _args, context) => {
      const { id, rootId } = session;
      const root = rootId === id ? session : await context.loaders.session.load(rootId);
      // A tree can be deleted while it is read: what is left of it in this answer has itself for a root.
      return appear(context, root ?? session);
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
      const cursors = childrenCursor(id);
      const page = pageRequest(args, { max: limits.pageSize, decode: cursors.decode });
      const isAtAnEnd = page.after === undefined && page.before === undefined;
      return sessionConnection(context, {
        request: page,
        expected: isAtAnEnd ? Math.min(page.limit, childCount) : 0,
        load: () => (childCount === 0 ? EMPTY_PAGE : loaders.children.load({ parentId: id, page })),
        count: () => childCount,
        cursorOf: (child) => cursors.encode(child.arrival),
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
      const cursors = descendantsCursor(id);
      const page = pageRequest(args, { max: limits.descendantsPageSize, decode: cursors.decode });
      return sessionConnection(context, {
        request: page,
        expected: 0,
        load: () => context.turns.wait(loaders.descendants.load({ sessionId: id, maxDepth, page })),
        count: () => loaders.descendantCount.load({ sessionId: id, maxDepth }),
        cursorOf: (descendant) => cursors.encode(descendant.id),
      });
    },
  }),
}));
