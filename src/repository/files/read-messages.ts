import type { FileHandle } from 'node:fs/promises';
import type { Message } from '../../model/message.ts';
import type { HandlePool } from './disk/handle-pool.ts';
import { decodeLine } from './line.ts';
import { type AppendRecord, messageOf } from './record.ts';
import type { LineFault } from './scan-lines.ts';
import type { MessageLocation } from './session-state.ts';
import { isFaultOfOneFile, reasonOf } from './unreadable-file.ts';

/** Lines closer together than this are read in one go, with what lies between them. */
const GAP = 16 * 1024;

interface Line {
  readonly offset: number;
  readonly length: number;
}

/**
 * The messages at `locations` (in order of offset, all of one file); null for one whose line cannot be read, and the
 * fault. Only what the disk does to a file is a fault; anything else rejects.
 */
export async function readMessages(
  handles: HandlePool,
  path: string,
  sessionId: string,
  locations: readonly MessageLocation[],
): Promise<{ messages: (Message | null)[]; faults: LineFault[] }> {
  const { records, faults } = await readRecords(handles, path, locations);
  const messages = locations.map((location) => {
    const record = records.get(location.offset);
    const stored = record?.messages[location.ordinal - record.ordinal];
    if (!record || !stored) return null;
    return messageOf(stored, {
      sessionId,
      ordinal: location.ordinal,
      position: location.position,
      at: new Date(record.createdAt ?? record.at),
      bytes: location.bytes,
    });
  });
  return { messages, faults };
}

/** The records of the lines that hold `locations`, by offset; as in `readMessages`. */
export async function readRecords(
  handles: HandlePool,
  path: string,
  locations: readonly MessageLocation[],
): Promise<{ records: ReadonlyMap<number, AppendRecord>; faults: LineFault[] }> {
  const lines = [...new Map(locations.map(({ offset, length }) => [offset, { offset, length }])).values()];
  const faults: LineFault[] = [];
  const records = new Map<number, AppendRecord>();
  try {
    await handles.with(path, async (handle) => {
      for (const run of runsOf(lines)) {
        const start = run[0]!.offset;
        const last = run.at(-1)!;
        const bytes = await readExactly(handle, start, last.offset + last.length - start);
        for (const { offset, length } of run) {
          const parsed = parseLine(bytes.subarray(offset - start, offset - start + length));
          if ('record' in parsed) records.set(offset, parsed.record);
          else faults.push({ line: await lineNumber(handle, offset), reason: parsed.fault });
        }
      }
    });
  } catch (error) {
    if (!isFaultOfOneFile(error)) throw error;
    faults.push({ line: 1, reason: reasonOf(error) });
  }
  return { records, faults };
}

/** The index knows the line, and so it was checked in full when it came; its checksum says that it is still the same. */
function parseLine(bytes: Buffer): { record: AppendRecord } | { fault: string } {
  const decoded = decodeLine(bytes);
  if ('fault' in decoded) return decoded;
  const record = decoded.record as Partial<AppendRecord>;
  if (record.op !== 'append' || !Array.isArray(record.messages))
    return { fault: `expected messages, got a record of "${record.op}"` };
  return { record: record as AppendRecord };
}

/** Stretches of lines that lie close together. */
function runsOf(lines: readonly Line[]): Line[][] {
  const runs: Line[][] = [];
  for (const line of lines) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (run && last && line.offset - (last.offset + last.length) <= GAP) run.push(line);
    else runs.push([line]);
  }
  return runs;
}

/** Shorter than asked for where the file ends early: the checksum of its last line tells. */
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

/** Which line begins at `offset`, from 1. Only asked when one is damaged. */
async function lineNumber(handle: FileHandle, offset: number): Promise<number> {
  const chunk = 1024 * 1024;
  let number = 1;
  for (let start = 0; start < offset; start += chunk) {
    const bytes = await readExactly(handle, start, Math.min(chunk, offset - start));
    for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) number += 1;
  }
  return number;
}
