import { isUtf8 } from 'node:buffer';
import type { JsonObject } from '../../model/json.ts';
import type { Dropped, Fault, Resume, SessionEnd, SourceMessage } from '../format.ts';
import { readLines } from '../lines.ts';
import { NO_UTF8, textIn } from '../source-json.ts';
import { agentProgressOf, type Entry, parseEntry, textOf, typeOf } from './entry.ts';
import { type Facts, lineFault, REPLACING_NOTES } from './facts.ts';
import { hasPlace, type KeyedMessage, messagesOf, responseMessage } from './messages.ts';

/** Messages that wait for the end of a response before them. Later lines of the response replace it. */
const WAITING_MAX = 2_000;

/** How a strand is read. */
export interface StrandReading {
  readonly facts: Facts;
  /** The metadata that all messages share. */
  readonly common: JsonObject;
  /** Whether a node is a part of the strand, and whether it was said first in another session. */
  readonly has: (node: number) => 'own' | 'copy' | null;
  /** Whether any strand of the file has a node. */
  readonly isInStrand: (node: number) => boolean;
  /** Whether another session paid for a response. */
  readonly isPaidElsewhere: (response: string) => boolean;
  /** The first node, and the last. */
  readonly first: number;
  readonly last: number;
  /** True for one strand of the file: it speaks for lines that are no messages, and for those that cannot be read. */
  readonly isMain: boolean;
  readonly now: number;
}

interface Waiting {
  /** Null while the response is not whole. */
  message: KeyedMessage | null;
  readonly line: number;
  bytes: number;
}

interface OpenResponse {
  readonly entries: Entry[];
  readonly isCopy: boolean;
  readonly waiting: Waiting;
  readonly last: number;
  time: number;
}

type Item = SourceMessage | SessionEnd | Fault | Dropped;

/** Reads the messages of a strand, in the order of the file: a response stands where its first line does. */
export async function* readStrand(reading: StrandReading, from: Resume | null): AsyncGenerator<Item> {
  const { facts } = reading;
  const { path, bytes: size } = facts.file;
  const start = from && startOf(reading, from);
  const reader = new StrandReader(reading);
  let end = size;
  let isUnfinished = false;
  for await (const lines of readLines(path, start ? { from: start } : {})) {
    for (const line of lines) {
      const { bytes, number, offset, isWhole } = line;
      // What the program appended since the first pass comes with the next import.
      if (offset >= size) break;
      const entry = bytes && parseEntry(bytes);
      const fault = entry ? null : lineFault(facts.file, line, reading.now);
      if (entry) reader.add(entry, number, bytes);
      else if (!fault) isUnfinished = true;
      else if (reading.isMain) yield fault;
      if (!isWhole) end = Math.min(end, offset);
    }
    yield* reader.take(false);
  }
  yield* reader.take(true);
  if (reader.isRewritten) yield { type: 'end', described: null, resume: null, isUnfinished: true };
  else yield { type: 'end', described: null, resume: resumeAt(reading, end), isUnfinished };
}

/** Where reading goes on: at the first line of a response that has grown since, if that is earlier. */
function startOf({ facts }: StrandReading, { bytes, state }: Resume) {
  let start = { offset: bytes, number: Number(state.line) };
  for (const { first, last } of facts.responses.values()) {
    if (facts.offsets[last]! < bytes || facts.offsets[first]! >= start.offset) continue;
    start = { offset: facts.offsets[first]!, number: facts.lines[first]! };
  }
  return start;
}

/** The last response of a strand may go on: a later import reads it again. */
function resumeAt({ facts, has }: StrandReading, end: number): Resume {
  let latest = -1;
  for (const { first, last } of facts.responses.values())
    if (facts.offsets[last]! < end && first > latest && has(first) !== null) latest = first;
  if (latest === -1) return { bytes: 0, state: { line: 1 } };
  return { bytes: facts.offsets[latest]!, state: { line: facts.lines[latest]! } };
}

class StrandReader {
  readonly #reading: StrandReading;
  readonly #open = new Map<string, OpenResponse>();
  #waiting: Waiting[] = [];
  readonly #dropped = new Map<string, number>();
  #isRewritten = false;

  constructor(reading: StrandReading) {
    this.#reading = reading;
  }

  /** True if there are lines that the first pass did not see: the program has rewritten the file since. */
  get isRewritten(): boolean {
    return this.#isRewritten;
  }

  add(entry: Entry, line: number, bytes: Buffer): void {
    const { facts, has, isMain, isInStrand } = this.#reading;
    if (isMain && !isUtf8(bytes)) this.#drop(NO_UTF8);
    const uuid = textIn(entry.uuid);
    if (uuid === null) {
      const type = typeOf(entry);
      if (isMain && REPLACING_NOTES.has(type)) {
        if (facts.lastNotes.get(type) !== line) this.#drop(`earlier ${type}`);
        else for (const name of untoldMembers(type, entry)) this.#drop(`${type}.${name}`);
      } else if (isMain && type !== 'pr-link') this.#drop(type);
      return;
    }
    const node = facts.nodes.get(uuid);
    if (node === undefined || facts.lines[node]! > line) {
      this.#isRewritten = true;
      return;
    }
    if (facts.lines[node] !== line) {
      if (isMain) this.#drop('repeated line');
      return;
    }
    const place = has(node);
    const said = agentProgressOf(entry) ?? entry;
    if (isMain && isInStrand(node) && !hasPlace(said)) this.#drop(typeOf(said));
    if (place === null) {
      // A progress line is no message of the session, though it is a node of its graph.
      if (isMain && entry.type === 'progress' && !isInStrand(node)) this.#drop(kindOf(entry));
      return;
    }
    this.#addMessage(said, node, place === 'copy', line, bytes.length);
  }

  /** The messages before the first response that is not whole; with `isEnd`, all. */
  *take(isEnd: boolean): Generator<Item> {
    const { path } = this.#reading.facts.file;
    let taken = 0;
    for (const waiting of this.#waiting) {
      if (waiting.message === null) {
        if (!isEnd && this.#waiting.length - taken < WAITING_MAX) break;
        this.#build(waiting);
      }
      taken += 1;
      yield {
        type: 'message',
        message: waiting.message!,
        where: { path, line: waiting.line },
        bytes: waiting.bytes,
      };
    }
    this.#waiting = this.#waiting.slice(taken);
    if (!isEnd) return;
    for (const [kind, count] of this.#dropped) yield { type: 'dropped', kind, count };
  }

  #drop(kind: string): void {
    this.#dropped.set(kind, (this.#dropped.get(kind) ?? 0) + 1);
  }

  #addMessage(entry: Entry, node: number, isCopiedLine: boolean, line: number, bytes: number): void {
    const { facts, common, isPaidElsewhere } = this.#reading;
    const time = facts.times[node] ?? timeNear(facts, node);
    const response = facts.responseOfNode[node];
    if (response === undefined) {
      const context = { common, toolNames: facts.toolNames, isCopy: isCopiedLine, time };
      for (const message of messagesOf(entry, context)) this.#waiting.push({ message, line, bytes });
      return;
    }
    let open = this.#open.get(response);
    if (!open) {
      const waiting: Waiting = { message: null, line, bytes: 0 };
      const isCopy = isCopiedLine || isPaidElsewhere(response);
      open = { entries: [], isCopy, waiting, last: this.#lastOf(response), time };
      this.#open.set(response, open);
      this.#waiting.push(waiting);
    } else if (open.waiting.message !== null) {
      // The response was given before it was whole.
      const waiting: Waiting = { message: null, line, bytes: 0 };
      open = { ...open, waiting };
      this.#open.set(response, open);
      this.#waiting.push(waiting);
    }
    open.entries.push(entry);
    open.waiting.bytes += bytes;
    if (node >= open.last) {
      this.#build(open.waiting);
      this.#open.delete(response);
    }
  }

  /** The last node of a response that the strand has. */
  #lastOf(response: string): number {
    const { facts, last } = this.#reading;
    return Math.min(facts.responses.get(response)!.last, last);
  }

  #build(waiting: Waiting): void {
    const { facts, common } = this.#reading;
    for (const open of this.#open.values()) {
      if (open.waiting !== waiting) continue;
      const context = { common, toolNames: facts.toolNames, isCopy: open.isCopy, time: open.time };
      waiting.message = responseMessage(open.entries, context);
      return;
    }
  }
}

/** The member of a note that has a field. A `cost-state` is kept whole. */
const TOLD_MEMBERS: Readonly<Record<string, string>> = {
  'custom-title': 'customTitle',
  'agent-name': 'agentName',
  'ai-title': 'aiTitle',
};

/** Members of a note that come nowhere. */
function untoldMembers(
  note: string,
  { type: _, sessionId: __, timestamp: ___, ...members }: Entry,
): string[] {
  if (!Object.hasOwn(TOLD_MEMBERS, note)) return [];
  return Object.keys(members).filter((name) => name !== TOLD_MEMBERS[note] || textOf(members[name]) === null);
}

/** The time of a node that has none of its own: that of the node before, or else of the first that has one. */
function timeNear({ times, file }: Facts, node: number): number {
  for (let before = node - 1; before >= 0; before -= 1) {
    const time = times[before];
    if (time != null) return time;
  }
  return times.find((time) => time !== null) ?? Math.trunc(file.mtimeMs);
}

function kindOf(entry: Entry): string {
  const data = entry.data;
  const type = typeof data === 'object' && data !== null && !Array.isArray(data) ? textOf(data.type) : null;
  return type === null ? 'progress' : `progress/${type}`;
}
