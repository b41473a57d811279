import { decodeLine } from './line.ts';
import type { AppendRecord } from './record.ts';

/**
 * A cheap decoder: the line was validated in full before it was indexed, and its checksum proves that it is
 * unchanged.
 */
export function decodeMessageLine(bytes: Buffer): { record: AppendRecord } | { fault: string } {
  const decoded = decodeLine(bytes);
  if ('fault' in decoded) return decoded;
  const record = decoded.record as Partial<AppendRecord>;
  if (record.op !== 'append' || !Array.isArray(record.messages))
    return { fault: `expected messages, got a record of "${record.op}"` };
  return { record: record as AppendRecord };
}
