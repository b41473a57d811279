import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../model/json.ts';
import type { Fault } from './format.ts';
import { jsonElements, readElement } from './json-elements.ts';
import { parseObject } from './source-json.ts';

/** A conversation in an export: a file with a list of them. */
export interface Conversation {
  readonly conversation: JsonObject;
  readonly path: string;
  readonly bytes: number;
  /** Reads the conversation again, so that not all need be held. */
  again(): Promise<JsonObject | null>;
}

/** The files of conversations at `path`: `conversations.json`, or, since 2026, `conversations-000.json` and on; or the file itself. */
async function conversationFiles(path: string): Promise<string[]> {
  if ((await stat(path)).isFile()) return path.endsWith('.json') ? [path] : [];
  const names = (await readdir(path)).filter((name) => /^conversations(?:-\d+)?\.json$/.test(name));
  return names.sort().map((name) => join(path, name));
}

const HEAD_BYTES = 256 * 1024;
const ZIP_SIGNATURE = Buffer.from('PK\u0003\u0004');

/** Whether the first file of conversations has a member of this name near its beginning. Does not reject. */
export async function hasMember(path: string, name: string): Promise<boolean> {
  try {
    const [first] = await conversationFiles(path);
    if (first === undefined) return false;
    await using file = await open(first);
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
    const text = head.toString('utf8', 0, bytesRead);
    return /^\uFEFF?\s*\[/.test(text) && text.includes(`"${name}"`);
  } catch {
    return false;
  }
}

/** Whether `path` is a zip archive, as which exports come. Does not reject. */
export async function isZip(path: string): Promise<boolean> {
  try {
    if (!(await stat(path)).isFile()) return false;
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && buffer.equals(ZIP_SIGNATURE);
  } catch {
    return false;
  }
}

/** The conversations of an export. */
export async function* conversations(
  path: string,
  onFile: (bytes: number) => void,
): AsyncGenerator<Conversation | Fault> {
  const files = await conversationFiles(path).catch((error: NodeJS.ErrnoException) => error);
  if (files instanceof Error) {
    yield { type: 'fault', path, line: null, reason: `the file cannot be read: ${files.code}` };
    return;
  }
  if (files.length === 0) {
    const reason = (await isZip(path))
      ? 'expected an unpacked export, got a zip archive: unpack it first'
      : 'expected a file conversations.json, got none';
    yield { type: 'fault', path, line: null, reason };
  }
  for (const file of files) {
    try {
      for await (const { bytes, ...place } of jsonElements(file)) {
        const conversation = bytes && parseObject(bytes.toString());
        if (conversation) {
          const again = async () => parseObject(await readElement(file, place));
          yield { conversation, path: file, bytes: place.length, again };
        } else {
          const reason = `the conversation at byte ${place.offset} is cut, too large, or no JSON object`;
          yield { type: 'fault', path: file, line: null, reason };
        }
      }
      onFile((await stat(file)).size);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const reason =
        error instanceof SyntaxError ? `no export: ${message}` : `the file cannot be read: ${code}`;
      yield { type: 'fault', path: file, line: null, reason };
    }
  }
}
