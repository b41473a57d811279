import { closeSync, constants, fsync, fsyncSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from '../../observer.ts';
import { copyBytes } from '../disk/copy-file.ts';
import { makeFolder } from '../disk/make-folder.ts';
import { FILE_MODE, openPlain } from '../disk/plain-file.ts';
import type { Layout } from '../format/layout.ts';
import { Pace, STRETCH_MS } from '../runtime/pace.ts';
import type { LinesScanned } from './scan-lines.ts';

/** The fault of a file that ends in a torn tail, which must not be cut now. */
export const UNFINISHED = 'the file ends in an unfinished write, which the next start cuts off';

export const NO_NEWLINE = 'its last line has no newline yet, which the next start adds';

export const DAMAGED_NEWLINE = 'the newline at its end is damaged, which the next start puts right';

/**
 * Cuts a torn tail, which belongs to no acknowledged mutation, from the end of a file, and keeps a copy in `torn/`.
 * Completes the last line's newline. Returns true if it changed the file.
 */
export function mendTail(...task: MendTask): boolean {
  const steps = mendSteps(...task);
  try {
    let step = steps.next();
    for (; !step.done; step = steps.next()) if (step.value !== null) fsyncSync(step.value);
    return step.value;
  } finally {
    steps.return(false);
  }
}

/** As `mendTail`, resting in between. */
export async function mendTailAtPace(...task: MendTask): Promise<boolean> {
  const steps = mendSteps(...task);
  const pace = new Pace(STRETCH_MS);
  try {
    let step = steps.next();
    for (; !step.done; step = steps.next()) {
      if (step.value !== null) await sync(step.value);
      if (pace.isDue) await pace.rest();
    }
    return step.value;
  } finally {
    steps.return(false);
  }
}

type MendTask = [layout: Layout, path: string, lines: LinesScanned, logger: Logger];

const sync = promisify(fsync);

/** The steps of `mendTail`. Yields the descriptor of a file that must be synced before the next step, or null. */
function* mendSteps(...[layout, path, lines, logger]: MendTask): Generator<number | null, boolean> {
  if (!lines.torn && !lines.unterminated) return false;
  const absolute = join(layout.root, path);
  if (lines.torn) {
    const kept = join('torn', `${basename(path)}.${lines.end}.${Date.now()}`);
    yield* cutTail(absolute, lines.end, layout, join(layout.root, kept));
    logger.warn(
      { path, from: lines.end, kept },
      'cut a torn tail: an unfinished write that was never acknowledged',
    );
  } else {
    yield* endWithNewline(absolute, lines.end);
    if (lines.damagedNewline) logger.warn({ path }, 'put the damaged newline at its end right');
  }
  return true;
}

function* endWithNewline(path: string, end: number): Generator<number> {
  const { fd } = openPlain(path, constants.O_RDWR);
  try {
    writeSync(fd, '\n', end - 1);
    yield fd;
  } finally {
    closeSync(fd);
  }
}

/** Moves the bytes after `end` to the file `kept`. */
function* cutTail(path: string, end: number, layout: Layout, kept: string): Generator<number | null, void> {
  makeFolder(layout.torn);
  const { fd, stats } = openPlain(path, constants.O_RDWR);
  try {
    const copy = openSync(kept, 'wx', FILE_MODE);
    try {
      yield* copyBytes(fd, end, stats.size, copy);
      yield copy;
    } catch (error) {
      rmSync(kept, { force: true });
      throw error;
    } finally {
      closeSync(copy);
    }
    ftruncateSync(fd, end);
    yield fd;
  } finally {
    closeSync(fd);
  }
}
