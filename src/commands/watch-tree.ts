import { setTimeout as sleep } from 'node:timers/promises';
import type { Sessiontree } from '@sessiontree/client';
import { SessionNotFoundError } from '../model/errors.ts';

/** Milliseconds from one drawing to the next, at least. */
const REDRAW_MS = 250;

/** Calls `draw` at the beginning and whenever the tree of a session has changed, until the session is deleted or the signal is aborted. Rejects with what `draw` rejects with. */
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
        await draw();
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

/** Writes lines over those on the screen of a terminal: as many as fit. */
export function redraw(terminal: NodeJS.WriteStream, lines: readonly string[]): void {
  const room = terminal.rows - 2;
  const left = lines.length - room;
  const shown = left > 0 ? [...lines.slice(0, room), `${left} more lines\n`] : lines;
  // The screen is not cleared first, which would flicker: each line clears its rest, and the last one what is below.
  terminal.write(`\u001b[H${shown.map((line) => line.replace('\n', '\u001b[K\n')).join('')}\u001b[J`);
}
