import { ALL_TEXTS, type ShownParts } from '../../../model/message.ts';
import type { ReadOptions } from '../../read-options.ts';
import type { MessageLocation } from '../../records/session-state.ts';
import type { TextAllowance } from '../../text-allowance.ts';
import { Semaphore } from '../runtime/semaphore.ts';
import { STRETCH_BYTES } from './read-lines.ts';

/** Bytes of lines that one batch holds in memory before they are parsed; a longer line is read alone. */
const BYTES_AT_ONCE = 4 * 1024 * 1024;
/** Bytes that an open file counts as among them: at most 128 files are therefore open. */
const OPEN_FILE_BYTES = 32 * 1024;

/** What the reads of one batch share. */
export interface Reading {
  readonly allowance: TextAllowance;
  readonly atOnce: Semaphore;
  readonly options: ReadOptions | undefined;
}

/** A batch of reads whose texts fit into `allowance`. */
export function readingWith(allowance: TextAllowance, options: ReadOptions | undefined): Reading {
  return { allowance, atOnce: new Semaphore(BYTES_AT_ONCE), options };
}

/** Sums the lines of one file that would be read, each counted once. */
export function bytesToRead(locations: readonly MessageLocation[]): number {
  let bytes = 0;
  let offset = -1;
  for (const location of locations) {
    if (location.offset !== offset) bytes += location.length;
    offset = location.offset;
  }
  return bytes;
}

/** Splits locations of one file, between lines, into parts that are parsed in one turn. A longer line is a part of its own. */
export function partsOf(locations: readonly MessageLocation[]): (readonly MessageLocation[])[] {
  const parts: MessageLocation[][] = [];
  let bytes = 0;
  let offset = -1;
  for (const location of locations) {
    if (location.offset !== offset) {
      bytes += location.length;
      if (parts.length === 0 || bytes > STRETCH_BYTES) {
        parts.push([]);
        bytes = location.length;
      }
    }
    offset = location.offset;
    parts.at(-1)!.push(location);
  }
  return parts;
}

/**
 * An upper bound, known without reading, of the bytes of text that the messages show: the lengths of their lines. JSON of many short values
 * can count more.
 */
export function textBytesMax(locations: readonly MessageLocation[], shown: ShownParts): number {
  if (shown === null) return 0;
  const { content, contentCuts, reasoning, toolCalls, payload, metadata } = shown ?? ALL_TEXTS;
  const times = Math.max(content + contentCuts.length, reasoning, toolCalls, payload, metadata);
  return times * bytesToRead(locations);
}

/** Bytes in memory at the same time while one file is read; at least the share of an open file. */
export function bytesInMemory(locations: readonly MessageLocation[]): number {
  let longest = 0;
  for (const { length } of locations) longest = Math.max(longest, length);
  return Math.max(longest, Math.min(bytesToRead(locations), STRETCH_BYTES), OPEN_FILE_BYTES);
}
