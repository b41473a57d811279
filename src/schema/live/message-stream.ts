import { isSessionId } from '../../model/id.ts';
import type { Sight } from '../../model/sight.ts';
import type { SessionRepository } from '../../repository/repository.ts';
import { builder } from '../builder.ts';
import { Message, MessageRole } from '../message.ts';
import { loadMessage } from '../node.ts';
import { badUserInput } from '../request-error.ts';
import type { DraftUpdate } from './draft.ts';
import { draftsOf } from './drafts.ts';
import { eventsOf, type PullSource } from './pull-source.ts';

const MessageDraft = builder.objectRef<DraftUpdate>('MessageDraft').implement({
  description:
    'What was added to a draft: to a message that an agent is saying just now, and that is not stored.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'The key that the message will have. It names the draft.' }),
    role: t.expose('role', { description: 'The author of the message.', type: MessageRole }),
    isWhole: t.exposeBoolean('isWhole', {
      description:
        'True if the texts and chunks are all so far, in the place of what the client holds: for the first event of a draft, and after ' +
        'its content was replaced.',
    }),
    delta: t.exposeString('delta', { description: 'What was added to the content.' }),
    reasoningDelta: t.exposeString('reasoningDelta', { description: 'What was added to the reasoning.' }),
    chunks: t.field({
      description: "Further events in the provider's own format, unchanged.",
      type: ['JSON'],
      resolve: ({ chunks }) => [...chunks],
    }),
    isDone: t.exposeBoolean('isDone', {
      description:
        'True if the draft has ended: with its message, because the agent said so, or because nothing came for a while.',
    }),
    message: t.field({
      description: 'The message that the draft became; null if there is none.',
      type: Message,
      nullable: true,
      resolve: ({ sessionId, key, isWritten }, _args, context, info) =>
        isWritten
          ? loadMessage(context, sessionId, info, (shown) =>
              context.loaders.keyedMessage.load({ sessionId, key, shown }),
            )
          : null,
    }),
  }),
});

builder.subscriptionField('messageStream', (t) =>
  t.field({
    description:
      'What agents are saying in a session: the drafts of `streamMessage`. First comes what was said so far of each draft. A client that ' +
      'reads slowly gets fewer and larger events. The stream ends once the session is deleted, or the caller may not see it any more.',
    type: MessageDraft,
    args: { sessionId: t.arg.id({ description: 'The session.', required: true }) },
    subscribe: async (_root, { sessionId }, context) => {
      if (!isSessionId(sessionId) || !(await context.loaders.session.load(sessionId)))
        throw badUserInput('sessionId: expected the id of a session, got one that no session has.');
      return eventsOf(() => whileInSight(context.repository, sessionId, draftsOf(context).watch(sessionId)));
    },
    resolve: (update, _args, { budget }) => {
      budget.chargeText(textBytesOf(update));
      return update;
    },
  }),
);

/** `drafts` until the caller may not see the session any more: sessions are moved while they are watched. */
function whileInSight(
  repository: SessionRepository,
  sessionId: string,
  drafts: PullSource<DraftUpdate>,
): PullSource<DraftUpdate> {
  return {
    async next() {
      const update = await drafts.next();
      if (update === null || (await repository.areInSight([sessionId], EVERYTHING))[0]) return update;
      drafts.close();
      return null;
    },
    close: () => drafts.close(),
  };
}

/** All that the caller sees. */
const EVERYTHING: Sight = { withinId: null };

function textBytesOf({ delta, reasoningDelta, chunks }: DraftUpdate): number {
  const bytes = Buffer.byteLength(delta) + Buffer.byteLength(reasoningDelta);
  return chunks.length === 0 ? bytes : bytes + Buffer.byteLength(JSON.stringify(chunks));
}
