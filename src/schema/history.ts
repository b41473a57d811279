import { builder } from './builder.ts';
import { Connection } from './connection.ts';
import { appearMessages } from './context.ts';
import { historyCursor } from './cursor.ts';
import { MessageConnection, MessageRole } from './message.ts';
import { pageArguments, pageRequest } from './page.ts';
import { Session } from './session.ts';

builder.objectField(Session, 'history', (t) =>
  t.field({
    description: 'Its messages, oldest first.',
    type: MessageConnection,
    args: {
      ...pageArguments,
      roles: t.arg({
        description: 'Only messages of these roles; all when left out.',
        type: [MessageRole],
      }),
    },
    resolve: (session, { roles, ...args }, context) => {
      const { limits, budget, loaders } = context;
      const page = pageRequest(args, { max: limits.pageSize, cursors: () => historyCursor(session.id) });
      const scope = { sessionId: session.id, roles };
      const isWhole = roles == null && session.damage.length === 0;
      const isAtAnEnd = page.after === undefined && page.before === undefined;
      return new Connection({
        budget,
        request: page,
        expected: isWhole && isAtAnEnd ? Math.min(page.limit, session.historyLength) : 0,
        load: () => context.turns.wait(loaders.history.load({ ...scope, page })),
        appear: (messages) => appearMessages(context, session, messages),
        count: () => (isWhole ? session.historyLength : loaders.historyCount.load(scope)),
        cursorOf: (message) => historyCursor(session.id).encode(message.ordinal),
      });
    },
  }),
);
