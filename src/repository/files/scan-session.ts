import type { JsonObject } from '../../model/json.ts';
import type { RawLine } from './line.ts';
import { parseSessionRecord, type SessionRecord } from './record.ts';
import { type LineFault, type LinesScanned, scanLines } from './scan-lines.ts';
import { applyRecord, type Effects, type SessionState } from './session-state.ts';

/** What a session's file came to. `state` is null where its first line cannot be read: then it is no session. */
export interface SessionScanned extends LinesScanned {
  readonly state: SessionState | null;
  /** The store that the session belongs to, by its own account. */
  readonly store: string | null;
  /** Of the state, as it was read. */
  readonly metadata: JsonObject;
}

export interface SessionScan {
  /** Called with the effects of each mutation that counts. */
  readonly emit: (effects: Effects) => void;
  /** Versions that mutations in the store's log have brought it to: its file has no line for them. */
  readonly elsewhere: ReadonlySet<number>;
}

/** Reads the file of session `id`; `acknowledged` is as in `scanLines`. */
export function scanSession(
  read: (offset: number) => Buffer,
  id: string,
  acknowledged: number | null,
  task: SessionScan,
): SessionScanned {
  const fold = new SessionFold(id, task);
  const lines = scanLines(read, acknowledged, (record, line) => fold.accept(record, line));
  return fold.end(lines, acknowledged);
}

/** A mutation of several lines that has begun. */
interface Group {
  readonly seq: number;
  readonly offset: number;
  /** Where it began, by its own count and by the file's. */
  readonly firstPart: number;
  readonly firstLine: number;
  readonly parts: number;
  readonly before: SessionState | null;
  /** Of the state before. */
  readonly metadata: JsonObject;
  lastPart: number;
  readonly effects: Effects[];
}

class SessionFold {
  readonly #id: string;
  readonly #emit: SessionScan['emit'];
  readonly #elsewhere: ReadonlySet<number>;
  readonly #faults: LineFault[] = [];
  #state: SessionState | null = null;
  #store: string | null = null;
  #metadata: JsonObject = {};
  #group: Group | null = null;
  /** The last line that was believed. */
  #lastLine = 0;

  constructor(id: string, { emit, elsewhere }: SessionScan) {
    this.#id = id;
    this.#emit = emit;
    this.#elsewhere = elsewhere;
  }

  /** Why the line cannot be believed; null when it is. */
  accept(value: object, line: RawLine): string | null {
    if (this.#state === null && line.number > 1) return 'the line that creates the session cannot be read';
    const parsed = parseSessionRecord(value);
    if ('fault' in parsed) return parsed.fault;
    const { record } = parsed;
    const before = this.#state;
    const metadata = this.#metadata;
    const misfit = before ? this.#misfitAfter(before, record) : misfitOfFirst(record, this.#id);
    if (misfit !== null) return misfit;

    if (before) this.#noteMissing(before, record, line);
    const applied = applyRecord(before, record, { offset: line.offset, length: line.bytes.length });
    this.#state = applied.state;
    if (record.op === 'create' || record.op === 'adopt') this.#store = record.store;
    if (record.op === 'create' || record.op === 'update') this.#metadata = record.metadata ?? this.#metadata;
    this.#lastLine = line.number;
    if (this.#group?.seq !== record.seq) this.#flush();
    if (record.part === undefined || record.parts === undefined) {
      this.#emit(applied.effects);
    } else {
      this.#group ??= {
        seq: record.seq,
        offset: line.offset,
        firstPart: record.part,
        firstLine: line.number,
        parts: record.parts,
        before,
        metadata,
        lastPart: 0,
        effects: [],
      };
      this.#group.effects.push(applied.effects);
      this.#group.lastPart = record.part;
      if (record.part === record.parts) this.#flush();
    }
    return null;
  }

  /** What the file came to, once all lines were accepted or refused. */
  end(lines: LinesScanned, acknowledged: number | null): SessionScanned {
    const group = this.#group;
    if (group && this.#isTorn(group, lines, acknowledged)) {
      const { offset, before, metadata, firstLine } = group;
      return {
        ...lines,
        store: this.#store,
        metadata,
        faults: this.#allFaults(lines).filter(({ line }) => line === null || line < firstLine),
        state: before && { ...before, size: offset },
        end: offset,
        torn: true,
        unterminated: false,
        damagedNewline: false,
      };
    }
    this.#flush();
    if (this.#state && acknowledged !== null && lines.end < acknowledged) {
      this.#faults.push({ line: null, reason: `the file ends ${acknowledged - lines.end} bytes early` });
    }
    return {
      ...lines,
      store: this.#store,
      metadata: this.#metadata,
      faults: this.#allFaults(lines),
      state: this.#state && { ...this.#state, size: lines.end },
    };
  }

  /**
   * A group whose last lines are not there at the end of the file never was acknowledged, unless the index knows better.
   * One whose last lines are there and damaged is damaged.
   */
  #isTorn(group: Group, lines: LinesScanned, acknowledged: number | null): boolean {
    if (acknowledged !== null) return group.offset >= acknowledged;
    return lines.count < group.firstLine + group.parts - group.firstPart;
  }

  #misfitAfter(state: SessionState, record: SessionRecord): string | null {
    if (record.op === 'create') return 'a second "create" record';
    const group = this.#group;
    const continues = group?.seq === record.seq && record.version === state.version;
    if (continues ? (record.part ?? 0) <= group.lastPart : record.version <= state.version) {
      return `version ${record.version} stands before this line already`;
    }
    if (record.op === 'append' && record.ordinal < state.nextOrdinal) {
      return `message ${record.ordinal} stands before this line already`;
    }
    return null;
  }

  /** Lines that were taken out leave a gap in the versions. A damaged line in their place is reported by itself. */
  #noteMissing(state: SessionState, record: SessionRecord, line: RawLine): void {
    let count = record.version - state.version - 1;
    for (const version of this.#elsewhere)
      if (version > state.version && version < record.version) count -= 1;
    if (count <= 0 || line.number !== this.#lastLine + 1) return;
    const missing = count === 1 ? 'a mutation is missing' : `${count} mutations are missing`;
    this.#faults.push({ line: line.number, reason: `before this line, ${missing}` });
  }

  #flush(): void {
    for (const effects of this.#group?.effects ?? []) this.#emit(effects);
    this.#group = null;
  }

  #allFaults(lines: LinesScanned): LineFault[] {
    const placeOf = ({ line }: LineFault) => line ?? Number.POSITIVE_INFINITY;
    return [...lines.faults, ...this.#faults].sort((a, b) => placeOf(a) - placeOf(b));
  }
}

function misfitOfFirst(record: SessionRecord, id: string): string | null {
  if (record.op !== 'create') return `expected a "create" record, got "${record.op}"`;
  if (record.id !== id) return `the file is named for session "${id}", its first line says "${record.id}"`;
  return null;
}
