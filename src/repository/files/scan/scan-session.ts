import type { JsonObject } from '../../../model/json.ts';
import { applyRecord } from '../../records/apply-record.ts';
import { parseSessionRecord, type SessionRecord } from '../../records/record.ts';
import type { Effects, SessionState } from '../../records/session-state.ts';
import { lineSteps, type RawLine } from '../format/line.ts';
import { Pace, STRETCH_MS } from '../runtime/pace.ts';
import { endOf, type LineFault, LineScan, type LinesScanned, scanLines } from './scan-lines.ts';

/**
 * The result of scanning a session's file. `state` is null if the first line cannot be read: the file then holds
 * no session.
 */
export interface SessionScanned extends LinesScanned {
  readonly state: SessionState | null;
  /** The id of the store that the file names as its own. */
  readonly store: string | null;
  /** The state's metadata, parsed. */
  readonly metadata: JsonObject;
  /** The time of the last line that could be read; null if there is none. */
  readonly lastAt: string | null;
}

export interface SessionScan {
  /** Called with the effects of each mutation, except those of a torn tail. */
  readonly emit: (effects: Effects) => void;
  /** The versions that come from the store's log: the session's file has no line for them. */
  readonly elsewhere: ReadonlySet<number>;
}

/** Scans the file of session `id`; `acknowledged` is as in `scanLines`. */
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

/** As `scanSession`, resting in between. `rested` is called after each rest, and ends the scan by throwing. */
export async function scanSessionAtPace(
  read: (offset: number) => Buffer,
  id: string,
  acknowledged: number | null,
  task: SessionScan,
  rested: () => void,
): Promise<SessionScanned> {
  const fold = new SessionFold(id, task);
  const scan = new LineScan(acknowledged, (record, line) => fold.accept(record, line));
  const pace = new Pace(STRETCH_MS);
  for (const line of lineSteps(read)) {
    if (line) scan.add(line);
    if (!pace.isDue) continue;
    await pace.rest();
    rested();
  }
  return fold.end(scan.end(), acknowledged);
}

/** A mutation of several lines, the last of which was not read yet. */
interface Group {
  readonly seq: number;
  readonly offset: number;
  /** Number of the first line that was read, or is known to be a damaged part, as a part of the mutation and as a line of the file. */
  readonly firstPart: number;
  readonly firstLine: number;
  readonly parts: number;
  readonly before: SessionState | null;
  /** Metadata of the state before the mutation. */
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
  /** The last line that was accepted. */
  #lastLine = 0;
  /** Offset of the end of the last line that was accepted. */
  #lastEnd = 0;
  #lastAt: string | null = null;

  constructor(id: string, { emit, elsewhere }: SessionScan) {
    this.#id = id;
    this.#emit = emit;
    this.#elsewhere = elsewhere;
  }

  /** Applies a line. Returns the reason if the line is rejected, otherwise null. */
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
    const applied = applyRecord(before, record, { offset: line.offset, length: line.length });
    this.#state = applied.state;
    if (record.op === 'create' || record.op === 'adopt') this.#store = record.store;
    if (record.op === 'create' || record.op === 'update') this.#metadata = record.metadata ?? this.#metadata;
    const [lastLine, lastEnd] = [this.#lastLine, this.#lastEnd];
    this.#lastLine = line.number;
    this.#lastEnd = endOf(line);
    this.#lastAt = record.at;
    if (this.#group?.seq !== record.seq) this.#flush();
    if (record.part === undefined || record.parts === undefined) {
      this.#emit(applied.effects);
    } else {
      // Bad lines before this one that are as many as the parts before this one are these parts: the group begins with them.
      const hasBadParts = record.part > 1 && line.number - record.part === lastLine;
      this.#group ??= {
        seq: record.seq,
        offset: hasBadParts ? lastEnd : line.offset,
        firstPart: hasBadParts ? 1 : record.part,
        firstLine: hasBadParts ? lastLine + 1 : line.number,
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

  /** The result, once all lines were accepted or rejected. */
  end(lines: LinesScanned, acknowledged: number | null): SessionScanned {
    const group = this.#group;
    if (group && this.#isTorn(group, lines, acknowledged)) {
      const { offset, before, metadata, firstLine } = group;
      return {
        ...lines,
        store: this.#store,
        metadata,
        lastAt: this.#lastAt,
        faults: this.#allFaults(lines).filter(({ line }) => line === null || line < firstLine),
        state: before && { ...before, size: offset },
        end: offset,
        torn: true,
        unterminated: false,
        damagedNewline: false,
      };
    }
    this.#flush();
    return {
      ...lines,
      store: this.#store,
      metadata: this.#metadata,
      lastAt: this.#lastAt,
      faults: this.#allFaults(lines),
      state: this.#state && { ...this.#state, size: lines.end },
    };
  }

  /**
   * True if a group of lines was cut short at the end of the file: it was never acknowledged, unless the index
   * has read it. A group is damaged, not torn, if its last lines exist but are damaged.
   */
  #isTorn(group: Group, lines: LinesScanned, acknowledged: number | null): boolean {
    if (acknowledged !== null && !lines.converted) return group.offset >= acknowledged;
    return lines.count < group.firstLine + group.parts - group.firstPart;
  }

  #misfitAfter(state: SessionState, record: SessionRecord): string | null {
    if (record.op === 'create') return 'a second "create" record';
    const group = this.#group;
    const continues = group?.seq === record.seq && record.version === state.version;
    // An operation that changed nothing has the version that is there, and a number of its own.
    const least = state.version + (record.op === 'none' && record.seq > state.lastSeq ? 0 : 1);
    if (continues ? (record.part ?? 0) <= group.lastPart : record.version < least) {
      return `version ${record.version} stands before this line already`;
    }
    if (record.op === 'append' && record.ordinal < state.nextOrdinal) {
      return `message ${record.ordinal} stands before this line already`;
    }
    return null;
  }

  /** Removed lines leave a gap in the versions, or in the parts of a group; a copy is restated at any version. A gap with a damaged line is not reported: the line is. */
  #noteMissing(state: SessionState, record: SessionRecord, line: RawLine): void {
    if (line.number !== this.#lastLine + 1) return;
    const count = record.op === 'restate' ? 0 : this.#missingVersions(state, record);
    if (count <= 0 && this.#missingParts(record) === 0) return;
    const mutations = count === 1 ? 'a mutation is missing' : `${count} mutations are missing`;
    const missing = count > 0 ? mutations : 'a part of a mutation is missing';
    this.#faults.push({ line: line.number, reason: `before this line, ${missing}` });
  }

  #missingVersions(state: SessionState, record: SessionRecord): number {
    const expected = record.op === 'none' ? record.version : record.version - 1;
    let count = expected - state.version;
    for (const version of this.#elsewhere) if (version > state.version && version <= expected) count -= 1;
    return count;
  }

  #missingParts({ seq, part = 1 }: SessionRecord): number {
    const group = this.#group;
    if (group?.seq === seq) return part - group.lastPart - 1;
    return part - 1 + (group ? group.parts - group.lastPart : 0);
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
