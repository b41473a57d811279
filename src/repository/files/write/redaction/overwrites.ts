import { StorageError } from '../../../../model/errors.ts';
import type { StoredMessage } from '../../../records/stored-message.ts';
import { sessionPath } from '../../format/layout.ts';
import { type RawLine, splitLines } from '../../format/line.ts';
import { type Overwriting, redactedMembers } from '../../format/redacted-line.ts';
import { withFileChunks } from '../../scan/scan-lines.ts';
import type { Overwrite } from './intent.ts';
import { eachLine, isOfMessages, isOfTextMode } from './message-lines.ts';

/** A line that cannot be read. */
interface DamagedLine extends Pick<RawLine, 'offset' | 'length'> {
  /** Its first bytes, where the kind of the record and its ordinal are. */
  readonly head: string;
}

const HEAD_BYTES = 512;
/** Bytes of the longest line that is overwritten though it cannot be read. */
const ERASED_BYTES_MAX = 64 * 1024 * 1024;
/** Bytes of the shortest text by which a damaged line is recognized: shorter ones are everywhere. */
const TELLING_BYTES = 8;

/**
 * The lines of a session's file that are to be overwritten: those with a form of one of the messages, and those that cannot be
 * read and may have one. Rejects with a StorageError if it cannot tell, or cannot overwrite one.
 */
export async function overwritesOf(
  { id, path }: { readonly id: string; readonly path: string },
  overwriting: Overwriting,
): Promise<Overwrite[]> {
  const { ordinals } = overwriting;
  const overwrites: Overwrite[] = [];
  const damaged: DamagedLine[] = [];
  const appended = new Set<number>();
  const texts = new Set<string>();
  await eachLine(path, (line, record) => {
    if (!record) {
      if (isOfTextMode(line)) throw refused(id, line.number, 'was copied in text mode');
      if (line.length > ERASED_BYTES_MAX)
        throw refused(id, line.number, 'cannot be read, and is too long to be overwritten');
      const head = line.bytes?.toString('latin1', 0, HEAD_BYTES) ?? '';
      if (line.length > 0) damaged.push({ offset: line.offset, length: line.length, head });
      return;
    }
    if (!isOfMessages(record)) return;
    for (const [n, message] of record.messages.entries()) {
      if (record.op === 'append') appended.add(record.ordinal + n);
      if (ordinals.has(record.ordinal + n)) for (const text of textsOf(message)) texts.add(text);
    }
    const members = redactedMembers(record, line.length, overwriting);
    if (members !== null) overwrites.push({ offset: line.offset, length: line.length, members });
  });
  const isLost = [...ordinals].some((ordinal) => !appended.has(ordinal));
  const erased =
    damaged.length === 0
      ? []
      : erasedOf(path, damaged, texts, ({ head }) => mayHold(head, ordinals, appended, isLost));
  for (const { offset, length } of erased) overwrites.push({ offset, length, members: null });
  return overwrites;
}

/** Parts of the message's line, as the writer of a line writes them. */
function textsOf({ content, reasoning, name, toolCalls, payload, metadata }: StoredMessage): string[] {
  const given = [
    content,
    reasoning,
    name,
    payload,
    metadata,
    ...(toolCalls ?? []).map((call) => call.arguments),
  ];
  return given
    .filter((value) => value !== undefined)
    .map((value) => JSON.stringify(value).replace(/^"|"$/g, ''))
    .filter((text) => Buffer.byteLength(text) >= TELLING_BYTES);
}

/** From the beginning of a damaged line: could it be a line with a form of one of the messages? `isLost`: the first form of one is nowhere. */
function mayHold(
  head: string,
  ordinals: ReadonlySet<number>,
  appended: ReadonlySet<number>,
  isLost: boolean,
): boolean {
  const op = /"op":"([a-z]+)"/.exec(head)?.[1];
  const ordinal = /"ordinal":(\d+),/.exec(head)?.[1];
  if (op === 'append') return isLost || ordinal === undefined;
  if (op === 'replace')
    return ordinal === undefined || ordinals.has(Number(ordinal)) || !appended.has(Number(ordinal));
  return op === undefined || !OTHERS.has(op);
}

/** Kinds of records without messages. */
const OTHERS = new Set(['create', 'truncate', 'update', 'adopt', 'none', 'restate', 'redact']);

/** Those of the damaged lines that may hold a message, or that hold one of the texts. */
function erasedOf(
  path: string,
  damaged: readonly DamagedLine[],
  texts: ReadonlySet<string>,
  isSuspect: (line: DamagedLine) => boolean,
): readonly DamagedLine[] {
  const wanted = new Map(damaged.map((line) => [line.offset, line]));
  const needles = [...texts].map((text) => Buffer.from(text));
  return withFileChunks(path, (read) => {
    const erased: DamagedLine[] = [];
    for (const { offset, bytes } of splitLines(read)) {
      const line = wanted.get(offset);
      if (line && (isSuspect(line) || needles.some((needle) => bytes?.includes(needle) ?? true)))
        erased.push(line);
    }
    return erased;
  });
}

function refused(id: string, line: number, why: string): StorageError {
  return new StorageError(
    `Line ${line} of ${sessionPath(id)} ${why}: nothing was redacted. Repair the file with "sessiontree check --repair", and try again.`,
    false,
  );
}
