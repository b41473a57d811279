import type { ForkOrigin as ForkOriginModel } from '../model/session.ts';
import { argumentRules } from './argument-rules.ts';
import { builder } from './builder.ts';
import { appear, findSession } from './context.ts';
import { checkKind, forksCursor } from './cursor.ts';
import { pageArguments, pageRequest, pageRules } from './page.ts';
import { Session, SessionConnection, sessionConnection } from './session.ts';

const ForkOrigin = builder.objectRef<ForkOriginModel>('ForkOrigin').implement({
  description: 'The origin of the first messages of a fork.',
  fields: (t) => ({
    session: t.field({
      description: 'The session that was forked; null after its deletion.',
      type: Session,
      nullable: true,
      resolve: async ({ sessionId }, _args, context) => {
        const session = await findSession(context, sessionId);
        return session && appear(context, session);
      },
    }),
    sessionId: t.exposeID('sessionId', {
      description: 'The id of the session that was forked, also after its deletion.',
    }),
    messageId: t.exposeID('messageId', {
      description: 'The id of the last copied message; null if no message was copied.',
      nullable: true,
    }),
    historyLength: t.exposeInt('historyLength', { description: 'The number of copied messages.' }),
  }),
});

builder.objectField(Session, 'forkedFrom', (t) =>
  t.expose('forkedFrom', {
    description: 'The origin of the first messages; null if the session is not a fork.',
    type: ForkOrigin,
    nullable: true,
  }),
);

builder.objectField(Session, 'forks', (t) =>
  t.field({
    description:
      'The sessions that were forked from this one, in order of creation: the reverse of `forkedFrom`. Archived ones are included.',
    type: SessionConnection,
    args: pageArguments('pageSize'),
    extensions: argumentRules(...pageRules('pageSize', checkKind('forks'))),
    resolve: ({ id }, args, context) => {
      const { repository, limits, loaders } = context;
      const cursors = () => forksCursor(repository, id);
      const page = pageRequest(args, { limit: 'pageSize', limits, cursors });
      return sessionConnection(context, {
        request: page,
        expected: 0,
        load: () => loaders.forks.load({ sessionId: id, page }),
        count: () => loaders.forkCount.load(id),
        cursorOf: ({ createdAt, sequence }) => cursors().encode({ time: createdAt.getTime(), sequence }),
      });
    },
  }),
);
