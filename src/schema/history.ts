import type { Message as MessageModel } from '../model/message.ts';
import { argumentRules } from './argument-rules.ts';
import { builder } from './builder.ts';
import { Connection, Edge } from './connection.ts';
import { appearMessages, type SchemaContext } from './context.ts';
import { checkKind, historyCursor } from './cursor.ts';
import { checkPlace, goesOnBeyond, historyPlace, placeArguments } from './history-place.ts';
import { selectedOfMessages } from './look-ahead.ts';
import { MessageConnection, MessageRole, uniqueRoles } from './message.ts';
import { pageArguments, pageRequest, pageRules } from './page.ts';
import { Session } from './session.ts';

/** The edge of a message that appears in the answer, with its cursor in the history of its session. */
export function messageEdge({ repository }: SchemaContext, message: MessageModel): Edge<MessageModel> {
  const cursors = historyCursor(repository, message.sessionId);
  return new Edge({ cursorOf: ({ ordinal }) => cursors.encode(ordinal) }, message);
}

builder.objectField(Session, 'history', (t) =>
  t.field({
    description:
      'The messages, oldest first. A page ends early, which `pageInfo` tells, where its texts use up what the answer has left of ' +
      '`textBytes`; of several histories, each takes what the earlier ones have left. If not even one message fits, the request is refused.',
    type: MessageConnection,
    args: {
      ...pageArguments('pageSize'),
      roles: t.arg({
        description: 'Only messages of these roles. Default: all roles.',
        type: [MessageRole],
      }),
      ...placeArguments,
      createdAfter: t.arg({ description: 'Only messages created at this time or after.', type: 'DateTime' }),
      createdBefore: t.arg({ description: 'Only messages created before this time.', type: 'DateTime' }),
    },
    extensions: argumentRules(checkPlace, ...pageRules('pageSize', checkKind('history'))),
    resolve: (session, { roles: given, createdAfter, createdBefore, ...args }, context, info) => {
      const roles = given && uniqueRoles(given);
      const place = historyPlace(args, session.id);
      const { repository, limits, budget, loaders } = context;
      const cursors = () => historyCursor(repository, session.id);
      const page = pageRequest(args, { limit: 'pageSize', limits, cursors });
      const scope = { sessionId: session.id, roles, createdAfter, createdBefore };
      const { shown } = selectedOfMessages(info, 'MessageConnection');
      const isAll = roles == null && createdAfter == null && createdBefore == null;
      const isWhole = isAll && session.damage.length === 0;
      const isAtAnEnd = page.after === undefined && page.before === undefined && !place;
      return new Connection<MessageModel>({
        budget,
        turns: context.turns,
        request: page,
        expected: isWhole && isAtAnEnd ? Math.min(page.limit, session.historyLength) : 0,
        load: async () => {
          const read = await context.turns.wait(loaders.history.load({ ...scope, page, place, shown }));
          // `textBytes` covers all fields of this answer that show the page.
          budget.chargeText(read.textBytes);
          return read;
        },
        goesOnBeyond:
          place && ((messages) => goesOnBeyond(place, page.from, messages, session.historyLength)),
        appear: (messages) => appearMessages(context, session, messages, null),
        count: () => (isWhole ? session.historyLength : loaders.historyCount.load(scope)),
        cursorOf: (message) => cursors().encode(message.ordinal),
      });
    },
  }),
);
