import { parentPort } from 'node:worker_threads';
import type { Effects } from '../../../records/session-state.ts';
import { absoluteSessionPath } from '../../format/layout.ts';
import { withFileChunks } from '../../scan/scan-lines.ts';
import { scanSession } from '../../scan/scan-session.ts';
import { pack } from './packed.ts';
import type { Sound, ToScan } from './protocol.ts';
import { soundOf } from './scan-sound.ts';

/*
 * A thread that reads small session files, which is half of the work of building an index. Damaged or unreadable
 * files are left to the main thread, which finds and reports their faults.
 */

/** The most bytes of a file, and of the files of one answer, which are all in memory at once. */
const FILE_BYTES_MAX = 64 * 1024;
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

const port = parentPort!;

port.on('message', ({ root, ids, elsewhere }: ToScan) => {
  let room = ANSWER_BYTES_MAX;
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
    return withFileChunks(absoluteSessionPath(root, id), (read, { size, mtimeMs }) => {
      if (size > FILE_BYTES_MAX) return null;
      const contents = read(0);
      const effects: Effects[] = [];
      const emit = (one: Effects) => effects.push(one);
      const scanned = scanSession((offset) => contents.subarray(offset), id, null, { emit, elsewhere });
      // The main thread may complete the newline.
      return scanned.unterminated || scanned.damagedNewline ? null : soundOf(scanned, effects, mtimeMs);
    });
  } catch {
    // The file is gone, or not a plain file: the main thread gets the same error, and reports it.
    return null;
  }
}
