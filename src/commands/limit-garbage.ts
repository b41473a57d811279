import { setFlagsFromString } from 'node:v8';

/** In percent of what is in use after a collection. */
const GARBAGE_PERCENT = 30;

/**
 * Collects garbage earlier, for a long stream of data. By default, V8 lets garbage grow to several times of what is in use, and a young
 * generation to 128 MB: an import of large files would take twice the memory, for a quarter less processor time. V8 reads both flags at each
 * collection, so that they count although the process has begun.
 */
export function limitGarbage(): void {
  setFlagsFromString(`--heap-growing-percent=${GARBAGE_PERCENT}`);
  setFlagsFromString('--semi-space-growth-factor=1');
}
