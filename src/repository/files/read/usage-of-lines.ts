import { isForkCopy, paidOf } from '../../records/paid.ts';
import type { UsageGroups } from '../index/usage-groups.ts';
import type { PartToRead } from '../index/usage-report.ts';
import type { LineFault } from '../scan/scan-lines.ts';
import { type LineFiles, linesOf, readLines } from './read-lines.ts';

/** Adds what the messages of a part cost, from their lines, to the groups of a report. Resolves with the faults of lines. */
export function addPart(
  files: LineFiles,
  path: string,
  { sequence, forkedFrom, lines, keyOf }: PartToRead,
  groups: UsageGroups,
): Promise<LineFault[]> {
  return readLines(files, path, linesOf(lines), (record, { first, end }) => {
    if (isForkCopy(record, forkedFrom)) return;
    for (let n = first; n < end; n += 1) {
      const { ordinal, createdAt } = lines[n]!;
      const stored = record.messages[ordinal - record.ordinal];
      const paid = stored && paidOf(stored, createdAt);
      if (paid) groups.add(keyOf(paid.day, paid.model), sequence, paid.responses, paid.usage);
    }
  });
}
