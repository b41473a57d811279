import type { JsonValue } from '../../model/json.ts';
import type { MessageRole } from '../../model/message.ts';
import { GrowingText } from './growing-text.ts';

/** What one call of `streamMessage` adds to a draft. */
export interface DraftPart {
  readonly sessionId: string;
  readonly key: string;
  readonly role: MessageRole;
  readonly sequence?: number | null | undefined;
  /** All of the content so far, in the place of what the draft has. */
  readonly content?: string | null | undefined;
  readonly delta?: string | null | undefined;
  readonly reasoningDelta?: string | null | undefined;
  readonly chunks?: readonly JsonValue[] | null | undefined;
  readonly isDone?: boolean | null | undefined;
}

/** What a watcher gets of a draft: what it has not seen yet, or all of it. */
export interface DraftUpdate {
  readonly sessionId: string;
  readonly key: string;
  readonly role: MessageRole;
  /** All so far, in the place of what the watcher holds. */
  readonly isWhole: boolean;
  readonly delta: string;
  readonly reasoningDelta: string;
  readonly chunks: readonly JsonValue[];
  readonly isDone: boolean;
  /** True if the history has the message that the draft became. */
  readonly isWritten: boolean;
}

/** How much of a draft a watcher has seen. */
export interface SeenOfDraft {
  readonly contents: number;
  readonly contentLength: number;
  readonly reasoningLength: number;
  readonly chunks: number;
}

/** Bytes that a chunk takes in memory beside its JSON. */
const BYTES_A_CHUNK = 64;

/** Bytes that a draft takes in memory beside its texts: its names, and its entries in tables. */
const BYTES_A_DRAFT = 1_024;

/** What an agent is saying: in memory only. */
export class Draft {
  readonly sessionId: string;
  readonly key: string;
  readonly role: MessageRole;
  #content = new GrowingText();
  #reasoning = new GrowingText();
  /** As JSON, so that their size is known. */
  #chunks: string[] = [];
  /** How often `content` took the place of the content. */
  #contents = 0;
  #contentBytes = 0;
  #otherBytes = 0;
  /** The last that was applied; null if no call had any. */
  sequence: number | null = null;
  /** When the draft last grew or ended, on the clock of `performance.now()`. */
  changedAt = 0;
  /** False until the draft may be shown to watchers. */
  isShown = false;
  isDone = false;
  isWritten = false;

  constructor({ sessionId, key, role }: DraftPart) {
    this.sessionId = sessionId;
    this.key = key;
    this.role = role;
  }

  /** The size of the texts in UTF-8, and of the chunks as JSON with what they take beside. */
  get textBytes(): number {
    return this.#contentBytes + this.#otherBytes;
  }

  /** What the draft takes in memory. */
  get bytes(): number {
    return BYTES_A_DRAFT + this.textBytes;
  }

  /** The `textBytes` once `part` is applied. */
  textBytesWith(part: DraftPart): number {
    const { content, delta, reasoningDelta, chunks } = part;
    const kept = content == null ? this.#contentBytes : 0;
    const texts = [content, delta, reasoningDelta].map((text) => Buffer.byteLength(text ?? ''));
    return [...texts, ...(chunks ?? []).map(bytesOfChunk)].reduce(
      (sum, one) => sum + one,
      kept + this.#otherBytes,
    );
  }

  /** The `textBytes` of `part` alone. */
  textBytesOf(part: DraftPart): number {
    return this.textBytesWith(part) - this.textBytes;
  }

  /** True if the texts are as long as those of a draft that was `seen` in another instance. */
  isAt(seen: SeenOfDraft): boolean {
    const own = this.seen();
    return (
      own.contentLength === seen.contentLength &&
      own.reasoningLength === seen.reasoningLength &&
      own.chunks === seen.chunks
    );
  }

  apply({
    content,
    delta,
    reasoningDelta,
    chunks,
    sequence,
  }: Omit<DraftPart, 'sessionId' | 'key' | 'role'>): void {
    if (content != null) {
      this.#content = new GrowingText();
      this.#contents += 1;
      this.#contentBytes = 0;
    }
    for (const text of [content, delta]) {
      if (text == null) continue;
      this.#content.append(text);
      this.#contentBytes += Buffer.byteLength(text);
    }
    if (reasoningDelta != null) {
      this.#reasoning.append(reasoningDelta);
      this.#otherBytes += Buffer.byteLength(reasoningDelta);
    }
    for (const chunk of chunks ?? []) {
      this.#chunks.push(JSON.stringify(chunk));
      this.#otherBytes += bytesOfChunk(chunk);
    }
    this.sequence = sequence ?? this.sequence;
  }

  /** Drops the texts, once nobody will be shown them. */
  forgetTexts(): void {
    this.#content = new GrowingText();
    this.#reasoning = new GrowingText();
    this.#chunks = [];
    this.#contentBytes = 0;
    this.#otherBytes = 0;
  }

  /** What a watcher that has `seen` so much has not seen; all of the draft if it has seen nothing, or another content. */
  updateSince(seen: SeenOfDraft | undefined): DraftUpdate {
    const isWhole = seen === undefined || seen.contents !== this.#contents;
    const from = isWhole ? NOTHING_SEEN : seen;
    const { sessionId, key, role, isDone, isWritten } = this;
    return {
      sessionId,
      key,
      role,
      isWhole,
      delta: this.#content.from(from.contentLength),
      reasoningDelta: this.#reasoning.from(from.reasoningLength),
      chunks: this.#chunks.slice(from.chunks).map((chunk) => JSON.parse(chunk) as JsonValue),
      isDone,
      isWritten,
    };
  }

  /** Takes the place of all texts so far: watchers are shown all of them anew. */
  replace(part: Pick<DraftPart, 'delta' | 'reasoningDelta' | 'chunks' | 'sequence'>): void {
    this.forgetTexts();
    this.apply({ ...part, delta: null, content: part.delta ?? '' });
  }

  /** What a watcher has seen that has seen all. */
  seen(): SeenOfDraft {
    return {
      contents: this.#contents,
      contentLength: this.#content.length,
      reasoningLength: this.#reasoning.length,
      chunks: this.#chunks.length,
    };
  }
}

const NOTHING_SEEN: Omit<SeenOfDraft, 'contents'> = { contentLength: 0, reasoningLength: 0, chunks: 0 };

function bytesOfChunk(chunk: JsonValue): number {
  return BYTES_A_CHUNK + Buffer.byteLength(JSON.stringify(chunk));
}
