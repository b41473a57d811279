import { ALL_TEXTS, type Message, type ShownTexts } from '../../../model/message.ts';
import { type ReadOptions, throwIfOver } from '../../read-options.ts';
import type { AskedTexts } from '../../reads.ts';
import { copiedOf } from '../../records/paid.ts';
import type { MessageLocation } from '../../records/session-state.ts';
import { TextAllowance } from '../../text-allowance.ts';
import { absoluteSessionPath, type Layout } from '../format/layout.ts';
import type { IndexReader } from '../index/reader.ts';
import { eachAtPace } from '../runtime/pace.ts';
import type { LineFault } from '../scan/scan-lines.ts';
import type { ReadMessages } from './history-reader.ts';
import type { LineFiles } from './read-lines.ts';
import { headOf, type MessagesRead, readMessages } from './read-messages.ts';
import { bytesInMemory, bytesToRead, type Reading, readingWith } from './reading.ts';

export interface MessageReaderParts {
  readonly layout: Layout;
  readonly index: IndexReader;
  readonly lines: LineFiles;
  /** Called before files are opened, to update what the index knows of them. */
  readonly refresh: (ids: readonly string[], options?: ReadOptions) => Promise<void>;
  /** Called when lines cannot be read though the index knows messages on them. The read waits for the promise. */
  readonly damaged: (sessionId: string, faults: readonly LineFault[], options?: ReadOptions) => Promise<void>;
}

/** Reads messages: the index says where their lines are, and the session files hold them. */
export class MessageReader {
  readonly #parts: MessageReaderParts;

  constructor(parts: MessageReaderParts) {
    this.#parts = parts;
  }

  /**
   * The messages whose ordinals `ordinalOf` finds, in the order of the requests; null for one that does not exist or cannot be read. Rejects
   * with a ReadTooLargeError if they would show more than `maxBytes` of text.
   */
  async find<Request extends AskedTexts & { readonly sessionId: string }>(
    requests: readonly Request[],
    ordinalOf: (request: Request) => number | null,
    maxBytes: number,
    options: ReadOptions | undefined,
  ): Promise<(Message | null)[]> {
    const { index, refresh } = this.#parts;
    throwIfOver(options);
    await refresh(
      requests.map(({ sessionId }) => sessionId),
      options,
    );
    const messages: (Message | null)[] = requests.map(() => null);
    const toRead: FoundMessage[] = [];
    const locate = ([n, request]: [number, Request]) => {
      const { sessionId, shown = ALL_TEXTS } = request;
      const ordinal = ordinalOf(request);
      const location = ordinal === null ? null : index.message(sessionId, ordinal);
      if (location && shown) toRead.push({ n, sessionId, location, shown });
      else if (location) messages[n] = headOf(sessionId, location);
    };
    await eachAtPace(requests.entries(), locate, options);
    // Messages of one line are read, and counted, together.
    const bySession = [...Map.groupBy(toRead, ({ sessionId }) => sessionId)].map(
      ([sessionId, found]) => [sessionId, found.sort(byOffset)] as const,
    );
    options?.onRead?.(
      bySession.reduce((sum, [, found]) => sum + bytesToRead(found.map(({ location }) => location)), 0),
    );
    const reading = readingWith(new TextAllowance(maxBytes), options);
    await Promise.all(
      bySession.map(async ([sessionId, found]) => {
        const locations = found.map(({ location }) => location);
        const shownOf = (n: number) => found[n]!.shown;
        const read = await this.#readLines(sessionId, locations, shownOf, reading);
        for (const [k, { n }] of found.entries()) messages[n] = read.messages[k]!;
      }),
    );
    return messages;
  }

  /** The readable messages at `locations`, in their order, and the bytes of their texts. */
  async read(
    { sessionId, shown = ALL_TEXTS }: AskedTexts & { readonly sessionId: string },
    locations: readonly MessageLocation[],
    reading: Reading,
  ): Promise<ReadMessages> {
    if (!shown) return { items: locations.map((location) => headOf(sessionId, location)), textBytes: 0 };
    const read = await this.#readLines(sessionId, locations, () => shown, reading);
    return { items: read.messages.filter((message) => message !== null), textBytes: read.textBytes };
  }

  async #readLines(
    sessionId: string,
    locations: readonly MessageLocation[],
    shownOf: (n: number) => ShownTexts,
    { allowance, atOnce, options }: Reading,
  ): Promise<MessagesRead> {
    if (locations.length === 0) return { messages: [], textBytes: 0, faults: [] };
    const { layout, index, lines, damaged } = this.#parts;
    const session = {
      sessionId,
      path: absoluteSessionPath(layout.root, sessionId),
      copied: copiedOf(index.row(sessionId)?.forkedFrom),
      redactedAt: (ordinal: number) => index.redactedAt(sessionId, ordinal),
    };
    const read = (texts: TextAllowance) =>
      atOnce.with(bytesInMemory(locations), () => {
        // Throws if the batch has exceeded its limit meanwhile: reading would be in vain.
        texts.take(0);
        throwIfOver(options);
        return readMessages({ ...lines, options }, session, locations, shownOf, texts);
      });
    const first = await read(allowance);
    // A session that was deleted during the read is no fault.
    if (first.faults.length === 0 || !index.row(sessionId)) return first;
    await damaged(sessionId, first.faults, options);
    if (index.isFaulty(sessionId) || !index.row(sessionId)) return first;
    // A redaction was overwriting the lines. What it left is no longer than what was taken from the allowance.
    return read(new TextAllowance());
  }
}

interface FoundMessage {
  readonly n: number;
  readonly sessionId: string;
  readonly location: MessageLocation;
  readonly shown: ShownTexts;
}

function byOffset(one: FoundMessage, other: FoundMessage): number {
  return one.location.offset - other.location.offset;
}
