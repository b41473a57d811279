import { builder } from './builder.ts';
import { appear, type SchemaContext } from './context.ts';
import { andThen } from './maybe-promise.ts';
import { Message, ToolCall } from './message.ts';
import { loadMessage } from './node.ts';
import { Session } from './session.ts';

builder.objectFields(ToolCall, (t) => ({
  result: t.field({
    description:
      'The TOOL message that answers the call: the first after it in the history with its `toolCallId`. Null if there is none. A call ' +
      'without an answer whose id a later turn uses again has the answer of that turn.',
    type: Message,
    nullable: true,
    resolve: ({ toolCallId, message: { sessionId, ordinal } }, _args, context, info) =>
      loadMessage(context, sessionId, info, (shown) =>
        inAdvance(context, () => context.loaders.toolResult.load({ sessionId, ordinal, toolCallId, shown })),
      ),
  }),
  session: t.field({
    description:
      'The session that the call spawned, wherever it is now: the first whose `spawnedBy` names the call and this message, or else the ' +
      'first whose `spawnedBy` names the call and no message. Null if there is none. The copies of a fork spawned nothing.',
    type: Session,
    nullable: true,
    resolve: async ({ toolCallId, message: { sessionId, ordinal } }, _args, context) => {
      const session = await inAdvance(context, () =>
        context.loaders.spawned.load({ sessionId, ordinal, toolCallId }),
      );
      return session && andThen(context.turns.turnOf(1), () => appear(context, session));
    },
  }),
}));

/** Charges for what `load` finds before that is known: messages can have very many calls, and each that is asked about waits in memory. */
async function inAdvance<T>({ budget }: SchemaContext, load: () => Promise<T>): Promise<T> {
  budget.chargeObjects(1);
  const found = await load();
  budget.chargeObjects(-1);
  return found;
}
