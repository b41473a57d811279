import { isUtf8 } from 'node:buffer';
import type { JsonObject } from '../../model/json.ts';
import { type Dropped, LIVE_MS, type Resume, type SourceItem } from '../format.ts';
import { LINE_TOO_LONG, readLines } from '../lines.ts';
import { NO_UTF8, numberIn, objectIn, orNull, textIn, without } from '../source-json.ts';
import type { RolloutFile } from './rollout-file.ts';
import { parseRolloutLine, type RolloutLine } from './rollout-line.ts';
import { INITIAL_STATE, type RolloutState, restoredState, savedState } from './rollout-state.ts';
import { RolloutTranslator } from './translator.ts';

/** Where a thread begins, if not with its own first line. */
export interface Beginning {
  /** Since 0.171: the lines of another rollout before this ordinal, of which this one has none. */
  readonly base: {
    readonly rollout: RolloutFile;
    readonly beginning: Beginning;
    readonly end: number;
  } | null;
  /** The base is not there. */
  readonly missingBase: string | null;
  /** Older forks: the lines up to this one were copied from another thread. 0: none. */
  readonly copiedThroughLine: number;
  /** See `CopiedLines.hasDiverged`. */
  readonly hasDiverged: boolean;
  /** The lines of a subagent before this ordinal are its parent's. */
  readonly ownFromOrdinal: number;
}

export const OWN_BEGINNING: Beginning = {
  base: null,
  missingBase: null,
  copiedThroughLine: 0,
  hasDiverged: false,
  ownFromOrdinal: 0,
};

export interface ReadOptions {
  readonly from?: Resume | null;
  readonly now: number;
}

/** What is left once all is read. */
export interface RolloutEnd {
  readonly state: RolloutState;
  readonly resume: Resume | null;
  readonly isUnfinished: boolean;
  /** Where reading ended: behind the last whole line, or where it was to stop. */
  readonly bytes: number;
}

/** The messages of a thread, with those of its base before them. Returns what is left at the end. */
export async function* readThread(
  rollout: RolloutFile,
  beginning: Beginning,
  { from = null, now }: ReadOptions,
): AsyncGenerator<SourceItem, RolloutEnd> {
  const isCompressed = rollout.path.endsWith('.zst');
  const start = isCompressed ? null : resumedFrom(from, beginning);
  let state = start?.state ?? INITIAL_STATE;
  if (!start) ({ state } = yield* readBeginning(rollout, beginning));
  const isLive = now - rollout.mtimeMs < LIVE_MS;
  const end = yield* readOwn(rollout, beginning, { start, state, isLive });
  return isCompressed ? { ...end, resume: null } : end;
}

interface Start {
  readonly offset: number;
  readonly number: number;
  readonly state: RolloutState;
}

function resumedFrom(from: Resume | null, beginning: Beginning): Start | null {
  const number = numberIn(from?.state.line);
  if (!from || number === null || number <= beginning.copiedThroughLine) return null;
  return { offset: from.bytes, number, state: restoredState(from.state) };
}

/** The messages that are in another file, as copies. */
async function* readBeginning(
  rollout: RolloutFile,
  { base, missingBase }: Beginning,
): AsyncGenerator<SourceItem, BeginningEnd> {
  if (missingBase !== null) {
    const reason = `the thread begins with lines of the thread ${missingBase}, whose rollout is not there`;
    yield { type: 'fault', path: rollout.path, line: 1, reason };
  }
  if (!base) return { state: INITIAL_STATE, lengths: [] };
  const { state, lengths } = yield* copies(readBeginning(base.rollout, base.beginning));
  const until = { ordinal: base.end };
  const own = readOwn(base.rollout, base.beginning, { start: null, state, isLive: false, until });
  const { state: after, bytes } = yield* copies(own);
  return { state: { ...after, turn: null, name: null, firstPrompt: null }, lengths: [...lengths, bytes] };
}

/** What is left once the lines of the bases are read. */
interface BeginningEnd {
  readonly state: RolloutState;
  /** How much there was of each base. */
  readonly lengths: readonly number[];
}

async function* copies<End>(items: AsyncGenerator<SourceItem, End>): AsyncGenerator<SourceItem, End> {
  for (;;) {
    const next = await items.next();
    if (next.done) return next.value;
    const item = next.value;
    if (item.type === 'message') yield { ...item, message: { ...item.message, isCopy: true } };
    // Faults and dropped lines are told where the base itself is read.
    else if (item.type === 'rollback') yield item;
  }
}

interface OwnOptions {
  readonly start: Start | null;
  readonly state: RolloutState;
  readonly isLive: boolean;
  /** Where to stop before the end. */
  readonly until?: { readonly ordinal?: number; readonly afterLine?: number };
}

/** The messages of the lines of a rollout. */
async function* readOwn(
  rollout: RolloutFile,
  beginning: Beginning,
  { start, state, isLive, until }: OwnOptions,
): AsyncGenerator<SourceItem, RolloutEnd> {
  const { path } = rollout;
  const translator = new RolloutTranslator(path, state, beginning.hasDiverged);
  const place = () => ({ offset: next.offset, number: next.number, state: translator.state });
  let next = { offset: start?.offset ?? 0, number: start?.number ?? 1 };
  /** Where nothing was pending: a later import goes on from there. */
  let checkpoint: Start = place();
  let isUnfinished = false;
  let isWhole = true;
  const read = start ? { from: { offset: start.offset, number: start.number } } : {};
  try {
    reading: for await (const lines of readLines(path, read)) {
      for (const line of lines) {
        next = { offset: line.offset, number: line.number };
        if (!translator.isOpen) checkpoint = place();
        isWhole = line.isWhole;
        if (isWhole && line.bytes)
          next = { offset: line.offset + line.bytes.length + 1, number: line.number + 1 };
        const parsed = parseRolloutLine(line);
        if (!parsed) {
          if (!line.isWhole && isLive) {
            isUnfinished = true;
            break reading;
          }
          const reason = line.bytes === null ? LINE_TOO_LONG : 'the line is no JSON object with a type';
          yield { type: 'fault', path, line: line.number, reason };
          continue;
        }
        if (isBeyond(parsed, until)) {
          // Where the file ended before there was this line.
          next = { offset: line.offset, number: line.number };
          break reading;
        }
        if (!isUtf8(line.bytes!)) yield { type: 'dropped', kind: NO_UTF8 };
        yield* takeLine(translator, parsed, beginning);
      }
    }
  } catch (error) {
    if (!isOfDecompression(error)) throw error;
    const reason = `the rest of the file cannot be decompressed: ${(error as Error).message}`;
    yield { type: 'fault', path, line: next.number, reason };
  }
  if (!translator.isOpen && isWhole) checkpoint = place();
  if (translator.isOpen && isLive) isUnfinished = true;
  else yield* translator.end();
  const { offset, number, state: resumed } = checkpoint;
  return {
    state: translator.state,
    resume: { bytes: offset, state: { ...savedState(resumed), line: number } },
    isUnfinished,
    bytes: next.offset,
  };
}

/** A compressed file that is cut or damaged: its errors have a code, but are of no call of the system. */
function isOfDecompression(error: unknown): boolean {
  return error instanceof Error && /^Z(?:STD)?_/.test((error as NodeJS.ErrnoException).code ?? '');
}

function isBeyond({ ordinal, number }: RolloutLine, until: OwnOptions['until']): boolean {
  if (until?.ordinal !== undefined && ordinal !== null && ordinal >= until.ordinal) return true;
  return until?.afterLine !== undefined && number > until.afterLine;
}

function* takeLine(
  translator: RolloutTranslator,
  line: RolloutLine,
  { base, copiedThroughLine, ownFromOrdinal }: Beginning,
): Generator<SourceItem> {
  if (line.type === 'session_meta') {
    const instructions = line.number === 1 && !base ? instructionsOf(line) : null;
    if (instructions)
      yield* translator.instructions(line, instructions.text, instructions.rest, copiedThroughLine > 0);
    else if (line.number > 1) yield { type: 'dropped', kind: 'session_meta (repeat)' };
    return;
  }
  if (line.ordinal !== null && line.ordinal < ownFromOrdinal) {
    yield INHERITED;
    return;
  }
  yield* translator.take(line, line.number <= copiedThroughLine);
}

const INHERITED: Dropped = { type: 'dropped', kind: 'line before subagent_history_start_ordinal' };

/** What the model is told before anything else, and what else is said of it. */
function instructionsOf({ payload }: RolloutLine): { text: string; rest: JsonObject | null } | null {
  const { base_instructions: base, instructions } = payload;
  const described = objectIn(base);
  const text = described ? textIn(described.text) : (textIn(base) ?? textIn(instructions));
  return text === null ? null : { text, rest: described && orNull(without(described, ['text'])) };
}

/** What the first lines of a rollout come to: those before an ordinal, or up to a line. */
export interface FirstLines {
  /** The key of the last message that they make. */
  readonly lastKey: string | null;
  /** How many bytes they are, also of each base. Other ones, if some of them were not there yet. */
  readonly lengths: readonly number[];
}

export async function firstLinesOf(
  rollout: RolloutFile,
  beginning: Beginning,
  until: OwnOptions['until'],
): Promise<FirstLines> {
  const { state, lengths } = await finished(readBeginning(rollout, beginning));
  const end = await finished(readOwn(rollout, beginning, { start: null, state, isLive: false, until }));
  return { lastKey: end.state.lastKey, lengths: [...lengths, end.bytes] };
}

async function finished<End>(items: AsyncGenerator<SourceItem, End>): Promise<End> {
  for (;;) {
    const next = await items.next();
    if (next.done) return next.value;
  }
}
