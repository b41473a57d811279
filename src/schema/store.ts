import type {
  QuarantinedFile as QuarantinedFileModel,
  StoreStatus as StoreStatusModel,
} from '../repository/reads.ts';
import { VERSION } from '../version.ts';
import { builder } from './builder.ts';
import { changesCursor } from './cursor.ts';
import { markOf } from './live/store-cursor.ts';

const QuarantinedFile = builder.objectRef<QuarantinedFileModel>('QuarantinedFile').implement({
  description:
    'A file of the store that could not be read. The file stays in its place, and all other files are served.',
  fields: (t) => ({
    path: t.exposeString('path', { description: 'The path, relative to the data directory.' }),
    reason: t.exposeString('reason', { description: 'The reason why the file could not be read.' }),
    since: t.expose('since', { description: 'When the fault was first seen.', type: 'DateTime' }),
  }),
});

const StoreStatus = builder.objectRef<StoreStatusModel>('StoreStatus').implement({
  description: 'The content and the health of the store, and the version of the server.',
  fields: (t) => ({
    cursor: t.string({
      description:
        'Where the store is, for `after` of `sessionChanges`. Read before anything else of the same operation: whatever the operation ' +
        'does not show comes as a change after this cursor.',
      resolve: async (_status, _args, context) =>
        changesCursor(context.repository).encode(await markOf(context)),
    }),
    version: t.string({ description: 'The version of the server.', resolve: () => VERSION }),
    sessionCount: t.expose('sessionCount', { description: 'The number of sessions.', type: 'SafeInt' }),
    messageCount: t.expose('messageCount', {
      description: 'The number of USER messages in all sessions.',
      type: 'SafeInt',
    }),
    quarantined: t.expose('quarantined', {
      description: 'The files that could not be read; empty for a healthy store.',
      type: [QuarantinedFile],
    }),
  }),
});

builder.queryField('store', (t) =>
  t.field({
    description: 'The content and the health of the store, and the version of the server.',
    type: StoreStatus,
    resolve: (_root, _args, { loaders }) => loaders.status(),
  }),
);
