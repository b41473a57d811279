import type { Session as SessionModel } from '../model/session.ts';
import { EMPTY_PAGE } from '../repository/reads.ts';
import { argumentRules } from './argument-rules.ts';
import { builder } from './builder.ts';
import { ChildFilter, checkChildFilter } from './child-filter.ts';
import { Edge } from './connection.ts';
import { appear, findSession, type SchemaContext, sessionOrNull } from './context.ts';
import { checkKind, childrenCursor, descendantsCursor } from './cursor.ts';
import { andThen } from './maybe-promise.ts';
import { pageArguments, pageRequest, pageRules } from './page.ts';
import { badUserInput } from './request-error.ts';
import { Session, SessionConnection, sessionConnection } from './session.ts';

function checkMaxDepth({ maxDepth }: { readonly maxDepth?: number | null }): void {
  if (maxDepth != null && maxDepth < 0) throw badUserInput(`maxDepth: expected 0 or more, got ${maxDepth}.`);
}

const filterArgument = builder.args((t) => ({
  filter: t.field({
    description: 'Only these sessions. Default: all, archived ones included.',
    type: ChildFilter,
  }),
}));
/** The edge of a child that appears in the answer, with its cursor among the `children` of the session `parentId`. */
export function childEdge(context: SchemaContext, parentId: string, child: SessionModel): Edge<SessionModel> {
  const cursors = childrenCursor(context.repository, parentId);
  return new Edge({ cursorOf: ({ arrival }) => cursors.encode(arrival) }, appear(context, child));
}

/** The fields of a session's position in its tree. */
builder.objectFields(Session, (t) => ({
  parentId: t.exposeID('parentId', {
    description: 'The id of the parent, as recorded, even if the parent cannot be read. Null for a root.',
    nullable: true,
  }),
  parent: t.field({
    description: 'The session that spawned this one; null for a root, and if the parent cannot be read.',
    type: Session,
    nullable: true,
    resolve: ({ parentId }, _args, context) => sessionOrNull(context, parentId),
  }),
  rootId: t.exposeID('rootId', { description: 'The id of `root`.' }),
  root: t.field({
    description: 'The topmost readable session of the tree. A root is its own root.',
    type: Session,
    resolve: (session, _args, context) => {
      const { id, rootId } = session;
      // A tree can be deleted while it is read. Its sessions in this answer then count as their own roots.
      return andThen(rootId === id ? session : findSession(context, rootId), (root) =>
        appear(context, root ?? session),
      );
    },
  }),
  depth: t.exposeInt('depth', { description: 'The number of ancestors: 0 for a root.' }),
  ancestors: t.field({
    description: 'The ancestors, from the root to the parent.',
    type: [Session],
    resolve: async ({ id, depth }, _args, context) => {
      context.budget.chargeObjects(depth);
      const ancestors = await context.loaders.ancestors.load(id);
      context.budget.chargeObjects(-depth);
      return context.turns.paced(ancestors.map((ancestor) => appear(context, ancestor)));
    },
  }),
  childCount: t.exposeInt('childCount', {
    description: 'The number of children.',
  }),
  children: t.field({
    description: 'The children, in the order in which they came under this session.',
    type: SessionConnection,
    args: { ...filterArgument, ...pageArguments('pageSize') },
    extensions: argumentRules(checkChildFilter, ...pageRules('pageSize', checkKind('children'))),
    resolve: ({ id, childCount }, { filter: given, ...args }, context) => {
      const { repository, limits, loaders } = context;
      const filter = checkChildFilter({ filter: given }, context);
      const scope = filter ? { parentId: id, filter } : { parentId: id };
      const cursors = () => childrenCursor(repository, id);
      const page = pageRequest(args, { limit: 'pageSize', limits, cursors });
      const isAtAnEnd = page.after === undefined && page.before === undefined;
      return sessionConnection(context, {
        request: page,
        expected: isAtAnEnd && !filter ? Math.min(page.limit, childCount) : 0,
        load: () => (childCount === 0 ? EMPTY_PAGE : loaders.children.load({ ...scope, page })),
        count: () => (filter && childCount > 0 ? loaders.childCount.load(scope) : childCount),
        cursorOf: (child) => cursors().encode(child.arrival),
      });
    },
  }),
  descendants: t.field({
    description:
      'All descendants, in pre-order: each session before its own children, siblings as in `children`. A client can rebuild the ' +
      'tree with `parentId`.',
    type: SessionConnection,
    args: {
      ...filterArgument,
      ...pageArguments('descendantsPageSize'),
      maxDepth: t.arg.int({
        description: 'The number of levels below this session: 1 for the children only. Default: all levels.',
      }),
    },
    extensions: argumentRules(
      checkMaxDepth,
      checkChildFilter,
      ...pageRules('descendantsPageSize', checkKind('descendants')),
    ),
    resolve: ({ id }, { maxDepth = null, filter: given, ...args }, context) => {
      const { repository, limits, loaders } = context;
      const cursors = () => descendantsCursor(repository, id);
      checkMaxDepth({ maxDepth });
      const scope = { sessionId: id, maxDepth, filter: checkChildFilter({ filter: given }, context) };
      const page = pageRequest(args, { limit: 'descendantsPageSize', limits, cursors });
      return sessionConnection(context, {
        request: page,
        expected: 0,
        load: () => loaders.descendants.load({ ...scope, page }),
        admit: ({ items }) => context.turns.take(items.length),
        count: () => loaders.descendantCount.load(scope),
        cursorOf: (descendant) => cursors().encode(descendant.id),
      });
    },
  }),
}));
