import type { FileHandle } from 'node:fs/promises';
import type { ReadOptions } from '../../read-options.ts';
import type { MessagesRecord } from '../../records/record.ts';
import type { MessageLocation } from '../../records/session-state.ts';
import type { HandlePool } from '../disk/handle-pool.ts';
import { isOutOfDescriptors, unreadNow } from '../disk/storage-error.ts';
import { isFaultOfOneFile, reasonOf } from '../disk/unreadable-file.ts';
import { decodeMessageLine } from '../format/message-line.ts';
import type { TimeSlices } from '../runtime/pace.ts';
import type { LineFault } from '../scan/scan-lines.ts';

/** Bytes. Lines closer together than this are read at once, with what lies between them. */
const GAP_BYTES = 16 * 1024;
/**
 * The most bytes that are read at once and parsed in one turn: a millisecond of work. A longer line is read by
 * itself.
 */
export const STRETCH_BYTES = 256 * 1024;

export interface LineFiles {
  readonly handles: HandlePool;
  readonly turns: TimeSlices;
  /** Of the read that the lines are for. */
  readonly options?: ReadOptions | undefined;
}

/** A line with requested messages: those at the indexes from `first` up to, but not including, `end`. */
export interface MessageLine {
  readonly offset: number;
  readonly length: number;
  readonly first: number;
  end: number;
}

/** The lines that hold `locations`. Neighbours on one line share it. */
export function linesOf(locations: readonly Pick<MessageLocation, 'offset' | 'length'>[]): MessageLine[] {
  const lines: MessageLine[] = [];
  for (const [n, { offset, length }] of locations.entries()) {
    const line = lines.at(-1);
    if (line?.offset === offset) line.end = n + 1;
    else lines.push({ offset, length, first: n, end: n + 1 });
  }
  return lines;
}

/**
 * Passes the record of each of `lines` (all of one file) to `visit`, in order of offset, and does not retain it. Resolves with
 * the faults of lines that are damaged or cannot be read. Any other error, also one that `visit` throws, makes the
 * promise reject.
 */
export async function readLines(
  { handles, turns, options }: LineFiles,
  path: string,
  lines: readonly MessageLine[],
  visit: (record: MessagesRecord, line: MessageLine) => void,
): Promise<LineFault[]> {
  const faults: LineFault[] = [];
  let refused: { readonly error: unknown } | undefined;
  try {
    await handles.with(path, async (handle) => {
      for (const stretch of stretchesOf(inOrderOfOffset(lines))) {
        const start = stretch[0]!.offset;
        const bytes = await readExactly(handle, start, endOf(stretch) - start);
        const damaged = await turns
          .take(() => takeApart(bytes, start, stretch, visit), options)
          .catch((error: unknown) => {
            // Carried past the handle pool, which would close the file for an error that is not the file's.
            refused = { error };
            return null;
          });
        if (!damaged) return;
        for (const { offset, reason } of damaged)
          faults.push({ line: await lineNumber(handle, offset), reason });
      }
    });
  } catch (error) {
    if (isOutOfDescriptors(error)) throw unreadNow(error);
    if (!isFaultOfOneFile(error)) throw error;
    faults.push({ line: null, reason: reasonOf(error) });
  }
  if (refused) throw refused.error;
  return faults;
}

function takeApart(
  bytes: Buffer,
  start: number,
  lines: readonly MessageLine[],
  visit: (record: MessagesRecord, line: MessageLine) => void,
): { offset: number; reason: string }[] {
  const damaged: { offset: number; reason: string }[] = [];
  for (const line of lines) {
    const at = line.offset - start;
    const parsed = decodeMessageLine(bytes.subarray(at, at + line.length));
    if ('record' in parsed) visit(parsed.record, line);
    else damaged.push({ offset: line.offset, reason: parsed.fault });
  }
  return damaged;
}

/** A message that was replaced stands behind later ones in the file. */
function inOrderOfOffset(lines: readonly MessageLine[]): readonly MessageLine[] {
  const isInOrder = lines.every(({ offset }, n) => n === 0 || offset >= lines[n - 1]!.offset);
  return isInOrder ? lines : lines.toSorted((one, other) => one.offset - other.offset);
}

function endOf(lines: readonly MessageLine[]): number {
  const last = lines.at(-1)!;
  return last.offset + last.length;
}

/** Groups lines that lie close together, up to the size of one read. */
function stretchesOf(lines: readonly MessageLine[]): MessageLine[][] {
  const stretches: MessageLine[][] = [];
  for (const line of lines) {
    const stretch = stretches.at(-1);
    const isNear =
      stretch &&
      line.offset - endOf(stretch) <= GAP_BYTES &&
      line.offset + line.length - stretch[0]!.offset <= STRETCH_BYTES;
    if (isNear) stretch.push(line);
    else stretches.push([line]);
  }
  return stretches;
}

/** Returns fewer bytes if the file ends early: the checksum of the line in which the bytes end then fails. */
async function readExactly(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** The number, from 1, of the line that begins at `offset`. Called only for a damaged line. */
async function lineNumber(handle: FileHandle, offset: number): Promise<number> {
  const chunk = 1024 * 1024;
  let number = 1;
  for (let start = 0; start < offset; start += chunk) {
    const bytes = await readExactly(handle, start, Math.min(chunk, offset - start));
    for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) number += 1;
  }
  return number;
}
