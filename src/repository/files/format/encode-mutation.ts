import { type Applications, applyRecords } from '../../records/apply-record.ts';
import type { SessionRecord } from '../../records/record.ts';
import type { LinePlace, SessionState } from '../../records/session-state.ts';
import { encodeLine } from './line.ts';

/** The bytes of a mutation, and its effects on the index. */
export interface Written extends Applications {
  readonly bytes: Buffer;
}

/** Encodes the lines of one mutation, to be written at `offset`; `before` is null for a new session. Without records, nothing changes. */
export function writtenAt(
  offset: number,
  records: readonly SessionRecord[],
  before: SessionState | null,
): Written {
  const lines: Buffer[] = [];
  const places: LinePlace[] = [];
  let end = offset;
  for (const record of records) {
    const line = encodeLine(record);
    lines.push(line);
    places.push({ offset: end, length: line.length - 1 });
    end += line.length;
  }
  const applied = applyRecords(before, records, places);
  return { ...applied, bytes: lines.length === 1 ? lines[0]! : Buffer.concat(lines) };
}
