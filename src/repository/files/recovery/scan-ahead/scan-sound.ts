import type { Effects } from '../../../records/session-state.ts';
import { metadataTermsOf } from '../../index/metadata-terms.ts';
import type { FileScanned } from '../../scan/scan-file.ts';
import type { SessionScan, SessionScanned } from '../../scan/scan-session.ts';
import type { Sound } from './protocol.ts';

/** A scanned file with the effects that the scan emitted; null if the file has any fault. */
export function soundOf(scanned: SessionScanned, effects: readonly Effects[], mtime: number): Sound | null {
  const { state, store, metadata, count, faults, torn } = scanned;
  if (!state || faults.length > 0 || torn) return null;
  return { state, store, count, mtime, effects, terms: metadataTermsOf(metadata) };
}

/** Returns and emits the same as `scanFile`, for a file that was scanned before. */
export function scanSound(sound: Sound, emit: SessionScan['emit']): Omit<FileScanned, 'metadata'> {
  for (const effects of sound.effects) emit(effects);
  const { state, store, count, mtime } = sound;
  const end = state.size;
  return {
    state,
    store,
    count,
    mtime,
    lastAt: null,
    stamp: null,
    end,
    faults: [],
    torn: false,
    unterminated: false,
    damagedNewline: false,
    converted: false,
  };
}
