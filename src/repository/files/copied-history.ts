import { crc32 } from 'node:zlib';
import { StorageError } from '../../model/errors.ts';
import { messageId } from '../../model/id.ts';
import type { HandlePool } from './disk/handle-pool.ts';
import type { IndexReader } from './index/reader.ts';
import { Pace, STRETCH } from './pace.ts';
import { readRecords } from './read-messages.ts';
import type { AppendRecord } from './record.ts';
import type { MessageLocation } from './session-state.ts';

/** Messages that are read and made into lines in one go. */
const BATCH = 500;

/** A line of a copy without its beginning, which names the mutation, and without its checksum. */
interface CopiedLine {
  readonly rest: Buffer;
  readonly messages: readonly Pick<MessageLocation, 'ordinal' | 'position' | 'role'>[];
}

/** A history that was copied, but for what the mutation that it becomes a part of gives its lines. */
export class CopiedHistory {
  readonly #lines: CopiedLine[] = [];
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
      for (const line of Map.groupBy(locations, ({ offset }) => offset).values()) {
        copied.#add(records.get(line[0]!.offset)!, line);
      }
      after = locations.at(-1)!.ordinal;
      copied.#lastId = messageId({ sessionId, ordinal: after });
      if (pace.isDue) await pace.rest();
    }
    return copied;
  }

  #add(record: AppendRecord, line: readonly MessageLocation[]): void {
    const position = this.#length;
    const fields = {
      ordinal: position,
      position,
      createdAt: new Date(record.createdAt ?? record.at).toISOString(),
      messages: line.map(({ ordinal }) => record.messages[ordinal - record.ordinal]),
    };
    this.#lines.push({
      rest: Buffer.from(JSON.stringify(fields).slice(1, -1)),
      messages: line.map(({ role }, n) => ({ role, ordinal: position + n, position: position + n })),
    });
    this.#length += line.length;
    this.#users += line.filter(({ role }) => role === 'USER').length;
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
    return this.#lines.length + 1;
  }

  /** Its lines as those of the creation with the number `seq`, to stand at `offset`; and where its messages are then. */
  async linesAt(
    offset: number,
    seq: number,
    at: Date,
  ): Promise<{ pieces: Buffer[]; messages: MessageLocation[] }> {
    const pieces: Buffer[] = [];
    const time = at.toISOString();
    const messages: MessageLocation[] = [];
    const pace = new Pace(STRETCH);
    let next = offset;
    for (const [n, { rest, messages: held }] of this.#lines.entries()) {
      const head = Buffer.from(
        `{"seq":${seq},"at":"${time}","version":1,"op":"append","part":${n + 2},"parts":${this.parts},`,
        'latin1',
      );
      const crc = crc32(rest, crc32(head)).toString(16).padStart(8, '0');
      const end = Buffer.from(`,"crc":"${crc}"}\n`, 'latin1');
      const length = head.length + rest.length + end.length - 1;
      const bytes = Math.ceil(length / held.length);
      for (const message of held) messages.push({ ...message, offset: next, length, bytes });
      pieces.push(head, rest, end);
      next += length + 1;
      if (pace.isDue) await pace.rest();
    }
    return { pieces, messages };
  }
}
