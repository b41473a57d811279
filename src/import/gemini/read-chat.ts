import type { JsonObject } from '../../model/json.ts';
import { metadataFault } from '../../model/stored-values.ts';
import { promptTitle } from '../fit.ts';
import type { Resume, SourceItem } from '../format.ts';
import { dateIn, numberIn, objectIn, textIn, withoutTexts } from '../source-json.ts';
import { type ChatPlace, readChat } from './chat-file.ts';
import { isRunning, lastKeyOf, translate } from './translate.ts';

/** A larger state, or one that is nested deeper, is not kept in the metadata: then the next import reads the whole file. */
const STATE_LIMITS = { metadataBytes: 32 * 1024, metadataDepth: 24 };

/** A record that stands. */
interface Held {
  /** Null: the record was given, by this import or an earlier one. */
  readonly record: JsonObject | null;
  readonly line: number | null;
  readonly lastKey: string;
}

export interface ReadChatOptions {
  readonly from: Resume | null;
  readonly isLive: boolean;
  /** Members of the chat's own description that have a field, if they are texts. */
  readonly known: readonly string[];
}

/** The messages of a chat. A record replaces an earlier one with the same id, in the place of that one. */
export async function* chatItems(
  path: string,
  { from, isLive, known }: ReadChatOptions,
): AsyncGenerator<SourceItem> {
  const place = placeOf(from);
  const chat = await readChat(path, place);
  let standing = place ? standingOf(from!) : new Map<string, Held>();
  let firstPrompt = place ? textIn(from!.state.firstPrompt) : null;
  let count = place ? (numberIn(from!.state.count) ?? 0) : 0;
  let isUnfinished = false;
  /** What the next import goes on with. */
  let saved: JsonObject | null = null;
  const state = (): JsonObject => ({
    keys: [...standing].map(([key, { lastKey }]) => (key === lastKey ? [key] : [key, lastKey])),
    firstPrompt,
    count,
  });
  const give = function* (): Generator<SourceItem> {
    for (const [key, held] of standing) {
      if (held.record === null) continue;
      const messages = translate(held.record, key, { path, line: held.line });
      const [{ message }] = messages as [(typeof messages)[0]];
      if (message.role === 'USER') firstPrompt ??= promptTitle(message.content);
      yield* messages;
      standing.set(key, { ...held, record: null });
    }
  };
  const hold = (record: JsonObject, line: number | null) => {
    const key = textIn(record.id) ?? `record:${count}`;
    count += 1;
    standing.set(key, { record, line, lastKey: lastKeyOf(record, key) });
  };
  const rewind = function* (toId: string | null): Generator<SourceItem> {
    yield* give();
    standing = keptBefore(standing, toId);
    yield { type: 'rollback', keepThroughKey: [...standing.values()].at(-1)?.lastKey ?? null };
  };
  for (const step of chat.steps) {
    if (!step.isWhole) {
      yield* give();
      saved ??= state();
    }
    if (step.type === 'fault') {
      if (step.isWhole || !isLive) yield step;
      else isUnfinished = true;
    } else if (step.type === 'record') {
      isUnfinished = isLive && isRunning(step.record);
      hold(step.record, step.line);
    } else if (step.type === 'rewind') {
      yield* rewind(step.toId);
    } else {
      const known = [...standing.keys()];
      const parting = known.findIndex((key, n) => step.records[n]?.id !== key);
      if (parting !== -1 && parting === step.records.length) yield* rewind(known[parting]!);
      else if (parting !== -1) {
        yield* give();
        yield compaction(path, step.line, dateIn(step.records.at(-1)?.timestamp));
      }
      for (const record of step.records) hold(record, step.line);
    }
  }
  yield* give();
  for (const kind of chat.dropped) yield { type: 'dropped', kind };
  const described = {
    title: textIn(chat.info.summary) ?? firstPrompt,
    metadata: withoutTexts(chat.info, known),
  };
  yield { type: 'end', described, resume: resumeAt(chat.end, saved ?? state()), isUnfinished };
}

/** The model knows a part of the chat from here on, or a summary. What was said stays. */
function compaction(path: string, line: number, createdAt: Date | null): SourceItem {
  const message = { key: `line:${line}`, role: 'EVENT', kind: 'compaction', content: '', createdAt } as const;
  return { type: 'message', message, where: { path, line } };
}

function resumeAt(end: ChatPlace | null, state: JsonObject): Resume | null {
  if (!end) return null;
  const whole = { ...state, line: end.line, info: end.info };
  return metadataFault(whole, STATE_LIMITS) ? null : { bytes: end.bytes, state: whole };
}

function placeOf(from: Resume | null): ChatPlace | null {
  const line = numberIn(from?.state.line);
  return from && line !== null ? { bytes: from.bytes, line, info: objectIn(from.state.info) ?? {} } : null;
}

function standingOf({ state }: Resume): Map<string, Held> {
  const standing = new Map<string, Held>();
  for (const keys of Array.isArray(state.keys) ? state.keys : []) {
    const [key, lastKey = key] = Array.isArray(keys) ? keys.map(String) : [];
    if (key !== undefined) standing.set(key, { record: null, line: null, lastKey: lastKey! });
  }
  return standing;
}

/** The records before the one with this id; none, if there is no such record. */
function keptBefore(standing: ReadonlyMap<string, Held>, id: string | null): Map<string, Held> {
  const kept = new Map<string, Held>();
  if (id === null || !standing.has(id)) return kept;
  for (const [key, held] of standing) {
    if (key === id) break;
    kept.set(key, held);
  }
  return kept;
}
