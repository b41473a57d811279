import {
  type Accepted,
  always,
  type Check,
  integerFrom,
  listOf,
  nullable,
  objectOf,
  oneOf,
  optional,
  text,
  time,
} from '../../../records/members.ts';
import { count, operation, ordinal, parserOf, sessionId } from '../../../records/record.ts';
import { readLineFile, removeLineFile, writeLineFile } from '../../disk/line-file.ts';
import type { Layout } from '../../format/layout.ts';

const session = { id: sessionId, sequence: ordinal };

const overwrite = objectOf({
  offset: count,
  /** Bytes of the line, without its newline. */
  length: integerFrom(1),
  /** The members that take the place of the line's, as JSON without its end; null: the line could not be read, and becomes spaces. */
  members: nullable(text),
});

const intent = objectOf({
  op: oneOf('redaction'),
  at: time,
  reason: text,
  /** True if the messages were dropped for good, or sessions are deleted. */
  isPurge: optional(always),
  /** That of the first of `sessions`. */
  operation: optional(objectOf(operation)),
  sessions: listOf(
    objectOf({
      ...session,
      ordinals: listOf(count, 1),
      lines: listOf(overwrite, 0),
      /** The truncation that drops the messages, as its line has it. */
      truncate: optional(objectOf({ length: count, messageCount: count })),
    }),
    0,
  ),
  /** Sessions of which nothing is to stay. Their deletion may not have been committed. */
  deleted: optional(listOf(objectOf(session), 1)),
});

export type Overwrite = Accepted<typeof overwrite>;
export type RedactionIntent = Accepted<typeof intent>;

const parse = parserOf<RedactionIntent>(new Map<string, Check<unknown>>([['redaction', intent]]));

/** What a redaction is about to do. From here on, it is completed, by the next start at the latest. Holds no text of the messages. */
export async function writeIntent(layout: Layout, what: RedactionIntent): Promise<void> {
  const parsed = parse(what);
  if ('fault' in parsed) throw new Error(`An intent that could not be read back: ${parsed.fault}`);
  await writeLineFile(layout.root, layout.redaction, what);
}

/** The redaction that was begun and is not complete; null if there is none. A file that cannot be read is a `fault`. */
export function readIntent(layout: Layout): RedactionIntent | { readonly fault: string } | null {
  const read = readLineFile(layout.redaction);
  if (read === null || 'fault' in read) return read;
  const parsed = parse(read.record);
  return 'fault' in parsed ? parsed : parsed.record;
}

export function removeIntent(layout: Layout): Promise<void> {
  return removeLineFile(layout.root, layout.redaction);
}
