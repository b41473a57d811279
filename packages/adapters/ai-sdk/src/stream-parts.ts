import type { UIMessageChunk } from 'ai';
import { TEXT_SEPARATOR } from './describe-parts.ts';

/** The keys of drafts that are streams of the AI SDK begin so. */
export const STREAM_KEY_PREFIX = 'ui-stream/';

/**
 * How a stream of chunks is a draft: the texts are its content and its reasoning, which people who watch can read, and all else of the stream
 * is in its `chunks`, each a `StreamMark`: a chunk, and how long content and reasoning were before it. What follows a mark belongs to the text
 * that it begins or goes on with. So texts, which are most of a stream, are sent and kept once.
 */
export type StreamMark = readonly [
  contentLength: number,
  reasoningLength: number,
  /** Null at the end of a stream that came to its end. */
  chunk: UIMessageChunk | null,
];

/** What one request adds to a draft. */
export interface StreamPart {
  delta: string;
  reasoningDelta: string;
  chunks: StreamMark[];
}

type TextKind = 'text' | 'reasoning';
/** The text that deltas add to: its kind and its id. */
type OpenText = readonly [kind: TextKind, id: string];

/** The text that a chunk is about, and what it says of it; null for all other chunks. */
function textOf(chunk: UIMessageChunk): { readonly text: OpenText; readonly delta: string | null } | null {
  switch (chunk.type) {
    case 'text-start':
      return { text: ['text', chunk.id], delta: null };
    case 'text-delta':
      return { text: ['text', chunk.id], delta: chunk.delta };
    case 'reasoning-start':
      return { text: ['reasoning', chunk.id], delta: null };
    case 'reasoning-delta':
      return { text: ['reasoning', chunk.id], delta: chunk.delta };
    default:
      return null;
  }
}

/** What is between two texts of a kind. The reader passes over as much. */
function separatorAt(length: number): string {
  return length > 0 ? TEXT_SEPARATOR : '';
}

function isSameText(one: OpenText | undefined, other: OpenText): boolean {
  return one?.[0] === other[0] && one[1] === other[1];
}

/** Takes chunks, and gives the parts of a draft. */
export class StreamEncoder {
  #length: Record<TextKind, number> = { text: 0, reasoning: 0 };
  #open: OpenText | undefined;
  #next: StreamPart | null = null;

  add(chunk: UIMessageChunk): void {
    const found = textOf(chunk);
    if (found) this.#addText(chunk, found.text, found.delta);
    else this.#mark(chunk);
  }

  #addText(chunk: UIMessageChunk, text: OpenText, delta: string | null): void {
    const [kind] = text;
    if (delta === null) {
      this.#mark(chunk);
      this.#say(kind, separatorAt(this.#length[kind]));
    } else {
      const { providerMetadata } = chunk as { readonly providerMetadata?: unknown };
      if (providerMetadata !== undefined || !isSameText(this.#open, text))
        this.#mark({ ...chunk, delta: '' } as UIMessageChunk);
      this.#say(kind, delta);
    }
    this.#open = text;
  }

  /** To be called once the stream has come to its end. */
  end(): void {
    this.#mark(null);
  }

  /** What was added since the last call; null if nothing was. Half a character waits for its other half, unless it is the last of all. */
  take(isLast: boolean): StreamPart | null {
    const part = this.#next;
    this.#next = null;
    if (!part) return null;
    const [delta, half] = wholeCharacters(part.delta, isLast);
    const [reasoningDelta, reasoningHalf] = wholeCharacters(part.reasoningDelta, isLast);
    if (half || reasoningHalf) this.#next = { delta: half, reasoningDelta: reasoningHalf, chunks: [] };
    if (!delta && !reasoningDelta && part.chunks.length === 0) return null;
    return { delta, reasoningDelta, chunks: part.chunks };
  }

  get #part(): StreamPart {
    this.#next ??= { delta: '', reasoningDelta: '', chunks: [] };
    return this.#next;
  }

  #mark(chunk: UIMessageChunk | null): void {
    this.#part.chunks.push([this.#length.text, this.#length.reasoning, chunk]);
  }

  #say(kind: TextKind, delta: string): void {
    this.#length[kind] += delta.length;
    this.#part[kind === 'text' ? 'delta' : 'reasoningDelta'] += delta;
  }
}

/** A text as the server takes texts, of the same length, and half a character at its end, whose other half is still to come. */
function wholeCharacters(text: string, isLast: boolean): readonly [whole: string, half: string] {
  const end = !isLast && /[\ud800-\udbff]$/.test(text) ? text.length - 1 : text.length;
  return [text.slice(0, end).replaceAll('\u0000', '\ufffd').toWellFormed(), text.slice(end)];
}

/** Takes what a draft is so far, and gives the chunks that it has not given before. */
export class StreamDecoder {
  #given: Record<TextKind, number> = { text: 0, reasoning: 0 };
  #open: OpenText | undefined;
  #markCount = 0;
  /** True once the stream has come to its end. */
  isComplete = false;

  *chunks(content: string, reasoning: string, marks: readonly StreamMark[]): Generator<UIMessageChunk> {
    const texts = { text: content, reasoning };
    for (const [contentLength, reasoningLength, chunk] of marks.slice(this.#markCount)) {
      yield* this.#textUpTo(texts, contentLength, reasoningLength);
      this.#markCount += 1;
      if (chunk === null) {
        this.isComplete = true;
        continue;
      }
      yield chunk;
      const found = textOf(chunk);
      if (!found) continue;
      const { text, delta } = found;
      this.#open = text;
      if (delta === null) this.#given[text[0]] += separatorAt(this.#given[text[0]]).length;
    }
    yield* this.#textUpTo(texts, content.length, reasoning.length);
  }

  *#textUpTo(
    texts: Readonly<Record<TextKind, string>>,
    contentLength: number,
    reasoningLength: number,
  ): Generator<UIMessageChunk> {
    if (!this.#open) return;
    const [kind, id] = this.#open;
    const delta = texts[kind].slice(this.#given[kind], kind === 'text' ? contentLength : reasoningLength);
    if (delta === '') return;
    this.#given[kind] += delta.length;
    yield { type: `${kind}-delta`, id, delta };
  }
}
