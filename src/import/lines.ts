import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';

const CHUNK_BYTES = 256 * 1024;
/** A line that is longer is not held in memory, and comes without its text. */
const LINE_BYTES_MAX = 64 * 1024 * 1024;
/** The reason of a fault. */
export const LINE_TOO_LONG = 'the line is longer than 64 MiB';
const NEWLINE = 0x0a;

/** A line of a file of lines. */
export interface Line {
  /** Without the newline. Null: longer than `LINE_BYTES_MAX`. Valid until the next lines are read. */
  readonly bytes: Buffer | null;
  /** Where the line begins, in bytes of the (decompressed) file. */
  readonly offset: number;
  /** From 1, if reading began at the beginning of the file. */
  readonly number: number;
  /** False: the file ends before a newline. */
  readonly isWhole: boolean;
}

export interface LinesOptions {
  /** Where to begin: an offset, and the number of the line there. Default: the beginning of the file. Not for compressed files. */
  readonly from?: { readonly offset: number; readonly number: number };
}

/** The lines of the file at `path`, some at a time: the file may be larger than memory. A name that ends in `.zst` is decompressed. Empty lines are left out. */
export async function* readLines(path: string, { from }: LinesOptions = {}): AsyncGenerator<Line[]> {
  let offset = from?.offset ?? 0;
  let number = from?.number ?? 1;
  /** The beginning of a line whose end has not been read. */
  let held: Buffer[] = [];
  let heldBytes = 0;
  const close = (end: Buffer | null, isWhole: boolean): Line => {
    if (end !== null) held.push(end);
    const length = heldBytes + (end?.length ?? 0);
    const bytes = length > LINE_BYTES_MAX ? null : held.length === 1 ? held[0]! : Buffer.concat(held);
    const line = { bytes, offset, number, isWhole };
    offset += length + 1;
    number += 1;
    held = [];
    heldBytes = 0;
    return line;
  };
  for await (const chunk of chunksOf(path, offset)) {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const line = close(chunk.subarray(start, end), true);
      if (line.bytes === null || line.bytes.length > 0) lines.push(line);
      start = end + 1;
    }
    if (start < chunk.length) {
      heldBytes += chunk.length - start;
      // What is too long to be given is counted, not kept.
      if (heldBytes > LINE_BYTES_MAX) held = [];
      else held.push(Buffer.from(chunk.subarray(start)));
    }
    if (lines.length > 0) yield lines;
  }
  if (heldBytes > 0) yield [close(null, false)];
}

/** The bytes of a file from `start` on. A chunk is valid until the next one is read. */
async function* chunksOf(path: string, start: number): AsyncGenerator<Buffer> {
  if (path.endsWith('.zst')) {
    yield* decompressedChunksOf(path);
    return;
  }
  await using file = await open(path);
  // One buffer for the whole file: new ones would pile up until V8 collects them, by tens of megabytes.
  // For a small file a small one: there can be a hundred thousand, each read several times.
  const { size } = await file.stat();
  const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, Math.max(size - start, 0) + 1));
  for (let position = start; ; ) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** The stream takes a chunk only once it is done with the one before. */
const DECOMPRESSION = { chunkSize: CHUNK_BYTES, writableHighWaterMark: 1 };

/** A file can have several frames: the stream ends with each, whatever follows. */
async function* decompressedChunksOf(path: string): AsyncGenerator<Buffer> {
  await using file = await open(path);
  const { size } = await file.stat();
  const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, size + 1));
  for (let start = 0; start < size; ) {
    const decompressed = createZstdDecompress(DECOMPRESSION);
    const done = pipeline(
      frameChunks(file, start, buffer, () => decompressed.bytesWritten),
      decompressed,
    );
    try {
      yield* decompressed as Readable as AsyncIterable<Buffer>;
    } finally {
      // Its rejection comes out of the loop as well.
      await done.catch(() => {});
    }
    start += decompressed.bytesWritten;
  }
}

/** The bytes from `start` on, to the end of a frame: until not all that was given is taken. */
async function* frameChunks(
  file: FileHandle,
  start: number,
  buffer: Buffer,
  taken: () => number,
): AsyncGenerator<Buffer> {
  for (let given = 0; taken() === given; ) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start + given);
    if (bytesRead === 0) return;
    given += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
