import { crc32 } from 'node:zlib';
import { Pace, STRETCH_MS } from '../runtime/pace.ts';
import { withFileChunks, withFileChunksAtPace } from './scan-lines.ts';

/** CRC-32 of a whole file. */
export function crcOfFile(path: string): number {
  return withFileChunks(path, (read) => {
    let crc = 0;
    let offset = 0;
    for (let chunk = read(0); chunk.length > 0; chunk = read(offset)) {
      crc = crc32(chunk, crc);
      offset += chunk.length;
    }
    return crc;
  });
}

/** As `crcOfFile`, resting in between. */
export function crcOfFileAtPace(path: string): Promise<number> {
  return withFileChunksAtPace(path, async (read) => {
    const pace = new Pace(STRETCH_MS);
    let crc = 0;
    let offset = 0;
    for (let chunk = read(0); chunk.length > 0; chunk = read(offset)) {
      crc = crc32(chunk, crc);
      offset += chunk.length;
      if (pace.isDue) await pace.rest();
    }
    return crc;
  });
}
