import { isSessionId } from '../../model/id.ts';
import { DEFAULT_PAGE_SIZE } from '../../model/limits.ts';
import type { Message as MessageModel, ShownTexts } from '../../model/message.ts';
import type { ChangeKind, SessionChange as SessionChangeModel } from '../../repository/changes.ts';
import { type ArgumentRule, argumentRules } from '../argument-rules.ts';
import { builder } from '../builder.ts';
import { appearMessages, findSession, type SchemaContext, sessionOrNull } from '../context.ts';
import { changesCursor } from '../cursor.ts';
import { selectedOfMessages } from '../look-ahead.ts';
import { Message } from '../message.ts';
import { badUserInput } from '../request-error.ts';
import { Session } from '../session.ts';
import type { ChangesEvent } from './changes.ts';
import { ChangesSource } from './changes-source.ts';
import { eventsOf } from './pull-source.ts';

const SessionChangeKind = builder.enumType('SessionChangeKind', {
  description: 'What happened to a session in the tree that is watched.',
  values: {
    CREATED: { description: 'The session is new. APPENDED follows if it has messages.' },
    ENTERED: {
      description:
        'The session was moved into the tree: read the session with its history, and all that is beneath it.',
    },
    APPENDED: { description: 'The history has other messages from `fromPosition` to its end.' },
    REPLACED: {
      description: 'Messages of the history have another form, the first of them at `fromPosition`.',
    },
    TRUNCATED: { description: 'The history was cut at `fromPosition`. Comes before APPENDED.' },
    UPDATED: {
      description: 'Something else of the session changed: its title, its status, whether it is archived.',
    },
    MOVED: {
      description:
        'The session has another parent within the tree, or another place among its children. All beneath it went along.',
    },
    LEFT: {
      description: 'The session was moved out of the tree: drop the session, and all that is beneath it.',
    },
    DELETED: { description: 'The session was deleted. What was beneath it has changes of its own.' },
  } satisfies Record<ChangeKind, { description: string }>,
});

const DEFAULT_FIRST = `${DEFAULT_PAGE_SIZE}, or the limit if that is smaller`;

function firstOf(first: number | null | undefined, max: number): number {
  if (first == null) return Math.min(DEFAULT_PAGE_SIZE, max);
  if (first < 0) throw badUserInput(`first: expected 0 or more, got ${first}.`);
  if (first > max)
    throw badUserInput(
      `first: expected at most ${max} (the limit pageSize), got ${first}. Read the rest from the history of the session.`,
    );
  return first;
}

const checkFirst: ArgumentRule<{ readonly first?: number | null }> = ({ first }, { limits }) =>
  firstOf(first, limits.pageSize);

const SessionChange = builder.objectRef<SessionChangeModel>('SessionChange').implement({
  description:
    'What happened to one session. Several changes of the same kind are one, as far as they are in one event.',
  fields: (t) => ({
    kind: t.expose('kind', { description: 'What happened.', type: SessionChangeKind }),
    sessionId: t.exposeID('sessionId', { description: 'The session to which it happened.' }),
    session: t.field({
      description:
        'The session as it is now, which may be later than the change: its `version` tells. Whatever the kind, show what the session says ' +
        'of itself anew. Null once it is deleted, or the caller may no longer see it.',
      type: Session,
      nullable: true,
      resolve: ({ sessionId }, _args, context) => sessionOrNull(context, sessionId),
    }),
    formerParentId: t.exposeID('formerParentId', {
      description:
        'MOVED, LEFT and DELETED: the parent that the session had; null for a root, and for other kinds.',
      nullable: true,
    }),
    fromPosition: t.exposeInt('fromPosition', {
      description:
        'APPENDED, TRUNCATED and REPLACED: the position in the history before which nothing has changed; null for other kinds.',
      nullable: true,
    }),
    messages: t.field({
      description:
        'APPENDED: the messages from `fromPosition` on. REPLACED: those with another form. Oldest first; empty for other kinds. There can ' +
        'be fewer than happened: the list ends early where the texts use up what the event has left of `textBytes`. Read the rest from ' +
        'the `history` of the session.',
      type: [Message],
      args: {
        first: t.arg.int({
          description: `The maximum number: at most the server's limit \`pageSize\`. Default: ${DEFAULT_FIRST}.`,
        }),
      },
      extensions: argumentRules(checkFirst),
      resolve: async (change, { first }, context, info) => {
        const count = firstOf(first, context.limits.pageSize);
        const { shown } = selectedOfMessages(info, 'Message');
        const load = messagesOf(change, count, shown, context);
        if (!load) return [];
        const [messages, session] = await Promise.all([load, findSession(context, change.sessionId)]);
        if (!session) return [];
        appearMessages(context, session, messages, shown);
        return messages;
      },
    }),
  }),
});

/** The messages that were appended or replaced; null if there are none. */
function messagesOf(
  change: SessionChangeModel,
  first: number,
  shown: ShownTexts | null,
  context: SchemaContext,
): Promise<readonly MessageModel[]> | null {
  const { kind, sessionId, fromPosition, ordinals } = change;
  if (first === 0) return null;
  if (kind === 'REPLACED') return replaced(sessionId, ordinals.slice(0, first), shown, context);
  if (kind !== 'APPENDED' || fromPosition === null) return null;
  return appended(sessionId, fromPosition, first, shown, context);
}

async function appended(
  sessionId: string,
  position: number,
  limit: number,
  shown: ShownTexts | null,
  { loaders, turns }: SchemaContext,
): Promise<readonly MessageModel[]> {
  const page = { limit, from: 'start', after: undefined, before: undefined } as const;
  const { items } = await loaders.history.load({ sessionId, page, place: { position }, shown });
  await turns.take(items.length);
  return items;
}

async function replaced(
  sessionId: string,
  ordinals: readonly number[],
  shown: ShownTexts | null,
  { loaders }: SchemaContext,
): Promise<readonly MessageModel[]> {
  const found = await Promise.all(
    ordinals.map((ordinal) => loaders.message.load({ sessionId, ordinal, shown })),
  );
  return found.filter((message) => message !== null);
}

const SessionChanges = builder.objectRef<ChangesEvent>('SessionChanges').implement({
  description:
    'What has changed since the event before: everything that the cursor covers, or nothing of it. An event without changes is a ' +
    'bookmark: it brings a new cursor.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description:
        'Pass it as `after` to go on from here, for example after a disconnection. It never expires.',
    }),
    isUpToDate: t.exposeBoolean('isUpToDate', {
      description: 'True if nothing more had happened when the event was made.',
    }),
    isReset: t.exposeBoolean('isReset', {
      description:
        'True if the changes since `after` are not known: the store is another one, was put back from a copy, or another program has ' +
        'changed its files. Read the tree again, after this event; the changes go on from its `cursor`.',
    }),
    changes: t.field({
      description:
        'The changes, in the order in which the sessions last changed: a session can come before its parent. All changes of a session stand ' +
        'together, at most one of each kind. Pass over changes of sessions that you do not have, unless they are CREATED, ENTERED ' +
        'or MOVED. Treat MOVED of such a session as ENTERED.',
      type: [SessionChange],
      resolve: ({ changes }) => [...changes],
    }),
  }),
});

const checkScope: ArgumentRule<{ readonly within?: string | null; readonly after?: string | null }> = (
  { within, after },
  { repository },
) => {
  if (within != null && !isSessionId(within))
    throw badUserInput('within: expected the id of a session, got something else.');
  if (after != null) changesCursor(repository).decode(after, 'after');
};

builder.subscriptionField('sessionChanges', (t) =>
  t.field({
    description:
      'What has changed in a tree since `after`, and then what changes from now on. To see a tree and miss nothing: read the tree and ' +
      '`store { cursor }` in one operation, subscribe with that cursor as `after`, and after each disconnection with the cursor of the ' +
      'latest event. Apply changes by `version`: some can be in what was read already. Once the session `within` is deleted, the ' +
      'stream ends.',
    type: SessionChanges,
    args: {
      within: t.arg.id({
        description: 'Only this session and all beneath it. Default: the whole store.',
      }),
      after: t.arg.string({
        description:
          'A cursor of `sessionChanges`, or of the store. Default: now, which the first event gives a cursor for.',
      }),
    },
    extensions: argumentRules(checkScope),
    subscribe: (_root, { within = null, after = null }, { repository, limits }) =>
      eventsOf(() => new ChangesSource({ repository, limits, within }, after)),
    resolve: (event) => event,
  }),
);
