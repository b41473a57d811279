import type { JsonObject } from '../../model/json.ts';
import type { Dropped, Fault } from '../format.ts';
import { readRegularFile } from '../regular-file.ts';
import { parseObject } from '../source-json.ts';
import { unreadable } from '../unreadable.ts';

/** A session as opencode describes it: with the names of its JSON files, whichever form the store has. */
export interface OpencodeSession {
  readonly id: string;
  readonly parentId: string | null;
  readonly title: string | null;
  readonly directory: string | null;
  readonly agent: string | null;
  readonly createdMs: number | null;
  readonly updatedMs: number | null;
  readonly archivedMs: number | null;
  readonly revert: JsonObject | null;
  /** What has no field. */
  readonly rest: JsonObject;
  /** The file, or the database. */
  readonly path: string;
  readonly bytes: number;
  /** Another text once something of the session has changed. */
  readonly revision: string;
  /** True if something of the session, beside its messages, could not be read now. Left out: false. */
  readonly isDamaged?: boolean;
}

/** What tells the messages of a fork from others: its own ids are new, but its times are those of the messages that were copied. */
export interface MessageTime {
  readonly role: string;
  readonly createdMs: number;
}

export interface OpencodeMessage {
  readonly info: JsonObject;
  readonly parts: readonly JsonObject[];
  /** The file, or the database. */
  readonly path: string;
}

/** A place where opencode keeps sessions. Messages, and the parts of each, are in the order of their making. */
export interface OpencodeStore {
  /** With what is beside them, and belongs to none. */
  sessions(): AsyncIterable<OpencodeSession | Fault | Dropped>;
  /** Those of the first messages, at most `limit`. */
  timesOf(sessionId: string, limit: number): Promise<readonly MessageTime[]>;
  /** For each session that a call of this one spawned, the id of the call. */
  spawningCallsOf(sessionId: string): Promise<ReadonlyMap<string, string>>;
  messages(sessionId: string): AsyncIterable<OpencodeMessage | Fault>;
}

export function fault(path: string, reason: string): Fault {
  return { type: 'fault', path, line: null, reason };
}

/** The object in a file of JSON, or what is wrong with the file. */
export async function readObject(path: string): Promise<JsonObject | Fault> {
  try {
    return parseObject(await readRegularFile(path)) ?? fault(path, 'the file holds no JSON object');
  } catch (error) {
    return unreadable(path, error);
  }
}

export function isFault(value: object): value is Fault {
  return 'type' in value && value.type === 'fault' && 'reason' in value;
}
