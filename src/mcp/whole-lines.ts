import { Transform, type TransformCallback } from 'node:stream';

/**
 * Passes on whole lines: for each part of a line, the transport of the SDK copies and searches again all that came before. Fails for a line
 * longer than `lineBytesMax`, whose end cannot be waited for.
 */
export class WholeLines extends Transform {
  readonly #lineBytesMax: number;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(lineBytesMax: number) {
    super();
    this.#lineBytesMax = lineBytesMax;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const end = chunk.lastIndexOf('\n') + 1;
    if (end > 0) {
      this.push(Buffer.concat([...this.#parts, chunk.subarray(0, end)]));
      this.#parts = [];
      this.#bytes = 0;
    }
    this.#parts.push(chunk.subarray(end));
    this.#bytes += chunk.length - end;
    if (this.#bytes <= this.#lineBytesMax) done();
    else done(new Error(`Expected lines of at most ${this.#lineBytesMax} bytes, got a longer one.`));
  }
}
