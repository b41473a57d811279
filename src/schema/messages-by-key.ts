import { isStorable } from '../model/stored-values.ts';
import { argumentRules } from './argument-rules.ts';
import { builder } from './builder.ts';
import { appearMessages, type SchemaContext } from './context.ts';
import { selectedOfMessages } from './look-ahead.ts';
import { Message } from './message.ts';
import { badUserInput } from './request-error.ts';
import { Session } from './session.ts';

function checkKeys(
  { keys }: { readonly keys: readonly string[] },
  { limits: { nodeIds } }: Pick<SchemaContext, 'limits'>,
): void {
  if (keys.length <= nodeIds) return;
  throw badUserInput(
    `keys: expected at most ${nodeIds} keys (the limit nodeIds), got ${keys.length}. Ask for them in parts.`,
  );
}

builder.objectField(Session, 'messagesByKey', (t) =>
  t.field({
    description:
      'The messages of the history that have these keys, in the given order; null for each key that none has.',
    type: [Message],
    nullable: { list: false, items: true },
    args: {
      keys: t.arg.stringList({
        description: "Keys of messages: at most the server's limit `nodeIds`.",
        required: true,
      }),
    },
    extensions: argumentRules(checkKeys),
    resolve: async (session, { keys }, context, info) => {
      checkKeys({ keys }, context);
      const { shown } = selectedOfMessages(info, 'Message');
      const found = await Promise.all(
        // A text that cannot be stored is no key: SQLite would take it for another text.
        keys.map((key) =>
          isStorable(key) ? context.loaders.keyedMessage.load({ sessionId: session.id, key, shown }) : null,
        ),
      );
      const messages = found.filter((message) => message !== null);
      appearMessages(context, session, messages, shown);
      return found;
    },
  }),
);
