import { open } from 'node:fs/promises';
import { isJsonObject, type JsonObject, jsonDepth } from '../model/json.ts';

/** Why a file cannot come in, in words for the person who imports it. */
export class FileFault extends Error {
  override readonly name = 'FileFault';
}

/** JavaScript holds a text of some 512 MiB at most, and a file is read whole. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** Deeper than any file that could pass, and shallow enough for all that recurses into it. */
const MAX_DEPTH = 200;

export interface JsonFile {
  readonly object: JsonObject;
  /** The file's size. */
  readonly bytes: number;
  /** Numbers that a double would change: they are text in `object`. */
  readonly longNumbers: readonly string[];
}

/** The JSON object that the file at `path` holds. A FileFault says why there is none. */
export async function readJsonFile(path: string): Promise<JsonFile> {
  const content = await readBytes(path);
  const { object, longNumbers } = parseObject(decode(content));
  if (jsonDepth(object, MAX_DEPTH) > MAX_DEPTH) {
    throw new FileFault(`expected at most ${MAX_DEPTH} levels of nesting, got more`);
  }
  return { object, bytes: content.length, longNumbers };
}

async function readBytes(path: string): Promise<Buffer> {
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
    throw new FileFault(`the file is not whole JSON${python}: ${(error as SyntaxError).message}`);
  }
  if (isJsonObject(value)) return { object: value, longNumbers };
  throw new FileFault(`expected a JSON object, got ${Array.isArray(value) ? 'an array' : shown(value)}`);
}

function mayHoldLongNumbers(text: string): boolean {
  return /\d{16}|\d[eE]\+?\d{3}/.test(text);
}

/** Python's integers have no bound: one that a double would change comes in as its text, and is put in `found`. */
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

/** `value` as JSON, cut to what fits in a message. */
export function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? 'nothing';
  return json.length > 60 ? `${json.slice(0, 60)}…` : json;
}
