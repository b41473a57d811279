import { parseMessageId } from '../model/id.ts';
import type { SpawnOrigin as SpawnOriginModel } from '../model/session.ts';
import { builder } from './builder.ts';
import { Message } from './message.ts';
import { findMessage } from './node.ts';
import { Session } from './session.ts';

const SpawnOrigin = builder.objectRef<SpawnOriginModel>('SpawnOrigin').implement({
  description: 'The message and the tool call of the parent that spawned a session.',
  fields: (t) => ({
    sessionId: t.exposeID('sessionId', {
      description: 'The id of the parent at that time, also after its deletion.',
    }),
    messageId: t.exposeID('messageId', {
      description: 'The id of the message; null if not given.',
      nullable: true,
    }),
    toolCallId: t.exposeString('toolCallId', {
      description: 'The id of the tool call; null if not given.',
      nullable: true,
    }),
    message: t.field({
      description: 'The message; null if its id was not given, or the history no longer has it.',
      type: Message,
      nullable: true,
      resolve: ({ messageId }, _args, context, info) => {
        const ref = messageId === null ? null : parseMessageId(messageId);
        return ref && findMessage(context, ref, info);
      },
    }),
  }),
});

builder.objectField(Session, 'spawnedBy', (t) =>
  t.expose('spawnedBy', {
    description: 'What spawned the session; null if no client said so.',
    type: SpawnOrigin,
    nullable: true,
  }),
);
