import type {
  QuarantinedFile as QuarantinedFileModel,
  StoreStatus as StoreStatusModel,
} from '../repository/repository.ts';
import { builder } from './builder.ts';

const QuarantinedFile = builder.objectRef<QuarantinedFileModel>('QuarantinedFile').implement({
  description:
    'Something in the store that could not be read. It is left where it is, and hides nothing else.',
  fields: (t) => ({
    path: t.exposeString('path', { description: 'Where it is, from the data directory.' }),
    reason: t.exposeString('reason', { description: 'Why it could not be read.' }),
    since: t.expose('since', { description: 'When that was first seen.', type: 'DateTime' }),
  }),
});

const StoreStatus = builder.objectRef<StoreStatusModel>('StoreStatus').implement({
  description: 'What the store holds.',
  fields: (t) => ({
    sessionCount: t.exposeInt('sessionCount', { description: 'How many sessions.' }),
    messageCount: t.exposeInt('messageCount', { description: 'How many user messages, in all sessions.' }),
    quarantined: t.expose('quarantined', {
      description: 'What could not be read, and why; empty in a healthy store.',
      type: [QuarantinedFile],
    }),
  }),
});

builder.queryField('store', (t) =>
  t.field({
    description: 'What the store holds, and what of it could not be read.',
    type: StoreStatus,
    resolve: (_root, _args, { repository }) => repository.status(),
  }),
);
