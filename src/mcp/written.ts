import type { Session } from '@sessiontree/client';
import { z } from 'zod';

/** A message, as tools that write take it. */
export const messageInput = z.strictObject({
  role: z.enum(['USER', 'ASSISTANT', 'SYSTEM', 'TOOL']),
  content: z.string(),
  name: z.string().optional().describe('The name of the author, or of the tool.'),
  model: z.string().optional().describe('The model that wrote the message.'),
  key: z.string().min(1).optional().describe('A name of your own for the message, unique in its session.'),
});

/** A session that was written to, as tools answer with it. */
export const writtenOutput = z.object({
  id: z.string(),
  key: z.string().nullable(),
  status: z.string(),
  historyLength: z.number().describe('Messages.'),
  version: z.number(),
});

type Written = Pick<Session, keyof z.input<typeof writtenOutput>>;

/** The session for programs. */
export function writtenSession({ id, key, status, historyLength, version }: Written): Written {
  return { id, key, status, historyLength, version };
}

/** The session on one line. */
export function writtenLine({ id, status, historyLength }: Written): string {
  return `session ${id} (${status}, ${historyLength === 1 ? '1 message' : `${historyLength} messages`})`;
}
