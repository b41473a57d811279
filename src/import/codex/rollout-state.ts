import { isSameJson, type JsonObject, type JsonValue } from '../../model/json.ts';
import { objectIn, objectsIn, textIn } from '../source-json.ts';

/** What a line says depends on these, which earlier lines said. */
export interface RolloutState {
  readonly model: string | null;
  readonly effort: string | null;
  readonly turnId: string | null;
  /** The last `turn_context`, for the session's metadata. */
  readonly settings: JsonObject | null;
  /** The last `rate_limits` and `model_context_window`, for the session's metadata. */
  readonly latest: JsonObject;
  /** The last `total_token_usage`: events with the same are repeats. */
  readonly total: JsonObject | null;
  /** True once there was a `token_usage_record` (0.171): then `token_count` only repeats. */
  readonly hasRecords: boolean;
  /** The name that was given to the thread, or what the user typed first. */
  readonly name: string | null;
  readonly firstPrompt: string | null;
  readonly turn: 'open' | 'complete' | 'aborted' | 'failed' | null;
  readonly lastKey: string | null;
  /** The names of the tools whose output has not come, by the id of the call. */
  readonly calls: Readonly<Record<string, string>>;
  /** For each of the latest prompts, the key of the message before: where a rollback ends. */
  readonly beforeTurns: readonly (string | null)[];
}

export const INITIAL_STATE: RolloutState = {
  model: null,
  effort: null,
  turnId: null,
  settings: null,
  latest: {},
  total: null,
  hasRecords: false,
  name: null,
  firstPrompt: null,
  turn: null,
  lastKey: null,
  calls: {},
  beforeTurns: [],
};

/** A rollback takes back a few turns, not hundreds. */
export const TURNS_KEPT = 100;

/** Without a limit, calls that never get an output would add up. */
const CALLS_KEPT = 64;

export function withCall(state: RolloutState, id: string, name: string): RolloutState {
  return {
    ...state,
    calls: Object.fromEntries([...Object.entries(state.calls), [id, name]].slice(-CALLS_KEPT)),
  };
}

export function withoutCall(state: RolloutState, id: string): RolloutState {
  return {
    ...state,
    calls: Object.fromEntries(Object.entries(state.calls).filter(([other]) => other !== id)),
  };
}

/** After a `turn_context`. */
export function withSettings(state: RolloutState, settings: JsonObject): RolloutState {
  return {
    ...state,
    settings,
    model: textIn(settings.model) ?? state.model,
    effort: textIn(settings.effort) ?? null,
    turnId: textIn(settings.turn_id) ?? state.turnId,
  };
}

/** After a `thread_rolled_back`, which ends with the message `lastKey`. */
export function rolledBack(state: RolloutState, turns: unknown): RolloutState {
  const { beforeTurns } = state;
  const count = typeof turns === 'number' ? turns : 1;
  const kept = beforeTurns.slice(0, Math.max(0, beforeTurns.length - count));
  const lastKey = (count > 0 ? beforeTurns[kept.length] : state.lastKey) ?? null;
  return { ...state, beforeTurns: kept, lastKey };
}

/** Keeps what the program says again and again. */
export function withLatest(state: RolloutState, name: string, value: JsonValue | undefined): RolloutState {
  return value == null ? state : { ...state, latest: { ...state.latest, [name]: value } };
}

/** Whether there is another value before this one. */
export function isReplaced({ latest }: RolloutState, name: string, value: JsonValue | undefined): boolean {
  return value != null && latest[name] !== undefined && !isSameJson(latest[name], value);
}

/** For the next import. The session's metadata has the settings, and what was the latest. */
export function savedState({ settings: _, latest: __, ...state }: RolloutState): JsonObject {
  return { ...state, beforeTurns: [...state.beforeTurns], calls: { ...state.calls } } satisfies JsonObject;
}

/** What `savedState` made. */
export function restoredState(saved: JsonObject): RolloutState {
  const keys = Array.isArray(saved.beforeTurns) ? saved.beforeTurns : [];
  return {
    model: textIn(saved.model),
    effort: textIn(saved.effort),
    turnId: textIn(saved.turnId),
    settings: null,
    latest: {},
    total: objectIn(saved.total),
    hasRecords: saved.hasRecords === true,
    name: textIn(saved.name),
    firstPrompt: textIn(saved.firstPrompt),
    turn: (textIn(saved.turn) as RolloutState['turn']) ?? null,
    lastKey: textIn(saved.lastKey),
    calls: (objectIn(saved.calls) ?? {}) as Record<string, string>,
    beforeTurns: keys.map((key) => textIn(key)),
  };
}

/** The threads that an item says were spawned by a call. */
export function spawnedThreads(item: JsonObject): string[] {
  const receivers = Array.isArray(item.receiver_thread_ids) ? item.receiver_thread_ids : [];
  return [
    ...(item.kind === 'started' ? [textIn(item.agent_thread_id)] : []),
    ...receivers.map((id) => textIn(id)),
    ...objectsIn(item.receiver_agents).map((agent) => textIn(agent.thread_id)),
    textIn(item.new_thread_id),
  ].filter((id) => id !== null);
}
