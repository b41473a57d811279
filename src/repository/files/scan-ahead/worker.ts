import { parentPort } from 'node:worker_threads';
import { metadataTermsOf } from '../index/metadata-terms.ts';
import { absoluteSessionPath } from '../layout.ts';
import { withFileChunks } from '../scan-lines.ts';
import { scanSession } from '../scan-session.ts';
import type { Effects } from '../session-state.ts';
import { pack } from './packed.ts';
import type { Sound, ToScan } from './protocol.ts';

/*
 * A thread that reads small session files: half of what it takes to build an index. What is damaged, or cannot be read, it
 * leaves to the thread that asked, which finds out why.
 */

/** Bytes of a file, and of those of one answer, at most: what they hold takes memory, all of it at once. */
const MAX_FILE = 64 * 1024;
const MAX_ANSWER = 4 * 1024 * 1024;

const port = parentPort!;

port.on('message', ({ root, ids, elsewhere }: ToScan) => {
  let room = MAX_ANSWER;
  const sounds = (JSON.parse(ids) as string[]).map((id) => {
    const sound = room > 0 ? scan(root, id, elsewhere.get(id) ?? NONE) : null;
    room -= sound?.state.size ?? 0;
    return sound;
  });
  const packed = pack(sounds);
  port.postMessage(packed, [packed.numbers.buffer]);
});

const NONE: ReadonlySet<number> = new Set();

function scan(root: string, id: string, elsewhere: ReadonlySet<number>): Sound | null {
  try {
    return withFileChunks(absoluteSessionPath(root, id), (read, mtime, size) => {
      if (size > MAX_FILE) return null;
      const contents = read(0);
      const effects: Effects[] = [];
      const emit = (one: Effects) => effects.push(one);
      const scanned = scanSession((offset) => contents.subarray(offset), id, null, { emit, elsewhere });
      const { state, store, metadata, count, faults, torn, unterminated, damagedNewline } = scanned;
      const isSound = faults.length === 0 && !torn && !unterminated && !damagedNewline;
      if (!state || !isSound) return null;
      return { state, store, count, mtime, effects, terms: metadataTermsOf(metadata) };
    });
  } catch {
    // It is gone, or no plain file: whoever reads it in its turn comes upon the same, and reports it.
    return null;
  }
}
