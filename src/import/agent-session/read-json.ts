import type { PathLike } from 'node:fs';
import { open } from 'node:fs/promises';
import { isJsonObject, type JsonObject, jsonShape } from '../../model/json.ts';

/** Why a file cannot be imported. The message is for the user of the import. */
export class FileFault extends Error {
  override readonly name = 'FileFault';
}

/** A file is read into one string, and V8 limits a string to about 512 MiB. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** Levels of nesting: more than any valid file has, and few enough for recursive functions. */
const LEVELS_MAX = 200;

export interface JsonFile {
  readonly object: JsonObject;
  /** The file's size. */
  readonly bytes: number;
  /** Numbers that a double cannot represent exactly: they are strings in `object`. */
  readonly longNumbers: readonly string[];
}

/** Reads the JSON object in the file at `path`. Rejects with a FileFault if the file holds none. */
export async function readJsonFile(path: PathLike): Promise<JsonFile> {
  const content = await readBytes(path);
  const { object, longNumbers } = parseObject(decode(content));
  if (jsonShape(object, LEVELS_MAX, Number.POSITIVE_INFINITY) === 'DEEP') {
    throw new FileFault(`expected at most ${LEVELS_MAX} levels of nesting, got more`);
  }
  return { object, bytes: content.length, longNumbers };
}

async function readBytes(path: PathLike): Promise<Buffer> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > MAX_FILE_BYTES) {
      throw new FileFault(`expected at most ${MAX_FILE_BYTES} bytes, got ${size}`);
    }
    return await file.readFile();
  } catch (error) {
    if (error instanceof FileFault) throw error;
    throw new FileFault(`the file cannot be read: ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
    });
  }
}

function decode(content: Buffer): string {
  if (content.every((byte) => byte === 0)) {
    throw new FileFault(content.length === 0 ? 'the file is empty' : 'the file holds nothing but NUL bytes');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw new FileFault('the file is not UTF-8');
  }
}

function parseObject(text: string): { object: JsonObject; longNumbers: string[] } {
  const longNumbers: string[] = [];
  let value: unknown;
  try {
    value = mayHoldLongNumbers(text) ? JSON.parse(text, exactNumbers(longNumbers)) : JSON.parse(text);
  } catch (error) {
    const python = /[[{:,]\s*(?:NaN|-?Infinity)\b/.test(text) ? ' (NaN and Infinity are not JSON)' : '';
    throw new FileFault(`the file is not valid JSON${python}: ${(error as SyntaxError).message}`);
  }
  if (isJsonObject(value)) return { object: value, longNumbers };
  throw new FileFault(`expected a JSON object, got ${Array.isArray(value) ? 'an array' : shown(value)}`);
}

function mayHoldLongNumbers(text: string): boolean {
  return /\d{16}|\d[eE]\+?\d{3}/.test(text);
}

/**
 * A JSON.parse reviver. Python's integers are unbounded: one that a double cannot represent becomes a string, and is added to
 * `found`.
 */
function exactNumbers(found: string[]) {
  return (_key: string, value: unknown, context?: { source?: string }): unknown => {
    if (typeof value !== 'number') return value;
    const source = context!.source!;
    const exact = /^-?\d+$/.test(source) ? Number.isSafeInteger(value) : Number.isFinite(value);
    if (exact) return value;
    found.push(source);
    return source;
  };
}

/** `value` as JSON, shortened for an error message. */
export function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? 'nothing';
  return json.length > 60 ? `${json.slice(0, 60)}…` : json;
}
