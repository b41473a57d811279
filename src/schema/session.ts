import { isSessionId } from '../model/id.ts';
import type {
  Damage as DamageModel,
  Session as SessionModel,
  SessionStatus as SessionStatusModel,
} from '../model/session.ts';
import { builder } from './builder.ts';
import { Connection, type ConnectionSource } from './connection.ts';
import { connectionType } from './connection-type.ts';
import { appear, findSession, type SchemaContext } from './context.ts';
import { andThen } from './maybe-promise.ts';
import { ID_DESCRIPTION, Node } from './node.ts';

const Damage = builder.objectRef<DamageModel>('Damage').implement({
  description: "A damaged part of a session's record. The damaged part is never served; all other parts are.",
  fields: (t) => ({
    line: t.exposeInt('line', {
      description: 'The line of the record, counted from 1; null if the damage has no line.',
      nullable: true,
    }),
    reason: t.exposeString('reason', { description: 'A description of the damage.' }),
  }),
});

export const SessionStatus = builder.enumType('SessionStatus', {
  description: 'What a session is doing. Clients set the status, and any may follow any.',
  values: {
    IDLE: { description: 'Nothing is done. The status of a new session.' },
    RUNNING: { description: 'The agent works.' },
    WAITING: { description: 'The agent waits for a person.' },
    COMPLETED: { description: 'The work is done.' },
    FAILED: { description: 'The work failed.' },
    CANCELLED: { description: 'The work was cancelled.' },
  } satisfies Record<SessionStatusModel, { description: string }>,
});

/** tree.ts adds the fields of the tree, history.ts the history, spawn-origin.ts and message.ts what needs the type of messages. */
export const Session = builder.objectRef<SessionModel>('Session').implement({
  description: 'A session of an agent: a node in a tree of sessions, with a history of messages.',
  interfaces: [Node],
  fields: (t) => ({
    // The resolver of the interface first has to tell a session from a message. This one is faster; trees select thousands of ids.
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    userId: t.exposeString('userId', {
      description:
        'The user who owns the session. A child inherits the user of its parent, unless it is given one.',
      nullable: true,
    }),
    title: t.exposeString('title', { description: 'The title.', nullable: true }),
    agentName: t.exposeString('agentName', {
      description: 'Which agent, or kind of agent, the session runs: "planner", "code-reviewer".',
      nullable: true,
    }),
    project: t.exposeString('project', {
      description:
        'What the session belongs to, for example a repository or a directory. A child inherits the project of its parent, unless it is ' +
        'given one.',
      nullable: true,
    }),
    status: t.expose('status', {
      description: 'What the session is doing. Only a client that sets the status changes it.',
      type: SessionStatus,
    }),
    statusMessage: t.exposeString('statusMessage', {
      description: 'Details of the status: what the session waits for, or why it failed.',
      nullable: true,
    }),
    statusChangedAt: t.expose('statusChangedAt', {
      description: 'When `status` last changed; at first, when the session was created.',
      type: 'DateTime',
    }),
    metadata: t.field({
      description: 'Data of the client, stored with the session.',
      type: 'JSONObject',
      resolve: (session, _args, { budget }) => {
        budget.chargeText(session.metadataBytes);
        return session.metadata;
      },
    }),
    metadataValue: t.field({
      description: 'The value of one key of `metadata`; null if there is no such key.',
      type: 'JSON',
      nullable: true,
      args: { key: t.arg.string({ description: 'A top-level key.', required: true }) },
      resolve: (session, { key }, { budget }) => {
        budget.chargeText(session.metadataBytes);
        return Object.hasOwn(session.metadata, key) ? session.metadata[key] : null;
      },
    }),
    createdAt: t.expose('createdAt', { description: 'When the session was created.', type: 'DateTime' }),
    lastActiveAt: t.expose('lastActiveAt', {
      description:
        'The time of the latest activity: of an append, or of the latest of its messages if each brought its own time; never before ' +
        'the creation. Updates do not count.',
      type: 'DateTime',
    }),
    updatedAt: t.expose('updatedAt', {
      description: 'When the session was last written: with each new version.',
      type: 'DateTime',
    }),
    messageCount: t.exposeInt('messageCount', {
      description: 'The number of USER messages in the history: one for each exchange.',
    }),
    historyLength: t.exposeInt('historyLength', {
      description: 'The number of messages in the history, of any role.',
    }),
    version: t.exposeInt('version', {
      description:
        'Starts at 1 and grows by one with each mutation of this session. Spawning a child does not change the parent. Pass it as ' +
        '`expectedVersion` to have a mutation refused if the session has changed since it was read.',
    }),
    archivedAt: t.expose('archivedAt', {
      description: 'When the session was archived; null if it is not archived.',
      type: 'DateTime',
      nullable: true,
    }),
    damage: t.field({
      description: "The damaged parts of the session's record; empty if there is no damage.",
      type: [Damage],
      // The session may have been found before another program replaced its record, which the history beside this field shows.
      resolve: async ({ id }, _, { loaders, turns }) => {
        const damage = await loaders.damage.load(id);
        return andThen(turns.turnOf(damage.length), () => damage);
      },
    }),
  }),
});

export const SessionConnection = connectionType(Session);

/** A connection that charges the budget for its sessions when it is read. */
export function sessionConnection(
  context: SchemaContext,
  source: Omit<ConnectionSource<SessionModel>, 'budget' | 'turns' | 'appear'>,
): Connection<SessionModel> {
  return new Connection({
    ...source,
    budget: context.budget,
    turns: context.turns,
    appear: (sessions) => {
      for (const session of sessions) appear(context, session);
    },
  });
}

builder.queryField('session', (t) =>
  t.field({
    description: 'The session with this id; null if there is none.',
    type: Session,
    nullable: true,
    args: { id: t.arg.id({ description: 'The id of the session.', required: true }) },
    resolve: async (_root, { id }, context) => {
      const session = isSessionId(id) ? await findSession(context, id) : null;
      return session && appear(context, session);
    },
  }),
);
