import { setTimeout as sleep } from 'node:timers/promises';
import type { Sessiontree, SessiontreeError } from '@sessiontree/client';
import { SessionNotFoundError } from '../model/errors.ts';

/** Milliseconds from one drawing to the next, at least. */
const REDRAW_MS = 250;

/**
 * Calls `draw` at the beginning and whenever the tree of a session has changed, until the session is deleted or the signal is aborted.
 * A drawing that fails for now, because the server begins again, is tried again. Rejects with what else `draw` rejects with.
 */
export async function watchTree(
  client: Sessiontree,
  id: string,
  draw: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const failure = new AbortController();
  let isDue = false;
  let drawing: Promise<void> | undefined;
  const drawAll = async () => {
    try {
      while (isDue) {
        isDue = false;
        await draw().catch((error: Partial<SessiontreeError>) => {
          if (!error.isRetryable) throw error;
          isDue = true;
        });
        await sleep(REDRAW_MS, undefined, { signal });
      }
    } catch (error) {
      // Once the session is deleted, the changes end by themselves.
      if (!(error instanceof SessionNotFoundError)) failure.abort(error);
    }
    drawing = undefined;
  };
  const options = { messages: 0, signal: AbortSignal.any([signal, failure.signal]) };
  for await (const { isReset, changes } of client.sessions.watch(id, options)) {
    isDue ||= isReset || changes.length > 0;
    if (isDue) drawing ??= drawAll();
  }
  await drawing;
  // The changes ended because a drawing failed.
  if (failure.signal.aborted && !signal.aborted) throw failure.signal.reason;
}

/** Writes lines over those on the screen of a terminal: as many as fit above its last row, where the cursor stays. */
export function redraw(terminal: Pick<NodeJS.WriteStream, 'rows' | 'write'>, lines: readonly string[]): void {
  // Some terminals do not know how many rows they have.
  const room = terminal.rows ? Math.max(1, terminal.rows - 1) : lines.length;
  const left = lines.length - room + 1;
  const shown = left > 1 ? [...lines.slice(0, room - 1), `${left} more lines\n`] : lines;
  // The screen is not cleared first, which would flicker: each line clears its rest, and the last one what is below.
  const text = shown.map((line) => line.replace('\n', '\u001b[K\n')).join('');
  // In a single row, the end of the line would scroll the line away.
  terminal.write(`\u001b[H${terminal.rows === 1 ? text.trimEnd() : text}\u001b[J`);
}
