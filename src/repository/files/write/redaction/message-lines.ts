import { type MessagesRecord, parseSessionRecord, type SessionRecord } from '../../../records/record.ts';
import type { RawLine } from '../../format/line.ts';
import { decodeRawLine, isConverted, lineSteps } from '../../format/line.ts';
import { Pace, STRETCH_MS } from '../../runtime/pace.ts';
import { withFileChunksAtPace } from '../../scan/scan-lines.ts';

/** Calls `visit` for each line of a session's file, at a pace; `record` is null for a line that cannot be read. */
export async function eachLine(
  path: string,
  visit: (line: RawLine, record: SessionRecord | null) => void,
): Promise<void> {
  await withFileChunksAtPace(path, async (read) => {
    const pace = new Pace(STRETCH_MS);
    for (const line of lineSteps(read)) {
      if (line) visit(line, recordOn(line));
      if (pace.isDue) await pace.rest();
    }
  });
}

function recordOn(line: RawLine): SessionRecord | null {
  const decoded = decodeRawLine(line);
  if ('fault' in decoded) return null;
  const parsed = parseSessionRecord(decoded.record);
  return 'fault' in parsed ? null : parsed.record;
}

export function isOfMessages(record: SessionRecord): record is MessagesRecord {
  return record.op === 'append' || record.op === 'replace';
}

/** True for a line that a copy in text mode has changed: the lines after it have shifted. */
export function isOfTextMode({ bytes }: RawLine): boolean {
  return bytes !== null && isConverted(bytes);
}
