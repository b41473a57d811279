import { z } from 'zod';
import { idOf } from '../look-up.ts';
import { defineTool, sessionReference, ToolError } from '../tool.ts';
import { writtenLine, writtenOutput, writtenSession } from '../written.ts';
import { STATUSES } from './list-sessions.ts';

export const updateSession = defineTool({
  name: 'update_session',
  title: 'Change a title or a status',
  description:
    'Change the title or the status of a session. What is left out stays as it is; but a new status without a statusMessage removes the earlier message.',
  input: {
    session: sessionReference,
    title: z.string().nullable().optional().describe('Null removes the title.'),
    status: z
      .enum(STATUSES)
      .optional()
      .describe('RUNNING: the agent works. WAITING: it waits for a person. The others: it does not work.'),
    statusMessage: z
      .string()
      .nullable()
      .optional()
      .describe('What it waits for, or why it failed. Null removes it.'),
  },
  output: { session: writtenOutput },
  writes: { isIdempotent: true },
  async run(call, { session: reference, ...patch }) {
    if (Object.keys(patch).length === 0)
      throw new ToolError('Expected title, status or statusMessage, got none of them: nothing would change.');
    const { session } = await call.client.sessions.update(
      await idOf(call, reference),
      patch,
      {},
      call.options,
    );
    return { lines: [`Changed: ${writtenLine(session)}`], data: { session: writtenSession(session) } };
  },
});
