import type { Appended } from '../../repository/mutations.ts';
import type { PayloadFields, SharedFields } from '../builder.ts';
import { appear, appearMessages } from '../context.ts';
import { messageEdge } from '../history.ts';
import { selectedOfMessages } from '../look-ahead.ts';
import { Message, MessageEdge } from '../message.ts';
import { Session } from '../session.ts';

/** The fields of payloads of mutations that append to a history. `which` describes the messages. */
export function appendedFields(
  t: PayloadFields<Appended>,
  which: string,
): SharedFields<'session' | 'messages' | 'edges'> {
  return {
    session: t.field({
      description: 'The session after the mutation.',
      type: Session,
      resolve: ({ session }, _args, context) => appear(context, session),
    }),
    messages: t.field({
      description: which,
      type: [Message],
      resolve: ({ session, messages }, _args, context, info) => {
        appearMessages(context, session, messages, selectedOfMessages(info, 'Message').shown);
        return messages;
      },
    }),
    edges: t.field({
      description: "The same messages, each with its cursor in the session's `history`.",
      type: [MessageEdge],
      resolve: ({ session, messages }, _args, context, info) => {
        appearMessages(context, session, messages, selectedOfMessages(info, 'MessageEdge').shown);
        return messages.map((message) => messageEdge(context, message));
      },
    }),
  };
}
