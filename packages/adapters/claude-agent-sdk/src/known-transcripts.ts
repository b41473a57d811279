import type { Transcript } from './transcript.ts';

const TRANSCRIPTS_MAX = 1_000;

/** What is known of the transcripts that were last written or loaded: a write needs no request to learn more of them. */
export class KnownTranscripts {
  readonly #byKey = new Map<string, Transcript>();

  get(key: string): Transcript | null {
    return this.#byKey.get(key) ?? null;
  }

  /** Forgets the one that was set longest ago, if there are too many. */
  set(key: string, transcript: Transcript): void {
    this.#byKey.delete(key);
    this.#byKey.set(key, transcript);
    if (this.#byKey.size > TRANSCRIPTS_MAX) this.#byKey.delete(this.#byKey.keys().next().value!);
  }

  /** Forgets the key, and all that begin with the prefix. */
  forget(key: string, prefix: string | null): void {
    this.#byKey.delete(key);
    if (prefix === null) return;
    for (const other of this.#byKey.keys()) if (other.startsWith(prefix)) this.#byKey.delete(other);
  }
}
