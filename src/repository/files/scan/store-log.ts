import { lstatSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { Logger } from '../../observer.ts';
import type { KnownFile } from '../disk/known-file.ts';
import { type Layout, STORE_LOG } from '../format/layout.ts';
import { parseStoreRecord, type TreeRecord } from '../format/store-record.ts';
import { crcOfFile } from './crc-of-file.ts';
import { mendTail } from './mend-tail.ts';
import { type LinesScanned, scanLines, withFileChunks } from './scan-lines.ts';
import { refuseOtherFormat } from './store-id.ts';

/** The result of scanning `store.jsonl`, which holds every change to the shape of the store's trees. */
export interface StoreLog extends LinesScanned {
  /** The highest sequence number in the log. */
  readonly lastSeq: number;
  /** The latest time in the log, in milliseconds since 1970. */
  readonly latestTime: number;
  /** The file as it was read. */
  readonly file: StoreLogFile;
}

/** The log as a file. */
export interface StoreLogFile extends KnownFile {
  /** CRC-32 of the whole file. */
  readonly crc: number;
  /** The latest format that the log announces. */
  readonly format: number;
}

/**
 * Reads the whole log; `emit` is called with each tree change. `acknowledged` is as in `scanLines`. The log
 * may be large: a start reads it once. Throws an UnreadableStoreError if a line announces a later format.
 */
export function readStoreLog(
  layout: Layout,
  acknowledged: number | null,
  emit: (record: TreeRecord) => void,
): StoreLog {
  let lastSeq = 0;
  let format = 1;
  let latestTime = 0;
  let crc = 0;
  const accept = (value: object) => {
    const parsed = parseStoreRecord(value);
    if ('fault' in parsed) return parsed.fault;
    const { record } = parsed;
    latestTime = Math.max(latestTime, Date.parse(record.at));
    if (record.op === 'store' || record.op === 'format') format = Math.max(format, record.format);
    if (record.op !== 'store') lastSeq = Math.max(lastSeq, record.seq);
    if (record.op !== 'store' && record.op !== 'format') emit(record);
    return null;
  };
  return withFileChunks(layout.storeLog, (read, { size, mtimeMs: mtime }) => {
    let summed = 0;
    // Lines that go on in the next chunk are read twice.
    const readAndSum = (offset: number) => {
      const chunk = read(offset);
      crc = crc32(chunk.subarray(Math.max(0, summed - offset)), crc);
      summed = Math.max(summed, offset + chunk.length);
      return chunk;
    };
    const lines = scanLines(readAndSum, acknowledged, accept);
    refuseOtherFormat(layout, format);
    return { ...lines, lastSeq, latestTime, file: { size, mtime, crc, format } };
  });
}

/** Mends the end of the log with `mendTail`, and returns the state of the file afterwards. */
export function mendStoreLog(layout: Layout, log: StoreLog, logger: Logger): StoreLogFile {
  const path = layout.storeLog;
  if (!mendTail(layout, STORE_LOG, log, logger)) return log.file;
  const { format } = log.file;
  return { size: log.end, mtime: lstatSync(path).mtimeMs, crc: crcOfFile(path), format };
}

/**
 * True if the log was replaced by an older copy, for example from a backup. It then ends in a good line, before byte
 * `known`, up to which the index has read the log. A log that was cut within a line is damaged instead, and
 * reported as such.
 */
export function isOlderThan({ end, unterminated, faults, count }: StoreLog, known: number): boolean {
  const isCutInLine = unterminated && faults.at(-1)?.line === count;
  return end < known && !isCutInLine;
}
