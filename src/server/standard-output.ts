import { constants, fstatSync, openSync } from 'node:fs';

/** The descriptor of standard output. */
const STANDARD_OUTPUT = 1;

/**
 * A descriptor of standard output on which a write never waits for a reader: while the reader of a pipe, a socket or a terminal takes
 * nothing, the write fails with EAGAIN. A write to a file may still wait for its disk.
 *
 * On Linux, a pipe or a terminal is opened a second time: whether a write to the first descriptor waits is up to every process that
 * inherited that descriptor. Node.js itself makes an inherited pipe wait again when it exits. A socket cannot be opened again. It does
 * not wait once `process.stdout` was used, and neither does a pipe on other systems.
 */
export function openStandardOutput(): number {
  const { isTTY } = process.stdout;
  if (!isTTY && !fstatSync(STANDARD_OUTPUT).isFIFO()) return STANDARD_OUTPUT;
  try {
    return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    // Another system, a pipe of another user, or one that nobody reads any more.
    return STANDARD_OUTPUT;
  }
}
