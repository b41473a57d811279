import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sessionPath } from '../../../../src/repository/files/format/layout.ts';
import { encodeLine } from '../../../../src/repository/files/format/line.ts';
import { withChecksum } from './lines.ts';

/** The session of `writeHistoriesOfEveryKind` to which the lines are added. */
export const BY_HAND = 'secret';

const AT = '2031-11-24T03:47:29.557Z';

interface Line {
  readonly op: string;
  readonly seq: number;
  readonly version: number;
  readonly messages?: readonly { readonly [member: string]: unknown }[];
}

/** Adds lines of the kinds that no mutation writes yet to a session of a store that no process has open. */
export function writeKindsByHand(directory: string): void {
  const path = join(directory, sessionPath(BY_HAND));
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  writeFileSync(path, `${lines.map(redacted).join('\n')}\n`);
  const { seq, version } = JSON.parse(lines.at(-1)!) as Line;
  const at = AT;
  const records = [
    { seq: seq + 1e6, at, version: version + 1, op: 'redact', ordinals: [0], reason: 'a secret' },
    {
      seq: seq + 1e6 + 1,
      at,
      version: version + 40,
      op: 'restate',
      nextOrdinal: 70,
      lastActiveAt: '2030-11-24T03:47:29.557Z',
      updatedAt: '2030-11-25T03:47:29.557Z',
      statusChangedAt: '2030-11-26T03:47:29.557Z',
      archivedAt: '2030-11-27T03:47:29.557Z',
      paid: [
        {
          day: '2026-11-24',
          model: 'm',
          responses: 2,
          inputTokens: 7,
          outputTokens: 5,
          costUsd: '0.0125',
          pricedCount: 2,
        },
        { day: '2026-11-25', responses: 1, inputTokens: 1, outputTokens: 1, cacheReadTokens: 1 },
        {
          day: '2026-11-25',
          model: 'n',
          responses: 1,
          inputTokens: 1,
          outputTokens: 1,
          cacheWriteTokens: 1,
          reasoningTokens: 1,
          costUsd: '3',
          pricedCount: 1,
        },
      ],
    },
  ];
  for (const record of records) appendFileSync(path, encodeLine(record));
}

/** A line with messages, as a redaction leaves it. */
function redacted(line: string): string {
  const { crc: _, ...record } = JSON.parse(line) as Line & { readonly crc: string };
  if (!record.messages) return line;
  const messages = record.messages.map(({ role, usage, createdAt, paidBefore }) => {
    return { role, content: '', usage, createdAt, paidBefore, redactedAt: AT };
  });
  const body = JSON.stringify({ ...record, messages }).slice(0, -1);
  const room = line.length - withChecksum(body).length;
  if (room < 0) throw new Error(`A message is too short to be redacted by ${-room} bytes.`);
  return withChecksum(body + ' '.repeat(room));
}
