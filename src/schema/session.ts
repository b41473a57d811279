import { isSessionId } from '../model/id.ts';
import { countedBytes, type JsonObject } from '../model/json.ts';
import type {
  Damage as DamageModel,
  Session as SessionModel,
  SessionStatus as SessionStatusModel,
} from '../model/session.ts';
import { isStorable } from '../model/stored-values.ts';
import { argumentRules, type RuleContext } from './argument-rules.ts';
import { builder } from './builder.ts';
import { Connection, type ConnectionSource } from './connection.ts';
import { connectionTypes } from './connection-type.ts';
import { appear, findSession, type SchemaContext } from './context.ts';
import { andThen, type MaybePromise } from './maybe-promise.ts';
import { ID_DESCRIPTION, Node } from './node.ts';
import { badUserInput, refuseOther } from './request-error.ts';

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

/**
 * The metadata that an answer shows, which is read and parsed only now if it is long. Empty, as the history is, if the session has been
 * deleted since it was read.
 */
function shownMetadata(session: SessionModel, context: SchemaContext): MaybePromise<JsonObject> {
  const { budget, turns, loaders } = context;
  const { id, metadata, metadataBytes } = session;
  budget.chargeText(metadataBytes);
  return andThen(metadata === null ? loaders.metadata.load(id) : null, (long) =>
    andThen(turns.toParse(metadataBytes), () => {
      budget.check();
      const shown = metadata ?? long?.value ?? {};
      const bytes = Math.max(metadataBytes, long?.bytes ?? 0);
      budget.chargeText(countedBytes(shown, bytes) - metadataBytes);
      return shown;
    }),
  );
}

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
    key: t.exposeString('key', {
      description:
        "The client's own name for the session: unique among the sessions of one owner, the user of the root of the tree.",
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
      resolve: (session, _args, context) => shownMetadata(session, context),
    }),
    metadataValue: t.field({
      description: 'The value of one key of `metadata`; null if there is no such key.',
      type: 'JSON',
      nullable: true,
      args: { key: t.arg.string({ description: 'A top-level key.', required: true }) },
      resolve: (session, { key }, context) =>
        andThen(shownMetadata(session, context), (metadata) =>
          Object.hasOwn(metadata, key) ? metadata[key] : null,
        ),
    }),
    createdAt: t.expose('createdAt', { description: 'When the session was created.', type: 'DateTime' }),
    lastActiveAt: t.expose('lastActiveAt', {
      description:
        'The time of the latest activity: of an append, or of the latest of its messages if each brought its own time; never before ' +
        'the creation, unless a time was given with the creation and `createdAt` was not. Updates do not count.',
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

export const { Connection: SessionConnection, Edge: SessionEdge } = connectionTypes(Session);

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

interface Named {
  readonly id?: string | null | undefined;
  readonly key?: string | null | undefined;
  readonly ownerId?: string | null | undefined;
}

function checkNamed({ id, key, ownerId }: Named, { caller }: Pick<RuleContext, 'caller'>): void {
  if ((id == null) === (key == null))
    throw badUserInput(`session: expected either an id or a key, got ${id == null ? 'neither' : 'both'}.`);
  if (key == null && ownerId != null)
    throw badUserInput('ownerId: expected nothing beside an id, which is unique in the store, got a user.');
  refuseOther(caller, ownerId, 'ownerId');
}

function findNamed(
  context: SchemaContext,
  { id, key, ownerId = context.caller.userId }: Named,
): MaybePromise<SessionModel | null> {
  if (key == null) return isSessionId(id!) ? findSession(context, id!) : null;
  // A text that cannot be stored is no key: SQLite would take it for another text.
  return isStorable(key) && isStorable(ownerId ?? '') ? context.loaders.keyed.load({ key, ownerId }) : null;
}

builder.queryField('session', (t) =>
  t.field({
    description: 'The session with this id or this key; null if there is none.',
    type: Session,
    nullable: true,
    args: {
      id: t.arg.id({ description: 'The id of the session. Either this or `key` is required.' }),
      key: t.arg.string({ description: 'The key of the session.' }),
      ownerId: t.arg.string({
        description:
          'With `key`: the user of the root of the tree that the session is in. Default: the user of the token; without one, the tree belongs ' +
          'to nobody. The user of another is for admins.',
      }),
    },
    extensions: argumentRules(checkNamed),
    resolve: (_root, args, context) => {
      checkNamed(args, context);
      return andThen(findNamed(context, args), (session) => session && appear(context, session));
    },
  }),
);
