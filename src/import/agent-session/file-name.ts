import { isUtf8 } from 'node:buffer';
import { join } from 'node:path';

/** The path of the file `name` in `directory`. The name need not be UTF-8. */
export function pathOf(directory: string, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(join(directory, '/')), name]);
}

/** True if the Python module would give this name to the file of session `id`. */
export function isNamedForId(name: Buffer, id: string): boolean {
  return name.equals(Buffer.from(`${id}.json`));
}

/** A file name as text. A byte that is not part of valid UTF-8 is shown as an escape such as `\xff`. */
export function shownName(name: Buffer): string {
  let text = '';
  for (let at = 0; at < name.length; ) {
    const length = [1, 2, 3, 4].find((bytes) => isUtf8(name.subarray(at, at + bytes)));
    text += length ? name.toString('utf8', at, at + length) : `\\x${name.toString('hex', at, at + 1)}`;
    at += length ?? 1;
  }
  return text;
}
