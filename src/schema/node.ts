import type { GraphQLResolveInfo } from 'graphql';
import { isSessionId, type MessageRef, messageId, parseMessageId } from '../model/id.ts';
import type { Message, ShownTexts } from '../model/message.ts';
import type { Session } from '../model/session.ts';
import { argumentRules } from './argument-rules.ts';
import { builder } from './builder.ts';
import { appear, appearMessages, findSession, type SchemaContext } from './context.ts';
import { selectedOfMessages } from './look-ahead.ts';
import { andThen } from './maybe-promise.ts';
import { badUserInput } from './request-error.ts';

export const ID_DESCRIPTION =
  "Unique in the whole store, and never reused. A message's id is `<session id>:<ordinal>`.";

export const Node = builder.interfaceRef<Session | Message>('Node').implement({
  description: 'An object with an id: a session or a message.',
  fields: (t) => ({
    id: t.id({
      description: ID_DESCRIPTION,
      resolve: (node) => ('ordinal' in node ? messageId(node) : node.id),
    }),
  }),
  resolveType: (node) => ('ordinal' in node ? 'Message' : 'Session'),
});

function checkIds(
  { ids }: { readonly ids: readonly string[] },
  { limits: { nodeIds } }: Pick<SchemaContext, 'limits'>,
): void {
  if (ids.length <= nodeIds) return;
  throw badUserInput(
    `ids: expected at most ${nodeIds} ids (the limit nodeIds), got ${ids.length}. Ask for them in parts.`,
  );
}

builder.queryFields((t) => ({
  node: t.field({
    description: 'The session or message with this id; null if there is none.',
    type: Node,
    nullable: true,
    args: { id: t.arg.id({ description: 'The id of a session or of a message.', required: true }) },
    resolve: (_root, { id }, context, info) => findNode(context, id, info),
  }),
  nodes: t.field({
    description:
      'The sessions and messages with these ids, in the given order; null for each id without an object.',
    type: [Node],
    nullable: { list: false, items: true },
    args: {
      ids: t.arg.idList({
        description: "Ids of sessions and messages: at most the server's limit `nodeIds`.",
        required: true,
      }),
    },
    extensions: argumentRules(checkIds),
    resolve: (_root, { ids }, context, info) => {
      checkIds({ ids }, context);
      return ids.map((id) => findNode(context, id, info));
    },
  }),
}));

async function findNode(
  context: SchemaContext,
  id: string,
  info: GraphQLResolveInfo,
): Promise<Session | Message | null> {
  if (!id.includes(':')) {
    const session = isSessionId(id) ? await findSession(context, id) : null;
    return session && andThen(context.turns.turnOf(1), () => appear(context, session));
  }
  const ref = parseMessageId(id);
  return ref && findMessage(context, ref, info);
}

/** The message that `ref` names, for the field of `info`; null if there is none. Messages of one level are read in one batch. */
export function findMessage(
  context: SchemaContext,
  ref: MessageRef,
  info: GraphQLResolveInfo,
): Promise<Message | null> {
  return loadMessage(context, ref.sessionId, info, (shown) =>
    context.loaders.message.load({ ...ref, shown }),
  );
}

/** The message of a session that `load` gives, for the field of `info`: with the texts that it shows. */
export async function loadMessage(
  context: SchemaContext,
  sessionId: string,
  info: GraphQLResolveInfo,
  load: (shown: ShownTexts | null) => Promise<Message | null>,
): Promise<Message | null> {
  const { shown } = selectedOfMessages(info, 'Message');
  const [message, session] = await Promise.all([load(shown), findSession(context, sessionId)]);
  if (!message || !session) return null;
  return andThen(context.turns.turnOf(1), () => {
    appearMessages(context, session, [message], shown);
    return message;
  });
}
