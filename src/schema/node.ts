import { isSessionId, messageId, parseMessageId } from '../model/id.ts';
import type { Message } from '../model/message.ts';
import type { Session } from '../model/session.ts';
import { builder } from './builder.ts';
import { appear, appearMessages, findSession, type SchemaContext } from './context.ts';
import { badUserInput } from './request-error.ts';

export const ID_DESCRIPTION =
  "Names it in the whole store, now and later. A message's is `<session id>:<ordinal>`.";

export const Node = builder.interfaceRef<Session | Message>('Node').implement({
  description: 'What has an id of its own and can be asked for by it: a session or a message.',
  fields: (t) => ({
    id: t.id({
      description: ID_DESCRIPTION,
      resolve: (node) => ('ordinal' in node ? messageId(node) : node.id),
    }),
  }),
  resolveType: (node) => ('ordinal' in node ? 'Message' : 'Session'),
});

builder.queryFields((t) => ({
  node: t.field({
    description: 'The session or message with this id; null where there is none.',
    type: Node,
    nullable: true,
    args: { id: t.arg.id({ description: "A session's or a message's id.", required: true }) },
    resolve: (_root, { id }, context) => findNode(context, id),
  }),
  nodes: t.field({
    description:
      'The sessions and messages with these ids, in the order asked for; null where there is none.',
    type: [Node],
    nullable: { list: false, items: true },
    args: { ids: t.arg.idList({ description: 'Ids of sessions and messages.', required: true }) },
    resolve: (_root, { ids }, context) => {
      const { nodeIds } = context.limits;
      if (ids.length > nodeIds) {
        throw badUserInput(`ids: expected at most ${nodeIds} ids, got ${ids.length}. Ask for them in parts.`);
      }
      return ids.map((id) => findNode(context, id));
    },
  }),
}));

async function findNode(context: SchemaContext, id: string): Promise<Session | Message | null> {
  if (!id.includes(':')) {
    const session = isSessionId(id) ? await findSession(context, id) : null;
    return session && appear(context, session);
  }
  const ref = parseMessageId(id);
  if (!ref) return null;
  const [message, session] = await Promise.all([
    context.loaders.message.load(ref),
    findSession(context, ref.sessionId),
  ]);
  if (!message || !session) return null;
  appearMessages(context, session, [message]);
  return message;
}
