import type { Message } from '@sessiontree/client';
import { client } from '../api/client.ts';
import { counted } from '../parts/format.ts';
import { markdownOf } from './as-markdown.ts';
import { copyText } from './clipboard.ts';
import { toasts } from './toasts.ts';

/** Copies all messages of a session as Markdown. */
export async function copySession(sessionId: string, title: string | null): Promise<void> {
  const read = async () => markdownOf(title, await messagesOf(sessionId, false));
  await copyText(read(), 'Copied the session as Markdown');
}

/** Downloads a session as JSON lines: the first is the session, each further one a message with all that is stored of it. */
export async function downloadSession(sessionId: string): Promise<void> {
  const [session, messages] = await Promise.all([
    client.sessions.get(sessionId),
    messagesOf(sessionId, true),
  ]);
  const lines = [session, ...messages].map((line) => `${JSON.stringify(line)}\n`);
  const url = URL.createObjectURL(new Blob(lines, { type: 'application/jsonl' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${sessionId}.jsonl`;
  link.click();
  // The browser has begun to read by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  toasts.done(`Downloaded ${counted(messages.length, 'message')}`);
}

/** All messages. The server ends a page early where the next message would not fit into its answer. */
function messagesOf(sessionId: string, withPayloads: boolean): Promise<readonly Message[]> {
  return client.history.list(sessionId, { pageSize: 200, withPayloads }).toArray();
}
