import { z } from 'zod';
import { idOf } from '../look-up.ts';
import { defineTool, sessionReference } from '../tool.ts';
import { messageInput, writtenLine, writtenOutput, writtenSession } from '../written.ts';
import { STATUSES } from './list-sessions.ts';

export const createSession = defineTool({
  name: 'create_session',
  title: 'Create a session',
  description:
    'Create a session: the root of a new tree or, with parent, a child of another session, with first messages if there are any. With a key that a session has ' +
    'already, the answer is that session, unchanged.',
  input: {
    parent: sessionReference
      .optional()
      .describe('The id of the parent, or "key:" and its key. Default: none, the session is a root.'),
    title: z.string().optional(),
    agentName: z.string().optional().describe('Which agent, or kind of agent, the session runs.'),
    project: z.string().optional().describe('Default: that of the parent.'),
    key: z
      .string()
      .min(1)
      .optional()
      .describe('A name of your own for the session, unique among those of its owner.'),
    status: z.enum(STATUSES).optional().describe('Default: IDLE.'),
    messages: z.array(messageInput).max(100).optional(),
  },
  output: { isNew: z.boolean(), session: writtenOutput },
  writes: { isIdempotent: false },
  async run(call, { parent, key, ...input }) {
    const { sessions } = call.client;
    const made = { ...input, ...(key === undefined ? {} : { key, ifExists: 'RETURN' as const }) };
    const { session, isNew } =
      parent === undefined
        ? await sessions.create(made, call.options)
        : await sessions.spawn(await idOf(call, parent), made, call.options);
    return {
      lines: [`${isNew ? 'Created' : 'There already, and unchanged'}: ${writtenLine(session)}`],
      data: { isNew, session: writtenSession(session) },
    };
  },
});
