import { z } from 'zod';
import { idOf } from '../look-up.ts';
import { defineTool, sessionReference } from '../tool.ts';
import { messageInput, writtenLine, writtenOutput, writtenSession } from '../written.ts';

export const appendMessages = defineTool({
  name: 'append_messages',
  title: 'Append messages',
  description:
    'Append messages to a session, all or none. Messages cannot be changed or taken back with these tools. A message with a key that a message of the session has ' +
    'already is left out: give keys to messages that may be sent twice.',
  input: { session: sessionReference, messages: z.array(messageInput).min(1).max(100) },
  output: {
    session: writtenOutput,
    messages: z
      .array(z.object({ id: z.string(), position: z.number() }))
      .describe('In the order of the input.'),
  },
  writes: { isIdempotent: false },
  async run(call, { session: reference, messages: given }) {
    const id = await idOf(call, reference);
    const { session, messages } = await call.client.history.append(
      id,
      given,
      { onKey: 'IGNORE' },
      call.options,
    );
    const placed = messages.map(({ id, position }) => ({ id, position }));
    return {
      lines: [
        `Now ${writtenLine(session)}:`,
        ...placed.map(({ id, position }) => `- message ${id} is at position ${position}`),
      ],
      data: { session: writtenSession(session), messages: placed },
    };
  },
});
