import { StorageError } from '../../model/errors.ts';
import { messageId } from '../../model/id.ts';
import type { MessageRole } from '../../model/message.ts';
import type { HandlePool } from './disk/handle-pool.ts';
import type { IndexReader } from './index/reader.ts';
import { SEAL_BYTES, sealLine } from './line.ts';
import { Pace, STRETCH } from './pace.ts';
import { readRecords } from './read-messages.ts';
import type { AppendRecord } from './record.ts';
import type { MessageLocation } from './session-state.ts';

/** Messages that are read in one go. */
const BATCH = 500;
/** Characters of lines that are kept in one piece; one more line may come. */
const PIECE = 1024 * 1024;
/** Of an integer. */
const MAX_DIGITS = 16;

/** Lines of a copy, one after the other, without their beginnings, which name the mutation, and without their checksums. */
interface CopiedLines {
  readonly bytes: Buffer;
  readonly lines: readonly CopiedLine[];
}

interface CopiedLine {
  /** Bytes of it that are here. */
  readonly length: number;
  /** Of its messages. */
  readonly roles: readonly MessageRole[];
}

/** A history that was copied, but for what the mutation that it becomes a part of gives its lines. */
export class CopiedHistory {
  readonly #pieces: CopiedLines[] = [];
  #lines = 0;
  #length = 0;
  #users = 0;
  #lastId: string | null = null;

  /** All messages of `sessionId` up to `ordinal`. Rejects with a StorageError where one of them cannot be read. */
  static async read(
    { index, handles, path }: { index: IndexReader; handles: HandlePool; path: string },
    sessionId: string,
    ordinal: number,
  ): Promise<CopiedHistory> {
    const copied = new CopiedHistory();
    const pace = new Pace(STRETCH);
    for (let after = -1; ; ) {
      const locations = index.messagesBetween(sessionId, after, ordinal, BATCH);
      if (locations.length === 0) break;
      const { records, faults } = await readRecords(handles, path, locations);
      const [fault] = faults;
      if (fault) {
        throw new StorageError(
          `Line ${fault.line} of the session "${sessionId}" cannot be read (${fault.reason}): nothing was copied. Fork ` +
            'through a message before it, or mend it with "sessiontree check --repair".',
          false,
        );
      }
      copied.#add(locations, records);
      after = locations.at(-1)!.ordinal;
      copied.#lastId = messageId({ sessionId, ordinal: after });
      if (pace.isDue) await pace.rest();
    }
    return copied;
  }

  #add(locations: readonly MessageLocation[], records: ReadonlyMap<number, AppendRecord>): void {
    let lines: CopiedLine[] = [];
    let text = '';
    const endPiece = () => {
      if (lines.length > 0) this.#pieces.push({ bytes: Buffer.from(text), lines });
      text = '';
      lines = [];
    };
    for (const [offset, held] of Map.groupBy(locations, ({ offset }) => offset)) {
      const record = records.get(offset)!;
      const fields = JSON.stringify({
        ordinal: this.#length,
        position: this.#length,
        createdAt: record.createdAt ?? record.at,
        messages: held.map(({ ordinal }) => record.messages[ordinal - record.ordinal]),
      });
      const rest = fields.slice(1, -1);
      text += rest;
      lines.push({ length: Buffer.byteLength(rest), roles: held.map(({ role }) => role) });
      this.#lines += 1;
      this.#length += held.length;
      for (const { role } of held) if (role === 'USER') this.#users += 1;
      if (text.length > PIECE) endPiece();
    }
    endPiece();
  }

  get length(): number {
    return this.#length;
  }

  /** How many messages are a user's. */
  get messageCount(): number {
    return this.#users;
  }

  /** Of its last message; null where it has none. */
  get lastMessageId(): string | null {
    return this.#lastId;
  }

  /** How many lines the creation takes that holds it: its own, and one for each that is copied. */
  get parts(): number {
    return this.#lines + 1;
  }

  /** Its lines as those of the creation with the number `seq`, to stand at `offset`; and where its messages are then. */
  async linesAt(
    offset: number,
    seq: number,
    at: Date,
  ): Promise<{ pieces: Buffer[]; messages: MessageLocation[] }> {
    const pieces: Buffer[] = [];
    const messages: MessageLocation[] = [];
    const beginning = `{"seq":${seq},"at":"${at.toISOString()}","version":1,"op":"append","part":`;
    const parts = `,"parts":${this.parts},`;
    const pace = new Pace(STRETCH);
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
        // Without its newline, as everywhere.
        const length = end - begun - 1;
        const share = Math.ceil(length / roles.length);
        for (const role of roles) {
          const place = messages.length;
          messages.push({ ordinal: place, position: place, role, offset: start, length, bytes: share });
        }
        start += length + 1;
      }
      pieces.push(piece.subarray(0, end));
      if (pace.isDue) await pace.rest();
    }
    return { pieces, messages };
  }
}
