import { ConflictError, SessionArchivedError, SessionNotFoundError } from '../../model/errors.ts';
import { messageId } from '../../model/id.ts';
import { checkInput } from '../../model/input.ts';
import { refuseToWrite } from '../../repository/scoped/rights.ts';
import { builder } from '../builder.ts';
import { findSession, type SchemaContext } from '../context.ts';
import * as errors from '../errors.ts';
import type { DraftPart } from '../live/draft.ts';
import { type Drafts, draftsOf } from '../live/drafts.ts';
import { MessageRole } from '../message.ts';
import { answer, memberOf } from './answer.ts';
import { NAME } from './message-input.ts';

const DRAFT_SIZE = "All texts and chunks of a draft: at most the server's limit `draftBytes`.";

const StreamMessageInput = builder.inputType('StreamMessageInput', {
  description: 'What an agent is saying just now: the next part of a draft.',
  fields: (t) => ({
    sessionId: t.id({ description: 'The session in which the agent speaks.', required: true }),
    key: t.string({
      description: `The key that the message will be written with. It names the draft. ${NAME}`,
      required: true,
    }),
    role: t.field({
      description: 'The author of the message. That of the first call of a draft counts.',
      type: MessageRole,
      defaultValue: 'ASSISTANT',
    }),
    sequence: t.int({
      description:
        'Grows with each call of a draft; -2147483648 comes after 2147483647. A call with one that was seen is passed over, so that a retry ' +
        'adds nothing twice.',
    }),
    content: t.string({
      description: `All of the content so far, in the place of what was given before. Not together with \`delta\`. ${DRAFT_SIZE}`,
    }),
    delta: t.string({ description: `What is added to the content. ${DRAFT_SIZE}` }),
    reasoningDelta: t.string({ description: `What is added to the reasoning. ${DRAFT_SIZE}` }),
    chunks: t.field({
      description: `Events in the provider's own format, passed on unchanged. Nesting: at most the server's limit \`payloadDepth\`. ${DRAFT_SIZE}`,
      type: ['JSON'],
    }),
    isDone: t.boolean({
      description:
        'Ends the draft without a message. The message that is written with its key ends it by itself. Default: false.',
    }),
  }),
});

const StreamMessagePayload = builder
  .objectRef<{ readonly watchers: number }>('StreamMessagePayload')
  .implement({
    description: 'The part was passed on.',
    fields: (t) => ({
      watchers: t.exposeInt('watchers', {
        description: 'How many watch the drafts of the session (`messageStream`) just now.',
      }),
    }),
  });

const StreamMessageResult = builder.unionType('StreamMessageResult', {
  description: 'The answer of `streamMessage`: the payload, or a typed error.',
  types: [
    StreamMessagePayload,
    errors.SessionNotFoundError,
    errors.SessionArchivedError,
    errors.InvalidInputError,
    errors.ConflictError,
    errors.StorageError,
    errors.ForbiddenError,
  ],
  resolveType: memberOf('StreamMessagePayload'),
});

builder.mutationField('streamMessage', (t) =>
  t.field({
    description:
      'Shows what an agent is saying to whoever watches `messageStream`. The draft is kept in memory only, and never stored: write the ' +
      'message with the same key in the end. After `draftMs` without a call, a draft ends. A ConflictError says that a message of the ' +
      'history has the key. A StorageError says that the server has no room for more drafts: its limits `drafts` and `draftsBytes`.',
    type: StreamMessageResult,
    args: {
      input: t.arg({ description: 'The next part of a draft.', type: StreamMessageInput, required: true }),
    },
    resolve: (_root, { input }, context) =>
      answer(context, async () => {
        // A draft is not written to the repository, which otherwise refuses.
        refuseToWrite(context.caller);
        const { role, ...part } = checkInput(context.rules.stream, input);
        await stream(context, { ...part, role: role ?? 'ASSISTANT' });
        return { watchers: draftsOf(context).watchersOf(part.sessionId) };
      }),
  }),
);

async function stream(context: SchemaContext, part: DraftPart): Promise<void> {
  const session = await findSession(context, part.sessionId);
  if (!session) throw new SessionNotFoundError(part.sessionId);
  if (session.archivedAt) throw new SessionArchivedError(part.sessionId);
  const drafts = draftsOf(context);
  if (drafts.add(part)) await showUnlessWritten(context, drafts, part);
}

/** The draft is there before the history is asked for its key: a message that is written meanwhile ends it. */
async function showUnlessWritten(context: SchemaContext, drafts: Drafts, part: DraftPart): Promise<void> {
  const { sessionId, key } = part;
  try {
    const message = await context.loaders.keyedMessage.load({ sessionId, key, shown: null });
    if (message) throw ConflictError.messageKey(key, messageId(message));
    drafts.show(part);
  } finally {
    drafts.drop(part);
  }
}
