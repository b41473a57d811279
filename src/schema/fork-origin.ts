import type { ForkOrigin as ForkOriginModel } from '../model/session.ts';
import { builder } from './builder.ts';
import { appear, findSession } from './context.ts';
import { Session } from './session.ts';

const ForkOrigin = builder.objectRef<ForkOriginModel>('ForkOrigin').implement({
  description: "Where a fork's first messages come from.",
  fields: (t) => ({
    session: t.field({
      description: 'The session that was forked; null once it is gone.',
      type: Session,
      nullable: true,
      resolve: async ({ sessionId }, _args, context) => {
        const session = await findSession(context, sessionId);
        return session && appear(context, session);
      },
    }),
    sessionId: t.exposeID('sessionId', { description: 'Its id, also once it is gone.' }),
    messageId: t.exposeID('messageId', {
      description: 'The last message that was copied; null where there was none.',
      nullable: true,
    }),
    historyLength: t.exposeInt('historyLength', { description: 'How many messages were copied.' }),
  }),
});

builder.objectField(Session, 'forkedFrom', (t) =>
  t.expose('forkedFrom', {
    description: 'Where its first messages were copied from; null where it is no fork.',
    type: ForkOrigin,
    nullable: true,
  }),
);
