import type { MessagesRecord } from '../../records/record.ts';
import { decodeLine } from './line.ts';

/**
 * A cheap decoder: the line was validated in full before it was indexed, and its checksum proves that it is
 * unchanged.
 */
export function decodeMessageLine(bytes: Buffer): { record: MessagesRecord } | { fault: string } {
  const decoded = decodeLine(bytes);
  if ('fault' in decoded) return decoded;
  const record = decoded.record as Partial<MessagesRecord>;
  const isOfMessages = record.op === 'append' || record.op === 'replace';
  if (!isOfMessages || !Array.isArray(record.messages))
    return { fault: `expected messages, got a record of "${record.op}"` };
  return { record: record as MessagesRecord };
}
