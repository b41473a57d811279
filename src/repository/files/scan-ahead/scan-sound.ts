import type { FileScanned } from '../scan-file.ts';
import type { SessionScan } from '../scan-session.ts';
import type { Sound } from './protocol.ts';

/** What `scanFile` would have come to, of a file that another thread has read. */
export function scanSound(sound: Sound, emit: SessionScan['emit']): Omit<FileScanned, 'metadata'> {
  for (const effects of sound.effects) emit(effects);
  const { state, store, count, mtime } = sound;
  const end = state.size;
  return {
    state,
    store,
    count,
    mtime,
    end,
    faults: [],
    torn: false,
    unterminated: false,
    damagedNewline: false,
  };
}
