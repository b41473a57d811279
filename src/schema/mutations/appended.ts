import type { Appended, Truncated } from '../../repository/mutations.ts';
import { argumentRules } from '../argument-rules.ts';
import type { PayloadFields, SharedFields } from '../builder.ts';
import { appear, appearMessages } from '../context.ts';
import { messageEdge } from '../history.ts';
import { selectedOfMessages } from '../look-ahead.ts';
import { Message, MessageEdge } from '../message.ts';
import { Session } from '../session.ts';
import { checkFirst, firstArgument } from './changed-sessions.ts';
import { SESSION_AFTER } from './descriptions.ts';

/** What the messages of a mutation are that writes those of its input. */
export const MESSAGES_OF_INPUT =
  'The messages of the input, in its order, as the history has them after the write. A retry gets what it wrote in the form of the ' +
  'input, whatever came later; a `createdAt` that the input does not give is the present one. Messages that the write left as they ' +
  'were (IGNORE, or REPLACE by the same form), and those redacted since, come as they are now.';

/** The fields of payloads of mutations that drop the end of a history. */
export function removedFields<Parent extends Truncated>(
  t: PayloadFields<Parent>,
): SharedFields<'removedCount' | 'removed'> {
  return {
    removedCount: t.int({
      description: 'The number of dropped messages.',
      resolve: ({ removedCount }) => removedCount,
    }),
    removed: t.field({
      description: 'The dropped messages, oldest first. They are read only if this field is selected.',
      type: [Message],
      args: firstArgument(),
      extensions: argumentRules(checkFirst),
      resolve: ({ session, removed }, { first }, context, info) => {
        checkFirst({ first });
        const messages = removed.slice(0, first ?? removed.length);
        appearMessages(context, session, messages, selectedOfMessages(info, 'Message').shown);
        return messages;
      },
    }),
  };
}

/** The fields of payloads of mutations that append to a history. `which` describes the messages. */
export function appendedFields<Parent extends Appended>(
  t: PayloadFields<Parent>,
  which: string,
): SharedFields<'session' | 'messages' | 'edges'> {
  return {
    session: t.field({
      description: SESSION_AFTER,
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
