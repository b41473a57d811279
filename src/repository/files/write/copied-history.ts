import { StorageError } from '../../../model/errors.ts';
import { messageId } from '../../../model/id.ts';
import { copiedMessage } from '../../records/fork-record.ts';
import { MessageNames, type NamedMessages, namesOf } from '../../records/named-messages.ts';
import type { MessagesRecord } from '../../records/record.ts';
import type { MessageLocation } from '../../records/session-state.ts';
import { SEAL_BYTES, sealLine } from '../format/line.ts';
import type { IndexReader } from '../index/reader.ts';
import { type LineFiles, linesOf, readLines } from '../read/read-lines.ts';
import { Pace, STRETCH_MS } from '../runtime/pace.ts';
import type { LineFault } from '../scan/scan-lines.ts';

/** Messages, and bytes of lines, per batch of reads. A longer line is a batch of its own. */
const BATCH_MESSAGES = 500;
const BATCH_BYTES = 4 * 1024 * 1024;
/** Bytes of a copy that stay in memory until they are written. The lines of a longer one are read again then. */
const KEPT_BYTES_MAX = 16 * 1024 * 1024;
/** Digits of the largest integer, 2^53 - 1. */
const MAX_DIGITS = 16;

/** Lines of a copy, concatenated. Each lacks its beginning, which depends on the mutation that writes it, and its checksum. */
interface CopiedLines {
  readonly bytes: Buffer;
  readonly lines: CopiedLine[];
  readonly names: NamedMessages;
  /** Ordinal of the last message. */
  readonly last: number;
}

interface CopiedLine {
  /** Bytes of the line in `CopiedLines.bytes`. */
  readonly length: number;
  /** What the index knows of each of its messages. */
  readonly heads: readonly Pick<MessageLocation, 'role' | 'createdAt'>[];
}

/** A copied line, its text, and the index of its first message among those that were read with it. */
interface Copy extends CopiedLine {
  readonly first: number;
  readonly text: string;
  readonly names: NamedMessages;
}

export interface CopiedHistoryParts {
  readonly index: IndexReader;
  readonly lines: LineFiles;
  /** The path of the file of `sessionId`. */
  readonly path: string;
  readonly sessionId: string;
  /** The last message to copy. */
  readonly through: number;
}

/**
 * A copied history, whose lines are completed once the sequence number of the mutation is known. No write to the original may run
 * meanwhile.
 */
export class CopiedHistory {
  readonly #parts: CopiedHistoryParts;
  readonly #lines: CopiedLine[][] = [];
  /** The bytes of `#lines`; null if they are too many to be kept. */
  #kept: Buffer[] | null = [];
  #bytes = 0;
  #lineCount = 0;
  #length = 0;
  #users = 0;
  #lastId: string | null = null;
  readonly #names = new MessageNames();

  private constructor(parts: CopiedHistoryParts) {
    this.#parts = parts;
  }

  /** Reads all messages up to and including `through`. Rejects with a StorageError if one cannot be read. */
  static async read(parts: CopiedHistoryParts): Promise<CopiedHistory> {
    const copied = new CopiedHistory(parts);
    const pace = new Pace(STRETCH_MS);
    for await (const piece of piecesOf(parts)) {
      copied.#add(piece);
      if (pace.isDue) await pace.rest();
    }
    return copied;
  }

  #add({ bytes, lines, names, last }: CopiedLines): void {
    this.#lines.push(lines);
    this.#bytes += bytes.length;
    if (this.#bytes > KEPT_BYTES_MAX) this.#kept = null;
    this.#kept?.push(bytes);
    this.#lineCount += lines.length;
    this.#names.add(names);
    for (const { heads } of lines) {
      this.#length += heads.length;
      for (const { role } of heads) if (role === 'USER') this.#users += 1;
    }
    this.#lastId = messageId({ sessionId: this.#parts.sessionId, ordinal: last });
  }

  get length(): number {
    return this.#length;
  }

  /** Number of messages with the role `USER`, as `Session.messageCount`. */
  get messageCount(): number {
    return this.#users;
  }

  /** Id of the last message; null if there is none. */
  get lastMessageId(): string | null {
    return this.#lastId;
  }

  /** The names of the copies. */
  get names(): NamedMessages {
    return this.#names;
  }

  /** Number of lines of the creation: the create line, and one append line per copied line. */
  get parts(): number {
    return this.#lineCount + 1;
  }

  /**
   * The append lines of the creation with the sequence number `seq`, piece by piece. Rejects with a StorageError if a line cannot be read
   * any more.
   */
  async *linesAt(seq: number, at: Date): AsyncGenerator<Buffer, void> {
    const { beginning, parts } = this.#frame(seq, at);
    const [kept, lines] = [this.#kept, this.#lines];
    let part = 1;
    for await (const piece of kept
      ? kept.map((bytes, n) => ({ bytes, lines: lines[n]! }))
      : piecesOf(this.#parts)) {
      const framed = Buffer.allocUnsafe(
        piece.bytes.length + piece.lines.length * (beginning.length + MAX_DIGITS + parts.length + SEAL_BYTES),
      );
      let end = 0;
      let copied = 0;
      for (const { length } of piece.lines) {
        part += 1;
        const begun = end;
        end += framed.write(`${beginning}${part}${parts}`, end, 'latin1');
        end += piece.bytes.copy(framed, end, copied, copied + length);
        copied += length;
        sealLine(framed, begun, end);
        end += SEAL_BYTES;
      }
      yield framed.subarray(0, end);
    }
  }

  /** The location of each message of `linesAt`, in a file in which these lines begin at `offset`. */
  async locationsAt(offset: number, seq: number, at: Date): Promise<MessageLocation[]> {
    const { beginning, parts } = this.#frame(seq, at);
    const messages: MessageLocation[] = [];
    const pace = new Pace(STRETCH_MS);
    let part = 1;
    let start = offset;
    for (const lines of this.#lines) {
      for (const { length: rest, heads } of lines) {
        part += 1;
        // A location's length excludes the newline.
        const length = beginning.length + String(part).length + parts.length + rest + SEAL_BYTES - 1;
        for (const { role, createdAt } of heads) {
          const place = messages.length;
          messages.push({ ordinal: place, position: place, role, createdAt, offset: start, length });
        }
        start += length + 1;
      }
      if (pace.isDue) await pace.rest();
    }
    return messages;
  }

  /** What stands in each line before and after the number of its part. */
  #frame(seq: number, at: Date): { readonly beginning: string; readonly parts: string } {
    return {
      beginning: `{"seq":${seq},"at":"${at.toISOString()}","version":1,"op":"append","part":`,
      parts: `,"parts":${this.parts},`,
    };
  }
}

/** The lines of the original that hold the messages, piece by piece. Rejects with a StorageError if one cannot be read. */
async function* piecesOf({
  index,
  lines,
  path,
  sessionId,
  through,
}: CopiedHistoryParts): AsyncGenerator<CopiedLines> {
  let copied = 0;
  for (let after = -1; ; ) {
    const locations = withinBytes(index.messagesBetween(sessionId, after, through, BATCH_MESSAGES));
    const last = locations.at(-1)?.ordinal;
    if (last === undefined) return;
    const copies: Copy[] = [];
    const [fault] = await readLines(lines, path, linesOf(locations), (record, { first, end }) => {
      const held = locations.slice(first, end);
      const copy = copyOf(record, held, copied + first, (ordinal) => index.redactedAt(sessionId, ordinal));
      const text = JSON.stringify(copy).slice(1, -1);
      const heads = held.map(({ role, createdAt }) => ({ role, createdAt }));
      copies.push({ first, text, length: Buffer.byteLength(text), heads, names: namesOf(copy) });
    });
    if (fault) throw unread(sessionId, fault);
    // Lines are read in the order of the file, and copied in the order of the history.
    copies.sort((one, other) => one.first - other.first);
    const bytes = Buffer.from(copies.map(({ text }) => text).join(''));
    const names = new MessageNames();
    for (const copy of copies) names.add(copy.names);
    yield { bytes, lines: copies.map(({ length, heads }) => ({ length, heads })), names, last };
    copied += locations.length;
    after = last;
  }
}

function withinBytes(locations: readonly MessageLocation[]): readonly MessageLocation[] {
  let bytes = 0;
  const end = locations.findIndex(({ length }, n) => {
    bytes += length;
    return n > 0 && bytes > BATCH_BYTES;
  });
  return end === -1 ? locations : locations.slice(0, end);
}

/** The members of a line of a copy with `held`, those of its messages that are copied; `copied` messages come before it. */
function copyOf(
  record: MessagesRecord,
  held: readonly MessageLocation[],
  copied: number,
  redactedAt: (ordinal: number) => Date | null,
) {
  return {
    ordinal: copied,
    position: copied,
    createdAt: (record.op === 'append' ? record.createdAt : undefined) ?? record.at,
    messages: held.map(({ ordinal }) =>
      copiedMessage(record.messages[ordinal - record.ordinal]!, () => redactedAt(ordinal)),
    ),
  };
}

function unread(sessionId: string, { line, reason }: LineFault): StorageError {
  return new StorageError(
    line === null
      ? `The file of the session "${sessionId}" cannot be read (${reason}): nothing was copied. Put it back, and try again.`
      : `Line ${line} of the session "${sessionId}" cannot be read (${reason}): nothing was copied. Fork ` +
          'through a message before it, or repair the line with "sessiontree check --repair".',
    false,
  );
}
