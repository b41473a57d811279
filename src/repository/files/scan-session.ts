import type { RawLine } from './line.ts';
import { parseSessionRecord, type SessionRecord } from './record.ts';
import { type LineFault, type LinesScanned, scanLines } from './scan-lines.ts';
import { type Applied, applyRecord, type SessionState } from './session-state.ts';

/** What a session's file came to. `state` is null where its first line cannot be read: then it is no session. */
export interface SessionScanned extends LinesScanned {
  readonly state: SessionState | null;
}

interface Group {
  readonly seq: number;
  readonly offset: number;
  readonly before: SessionState | null;
  lastPart: number;
  readonly effects: Applied[];
}

/**
 * Reads a session's file. `emit` is given the effects of each mutation that is there whole.
 * `expected` says whose file it should be; `acknowledged` is as in `scanLines`.
 */
export function scanSession(
  read: (offset: number) => Buffer,
  expected: { readonly id: string; readonly store: string },
  acknowledged: number | null,
  emit: (sequence: number, effects: Applied) => void,
): SessionScanned {
  let state: SessionState | null = null;
  let group: Group | null = null;
  let previous = 0;
  const faults: LineFault[] = [];

  const flush = () => {
    for (const effects of group?.effects ?? []) emit(effects.state.sequence, effects);
    group = null;
  };

  const accept = (value: object, line: RawLine): string | null => {
    if (state === null && line.number > 1) return 'the line that creates the session cannot be read';
    const parsed = parseSessionRecord(value);
    if ('fault' in parsed) return parsed.fault;
    const { record } = parsed;
    const misfit = misfitOf(record, state, expected);
    if (misfit) return misfit;
    // A damaged line between is reported by itself.
    const follows = line.number === previous + 1 && group?.seq !== record.seq;
    previous = line.number;
    const jump = state && follows && record.version - state.version - 1;
    if (jump) faults.push({ line: line.number, reason: `before this line, ${missing(jump)}` });
    const applied = applyRecord(state, record, { offset: line.offset, length: line.bytes.length });
    const before = state;
    state = applied.state;
    if (record.parts === undefined || group?.seq !== record.seq) flush();
    if (record.parts === undefined) {
      emit(state.sequence, applied);
      return null;
    }
    group ??= { seq: record.seq, offset: line.offset, before, lastPart: 0, effects: [] };
    group.effects.push(applied);
    if (record.part === record.parts) flush();
    return null;
  };

  const lines = scanLines(read, acknowledged, accept);

  // The last mutation lacks lines at the end of the file: it never was acknowledged, unless the index knows better.
  const open = group as Group | null;
  if (open && (acknowledged === null || open.offset >= acknowledged)) {
    return {
      ...lines,
      faults: mine(lines, faults),
      state: open.before,
      end: open.offset,
      torn: true,
      unterminated: false,
    };
  }
  flush();
  const size = lines.end;
  const whole = state as SessionState | null;
  if (whole && acknowledged !== null && size < acknowledged) {
    faults.push({
      line: null,
      reason: `the file ends ${acknowledged - size} bytes early`,
    });
  }
  return { ...lines, faults: mine(lines, faults), state: whole && { ...whole, size } };
}

function mine(lines: LinesScanned, own: readonly LineFault[]): LineFault[] {
  return [...lines.faults, ...own].sort(
    (a, b) => (a.line ?? Number.POSITIVE_INFINITY) - (b.line ?? Number.POSITIVE_INFINITY),
  );
}

function missing(count: number): string {
  if (count < 0) return 'a mutation of a later version';
  return count === 1 ? 'a mutation is missing' : `${count} mutations are missing`;
}

function misfitOf(
  record: SessionRecord,
  state: SessionState | null,
  expected: { readonly id: string; readonly store: string },
): string | null {
  if (record.op !== 'create') {
    return state ? null : `expected a "create" record, got "${record.op}"`;
  }
  if (state) return 'a second "create" record';
  if (record.id !== expected.id)
    return `the file is named for session "${expected.id}", its first line says "${record.id}"`;
  if (record.store !== expected.store) return `the session belongs to another store (${record.store})`;
  return null;
}
