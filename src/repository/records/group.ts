import type { NewMessage } from '../../model/message.ts';
import type { SessionRecord } from './record.ts';

/** Numbers the records of a mutation that takes several lines. The first names the operation. */
export function grouped(records: readonly SessionRecord[]): SessionRecord[] {
  const parts = records.length;
  if (parts <= 1) return [...records];
  return records.map((record, n) => ({
    ...record,
    operation: n === 0 ? record.operation : undefined,
    part: n + 1,
    parts,
  }));
}

/** The time of the latest of `messages`; null if one of them brings none, and if there are none. */
export function latestOf(messages: readonly Pick<NewMessage, 'createdAt'>[]): Date | null {
  let latest: Date | null = null;
  for (const { createdAt } of messages) {
    if (!createdAt) return null;
    if (!latest || createdAt > latest) latest = createdAt;
  }
  return latest;
}
