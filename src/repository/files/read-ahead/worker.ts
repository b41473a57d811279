import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { type FilesRead, MAX_BATCH, MAX_FILE, NOT_READ } from './protocol.ts';

/*
 * A thread that opens and reads small files: a quarter of what it takes to build an index, and the part that waits for the
 * system. What it cannot read it leaves to the thread that asked, which finds out why.
 */

const port = parentPort!;

port.on('message', (paths: readonly string[]) => {
  const files = readFiles(paths);
  port.postMessage(files, [files.bytes.buffer, files.places.buffer]);
});

function readFiles(paths: readonly string[]): FilesRead {
  const places = new Float64Array(paths.length * 2);
  let bytes = new Uint8Array(paths.length * 1024);
  let end = 0;
  for (const [n, path] of paths.entries()) {
    places[2 * n] = NOT_READ;
    try {
      const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        const { size, mtimeMs } = fstatSync(fd);
        if (size > MAX_FILE || end + size > MAX_BATCH) continue;
        if (end + size > bytes.length) bytes = grown(bytes, end + size);
        if (readSync(fd, bytes, end, size, 0) !== size) continue;
        places[2 * n] = size;
        places[2 * n + 1] = mtimeMs;
        end += size;
      } finally {
        closeSync(fd);
      }
    } catch {
      // It is gone, or no plain file: whoever reads it in its turn comes upon the same, and reports it.
    }
  }
  return { bytes, places };
}

function grown(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(2 * size);
  larger.set(bytes);
  return larger;
}
