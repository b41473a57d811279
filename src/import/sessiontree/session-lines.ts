import { isSessionId } from '../../model/id.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { Fault } from '../format.ts';
import { type LineContent, type LinePart, type LinePlace, readLineParts } from './line-parts.ts';

/** Where a session stands in a file. */
export interface SessionLine extends LinePlace {
  readonly id: string;
  readonly parentId: string | null;
  readonly path: string;
  readonly historyLength: number;
}

/** A longer line is read from the file as often as its parts are asked for. */
const HELD_BYTES_MAX = 1024 * 1024;

/** The parts of a line, to be read several times. */
export type LineParts = () => AsyncIterable<LinePart> | Iterable<LinePart>;

/** A line that cannot come in. The message begins with a lower-case letter. */
export class LineFault extends Error {}

/** The lines of a file that may be sessions, and those that are none. */
export async function* surveyLines(path: string): AsyncGenerator<SessionLine | Fault> {
  let found: JsonObject = {};
  let historyLength = 0;
  for await (const part of partsOf(readLineParts(path))) {
    if (part.type === 'message') historyLength += 1;
    else if (part.type === 'member')
      Object.assign(found, NAMED.test(beginningOf(part)) ? membersIn(part) : null);
    else if (part.type === 'end') {
      const { id, parentId = null } = found;
      const place = { path, line: part.number };
      if (part.fault !== null) yield { type: 'fault', ...place, reason: part.fault };
      else if (!isSessionId(id)) yield { type: 'fault', ...place, reason: 'expected the "id" of a session' };
      else {
        const { offset, length, number } = part;
        const parent = typeof parentId === 'string' ? parentId : null;
        yield { id, parentId: parent, path, offset, length, number, historyLength };
      }
      found = {};
      historyLength = 0;
    }
  }
}

const NAMED = /^\s*"(?:id|parentId)"/;

function beginningOf({ bytes }: LineContent): string {
  return bytes?.toString('latin1', 0, 64) ?? '';
}

/** Rejects with a LineFault, as reading the parts does. */
export async function openLine(line: SessionLine): Promise<LineParts> {
  if (line.length > HELD_BYTES_MAX) return () => partsOfLine(line);
  const held: LinePart[] = [];
  for await (const part of partsOfLine(line)) held.push(part);
  return () => held;
}

/** The members of a session without its history. Rejects with a LineFault. */
export async function readHead(parts: LineParts): Promise<JsonObject> {
  // Without a prototype, a member `__proto__` is one as any other.
  const head: JsonObject = Object.create(null);
  for await (const part of parts()) {
    if (part.type === 'end' && part.fault !== null) throw new LineFault(part.fault);
    if (part.type === 'member') Object.assign(head, parsed(part));
  }
  return head;
}

/** The messages of a session, one at a time. Rejects with a LineFault. */
export async function* readHistory(parts: LineParts): AsyncGenerator<JsonObject> {
  let n = 0;
  for await (const part of parts()) {
    if (part.type === 'end' && part.fault !== null) throw new LineFault(part.fault);
    if (part.type !== 'message') continue;
    const message = part.bytes && valueIn(part.bytes.toString());
    if (!isJsonObject(message)) throw new LineFault(`history.${n} is too large, or no JSON object`);
    yield message;
    n += 1;
  }
}

async function* partsOfLine(line: SessionLine): AsyncGenerator<LinePart> {
  try {
    yield* partsOf(readLineParts(line.path, line));
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    throw syscall === undefined ? error : new LineFault(`the file cannot be read: ${code}`);
  }
}

async function* partsOf(batches: AsyncIterable<LinePart[]>): AsyncGenerator<LinePart> {
  for await (const batch of batches) yield* batch;
}

/** The member as an object of its own. Throws a LineFault. */
function parsed(part: LineContent): JsonObject {
  const members = membersIn(part);
  if (members === null) throw new LineFault('the line is no JSON object');
  return members;
}

function membersIn({ bytes }: LineContent): JsonObject | null {
  const value = bytes && valueIn(`{${bytes.toString()}}`);
  return isJsonObject(value) ? value : null;
}

function valueIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
