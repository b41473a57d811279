import { isSessionId } from '../model/id.ts';
import type { Damage as DamageModel, Session as SessionModel } from '../model/session.ts';
import { builder } from './builder.ts';
import { Connection, type ConnectionSource } from './connection.ts';
import { connectionType } from './connection-type.ts';
import { appear, findSession, type SchemaContext } from './context.ts';
import { ID_DESCRIPTION, Node } from './node.ts';

const Damage = builder.objectRef<DamageModel>('Damage').implement({
  description: "A part of a session's record that cannot be read. It is never served; all else is.",
  fields: (t) => ({
    line: t.exposeInt('line', {
      description: 'The line of the record, counted from 1; null where the fault has no line.',
      nullable: true,
    }),
    reason: t.exposeString('reason', { description: 'What is wrong with it.' }),
  }),
});

/** Its place in the tree is in tree.ts, its history in history.ts. */
export const Session = builder.objectRef<SessionModel>('Session').implement({
  description: 'A session of an agent: a node in a tree of sessions, with a history of messages.',
  interfaces: [Node],
  fields: (t) => ({
    // Read off the session, where the interface would have to tell it from a message first: trees ask for thousands.
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    userId: t.exposeString('userId', {
      description: "Whose it is. A child has its parent's unless it was given one.",
      nullable: true,
    }),
    title: t.exposeString('title', { description: 'What to call it.', nullable: true }),
    metadata: t.field({
      description: 'What the client keeps with it.',
      type: 'JSONObject',
      resolve: (session, _args, { budget }) => {
        budget.chargeText(session.metadataBytes);
        return session.metadata;
      },
    }),
    metadataValue: t.field({
      description: 'The value of one key of `metadata`; null where there is no such key.',
      type: 'JSON',
      nullable: true,
      args: { key: t.arg.string({ description: 'A key of the outermost object.', required: true }) },
      resolve: (session, { key }, { budget }) => {
        budget.chargeText(session.metadataBytes);
        return Object.hasOwn(session.metadata, key) ? session.metadata[key] : null;
      },
    }),
    createdAt: t.expose('createdAt', { description: 'When it was created.', type: 'DateTime' }),
    lastActiveAt: t.expose('lastActiveAt', {
      description:
        'When it was created or messages were last appended; a change of title or metadata leaves it.',
      type: 'DateTime',
    }),
    messageCount: t.exposeInt('messageCount', {
      description: 'How many user messages its history holds: one for each exchange.',
    }),
    historyLength: t.exposeInt('historyLength', {
      description: 'How many messages its history holds, of any role.',
    }),
    version: t.exposeInt('version', {
      description:
        'Grows by one with each mutation of this session itself, from 1; spawning changes the child, not the parent. ' +
        'Give it as `expectedVersion` to change only what was read.',
    }),
    archivedAt: t.expose('archivedAt', {
      description: 'Since when it is archived; null where it is not.',
      type: 'DateTime',
      nullable: true,
    }),
    damage: t.expose('damage', {
      description: 'Parts of its record that cannot be read; empty when all is well.',
      type: [Damage],
    }),
  }),
});

export const SessionConnection = connectionType(Session);

/** A connection whose sessions appear when it is read. */
export function sessionConnection(
  context: SchemaContext,
  source: Omit<ConnectionSource<SessionModel>, 'budget' | 'appear'>,
): Connection<SessionModel> {
  return new Connection({
    ...source,
    budget: context.budget,
    appear: (sessions) => {
      for (const session of sessions) appear(context, session);
    },
  });
}

builder.queryField('session', (t) =>
  t.field({
    description: 'The session with this id; null where there is none.',
    type: Session,
    nullable: true,
    args: { id: t.arg.id({ description: "The session's id.", required: true }) },
    resolve: async (_root, { id }, context) => {
      const session = isSessionId(id) ? await findSession(context, id) : null;
      return session && appear(context, session);
    },
  }),
);
