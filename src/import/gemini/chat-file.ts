import { isUtf8 } from 'node:buffer';
import { isJsonObject, isSameJson, type JsonObject, type JsonValue } from '../../model/json.ts';
import type { Fault } from '../format.ts';
import { readLines } from '../lines.ts';
import { openRegularFile, readRegularFile } from '../regular-file.ts';
import { listIn, NO_UTF8, objectIn, parseObject, textIn, without } from '../source-json.ts';

/** What a chat went through, in order. */
export type ChatStep = (Fault | ChatRecord | ChatRecords | Rewind) & {
  /** False: the file ends within the line of this step. */
  readonly isWhole: boolean;
};

export interface ChatRecord {
  readonly type: 'record';
  readonly record: JsonObject;
  readonly line: number | null;
}

/** `$set.messages`: what the model is to know from now on. When a chat is resumed, this repeats all that it has. */
export interface ChatRecords {
  readonly type: 'records';
  readonly records: readonly JsonObject[];
  readonly line: number;
}

/** The record with this id, and all behind it, are taken back; if there is none: everything. */
export interface Rewind {
  readonly type: 'rewind';
  readonly toId: string | null;
}

/** A chat of Gemini CLI, from a line on. */
export interface Chat {
  /** What the chat says of itself, after all changes. */
  readonly info: JsonObject;
  readonly steps: readonly ChatStep[];
  /** What is dropped, by kind: once for each earlier value of a member of `info`, for each record that is no object, and for each line that is no UTF-8. */
  readonly dropped: readonly string[];
  /** Where its last whole line ends; null: the file has no lines. */
  readonly end: ChatPlace | null;
}

/** The beginning of a line, and what the chat said of itself before. */
export interface ChatPlace {
  readonly bytes: number;
  readonly line: number;
  readonly info: JsonObject;
}

/** Reads a chat: one JSON object before 2026, since then a line for each change. */
export async function readChat(path: string, from: ChatPlace | null = null): Promise<Chat> {
  return path.endsWith('.jsonl') ? readChatLines(path, from) : readChatObject(path);
}

async function readChatObject(path: string): Promise<Chat> {
  const object = parseObject(await readRegularFile(path));
  if (!object) {
    const reason = 'the file holds no JSON object';
    const fault: ChatStep = { type: 'fault', path, line: null, reason, isWhole: true };
    return { info: {}, steps: [fault], dropped: [], end: null };
  }
  const { records, dropped } = recordsIn(object.messages);
  const steps = records.map((record) => ({ type: 'record' as const, record, line: null, isWhole: true }));
  return { info: without(object, ['messages']), steps, dropped, end: null };
}

/** The records among `messages`, and the kinds of all else in there. */
function recordsIn(messages: JsonValue | undefined): { records: JsonObject[]; dropped: string[] } {
  const elements = listIn(messages);
  const others = elements.filter((element) => !isJsonObject(element));
  return { records: elements.filter(isJsonObject), dropped: others.map(() => 'record that is no object') };
}

async function readChatLines(path: string, from: ChatPlace | null): Promise<Chat> {
  let info = from?.info ?? {};
  let end = from ?? { bytes: 0, line: 1, info };
  const steps: ChatStep[] = [];
  const dropped: string[] = [];
  for await (const lines of readLines(
    path,
    from ? { from: { offset: from.bytes, number: from.line } } : {},
  )) {
    for (const { bytes, offset, number: line, isWhole } of lines) {
      const object = bytes && parseObject(bytes.toString());
      const change = objectIn(object?.$set);
      if (object && !isUtf8(bytes)) dropped.push(NO_UTF8);
      if (!object) steps.push({ type: 'fault', path, line, reason: 'the line is no JSON object', isWhole });
      else if ('$rewindTo' in object) steps.push({ type: 'rewind', toId: textIn(object.$rewindTo), isWhole });
      else if (change || isInfo(object)) {
        const { messages, ...rest } = change ?? object;
        for (const [name, value] of Object.entries(info))
          if (Object.hasOwn(rest, name) && !isSameJson(rest[name], value)) dropped.push(`earlier ${name}`);
        info = { ...info, ...rest };
        const set = recordsIn(messages);
        dropped.push(...set.dropped);
        if (Array.isArray(messages)) steps.push({ type: 'records', records: set.records, line, isWhole });
        else for (const record of set.records) steps.push({ type: 'record', record, line, isWhole });
      } else steps.push({ type: 'record', record: object, line, isWhole });
      if (isWhole && bytes) end = { bytes: offset + bytes.length + 1, line: line + 1, info };
    }
  }
  return { info, steps, dropped, end };
}

function isInfo(object: JsonObject): boolean {
  return textIn(object.sessionId) !== null && textIn(object.type) === null;
}

/** What the beginning of a chat says of it; null if there is no JSON object. A chat of one object has to be read whole. */
export async function readChatInfo(path: string): Promise<JsonObject | null> {
  let first: JsonObject | null = null;
  if (!path.endsWith('.jsonl')) first = parseObject(await readRegularFile(path));
  else
    for await (const [line] of readLines(path)) {
      first = line?.bytes ? parseObject(line.bytes.toString()) : null;
      break;
    }
  return first && without(first, ['messages']);
}

/** Of a regular file: rejects for another, from which reading would perhaps wait for ever. */
export async function sizeAndTime(path: string): Promise<{ bytes: number; mtimeMs: number }> {
  await using file = await openRegularFile(path);
  const { size, mtimeMs } = await file.stat();
  return { bytes: size, mtimeMs };
}
