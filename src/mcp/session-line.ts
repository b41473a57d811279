import { z } from 'zod';
import type { SessionLineFragment } from './generated/operations.ts';
import { quoted, shortened } from './quote.ts';

/** A session, as tools answer with it. */
export const sessionOutput = z.object({
  id: z.string(),
  key: z.string().nullable(),
  parentId: z.string().nullable(),
  depth: z.number(),
  title: z.string().nullable().describe('As all texts here, cut to 200 characters.'),
  firstWords: z.string().nullable().describe('How its first USER message begins.'),
  agentName: z.string().nullable(),
  project: z.string().nullable(),
  status: z.string(),
  statusMessage: z.string().nullable(),
  statusChangedAt: z.string(),
  isArchived: z.boolean(),
  lastActiveAt: z.string(),
  historyLength: z.number().describe('Messages.'),
  childCount: z.number(),
});

/** The session for programs: of its texts, as much as `sessionLine` shows. */
export function sessionData(session: SessionLineFragment): z.input<typeof sessionOutput> {
  const { archivedAt, firstWords, title, agentName, project, statusMessage, ...fields } = session;
  const cut = (text: string | null | undefined) => (text ? shortened(text) : null);
  return {
    ...fields,
    title: cut(title),
    agentName: cut(agentName),
    project: cut(project),
    statusMessage: cut(statusMessage),
    firstWords: cut(firstWords.nodes[0]?.content),
    isArchived: archivedAt !== null,
  };
}

/** The session on one line: its id, its title or first words, and what it does. */
export function sessionLine(session: SessionLineFragment): string {
  const { id, agentName, project, historyLength, archivedAt, lastActiveAt } = session;
  const parts = [
    stateOf(session),
    ...(archivedAt === null ? [] : ['archived']),
    ...(agentName === null ? [] : [`agent ${quoted(agentName)}`]),
    ...(project === null ? [] : [`project ${quoted(project)}`]),
    historyLength === 1 ? '1 message' : `${historyLength} messages`,
    `active ${shortTime(lastActiveAt)}`,
  ];
  return `${id} ${nameOf(session)} (${parts.join(', ')})`;
}

/** A title is what others call the session; without one, what was first said in it tells as much. */
function nameOf({ title, firstWords }: SessionLineFragment): string {
  if (title?.trim()) return quoted(title);
  const words = firstWords.nodes[0]?.content.trim();
  return words ? `untitled, begins ${quoted(words, 100)}` : 'untitled';
}

function stateOf({ status, statusMessage, statusChangedAt }: SessionLineFragment): string {
  const details = statusMessage ? `: ${quoted(statusMessage)}` : '';
  return status === 'IDLE' ? `IDLE${details}` : `${status}${details} since ${shortTime(statusChangedAt)}`;
}

/** Without milliseconds, which nobody asks for. */
export function shortTime(time: string): string {
  return time.replace(/\.\d+Z$/, 'Z');
}
