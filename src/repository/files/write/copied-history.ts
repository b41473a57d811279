import { StorageError } from '../../../model/errors.ts';
import { messageId } from '../../../model/id.ts';
import type { MessageRole } from '../../../model/message.ts';
import { SEAL_BYTES, sealLine } from '../format/line.ts';
import type { AppendRecord } from '../format/record.ts';
import type { MessageLocation } from '../format/session-state.ts';
import type { IndexReader } from '../index/reader.ts';
import { type LineFiles, linesOf, readLines } from '../read/read-lines.ts';
import { Pace, STRETCH_MS } from '../runtime/pace.ts';

/** Messages per batch of reads. */
const BATCH_MESSAGES = 500;
/** Characters at which a piece is full. Its last line may exceed this. */
const PIECE_CHARACTERS = 1024 * 1024;
/** Digits of the largest integer, 2^53 - 1. */
const MAX_DIGITS = 16;

/** Lines of a copy, concatenated. Each lacks its beginning, which depends on the mutation that writes it, and its checksum. */
interface CopiedLines {
  readonly bytes: Buffer;
  readonly lines: readonly CopiedLine[];
}

interface CopiedLine {
  /** Bytes of the line in `CopiedLines.bytes`. */
  readonly length: number;
  /** The role of each of its messages. */
  readonly roles: readonly MessageRole[];
}

/** A copied history. `linesAt` completes its lines once the sequence number of the mutation is known. */
export class CopiedHistory {
  readonly #pieces: CopiedLines[] = [];
  /** Text of the unfinished piece. */
  #text = '';
  #piece: CopiedLine[] = [];
  #lines = 0;
  #length = 0;
  #users = 0;
  #lastId: string | null = null;

  /** Reads all messages of `sessionId` up to and including `ordinal`. Rejects with a StorageError if one cannot be read. */
  static async read(
    { index, lines, path }: { index: IndexReader; lines: LineFiles; path: string },
    sessionId: string,
    ordinal: number,
  ): Promise<CopiedHistory> {
    const copied = new CopiedHistory();
    const pace = new Pace(STRETCH_MS);
    for (let after = -1; ; ) {
      const locations = index.messagesBetween(sessionId, after, ordinal, BATCH_MESSAGES);
      if (locations.length === 0) break;
      const [fault] = await readLines(lines, path, linesOf(locations), (record, { first, end }) =>
        copied.#add(record, locations.slice(first, end)),
      );
      if (fault) {
        throw new StorageError(
          fault.line === null
            ? `The file of the session "${sessionId}" cannot be read (${fault.reason}): nothing was copied. Put it back, and try again.`
            : `Line ${fault.line} of the session "${sessionId}" cannot be read (${fault.reason}): nothing was copied. Fork ` +
                'through a message before it, or repair the line with "sessiontree check --repair".',
          false,
        );
      }
      copied.#endPiece();
      after = locations.at(-1)!.ordinal;
      copied.#lastId = messageId({ sessionId, ordinal: after });
      if (pace.isDue) await pace.rest();
    }
    return copied;
  }

  /** Adds a line with `held`, those of its messages that are copied. */
  #add(record: AppendRecord, held: readonly MessageLocation[]): void {
    const fields = JSON.stringify({
      ordinal: this.#length,
      position: this.#length,
      createdAt: record.createdAt ?? record.at,
      messages: held.map(({ ordinal }) => record.messages[ordinal - record.ordinal]),
    });
    const rest = fields.slice(1, -1);
    this.#text += rest;
    this.#piece.push({ length: Buffer.byteLength(rest), roles: held.map(({ role }) => role) });
    this.#lines += 1;
    this.#length += held.length;
    for (const { role } of held) if (role === 'USER') this.#users += 1;
    if (this.#text.length > PIECE_CHARACTERS) this.#endPiece();
  }

  #endPiece(): void {
    if (this.#piece.length > 0) this.#pieces.push({ bytes: Buffer.from(this.#text), lines: this.#piece });
    this.#text = '';
    this.#piece = [];
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

  /** Number of lines of the creation: the create line, and one append line per copied line. */
  get parts(): number {
    return this.#lines + 1;
  }

  /**
   * The append lines of the creation with the sequence number `seq`, for a file in which they begin at `offset`. Also returns the
   * location of each message in that file.
   */
  async linesAt(
    offset: number,
    seq: number,
    at: Date,
  ): Promise<{ pieces: Buffer[]; messages: MessageLocation[] }> {
    const pieces: Buffer[] = [];
    const messages: MessageLocation[] = [];
    const beginning = `{"seq":${seq},"at":"${at.toISOString()}","version":1,"op":"append","part":`;
    const parts = `,"parts":${this.parts},`;
    const pace = new Pace(STRETCH_MS);
    let part = 1;
    let start = offset;
    for (const { bytes, lines } of this.#pieces) {
      const piece = Buffer.allocUnsafe(
        bytes.length + lines.length * (beginning.length + MAX_DIGITS + parts.length + SEAL_BYTES),
      );
      let end = 0;
      let copied = 0;
      for (const { length: rest, roles } of lines) {
        part += 1;
        const begun = end;
        end += piece.write(`${beginning}${part}${parts}`, end, 'latin1');
        end += bytes.copy(piece, end, copied, copied + rest);
        copied += rest;
        sealLine(piece, begun, end);
        end += SEAL_BYTES;
        // A location's length excludes the newline.
        const length = end - begun - 1;
        for (const role of roles) {
          const place = messages.length;
          messages.push({ ordinal: place, position: place, role, offset: start, length });
        }
        start += length + 1;
      }
      pieces.push(piece.subarray(0, end));
      if (pace.isDue) await pace.rest();
    }
    return { pieces, messages };
  }
}
