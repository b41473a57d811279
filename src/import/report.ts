import { printable } from '../printable.ts';
import type { Dropped, Fault } from './format.ts';

/** What became of a session of the source. */
export type SessionOutcome = 'new' | 'changed' | 'unchanged' | 'deletedHere' | 'faulty';

/** How many notes, faults, or kinds of what was dropped are listed one by one: a directory of another program can have a hundred thousand. */
const LISTED_MAX = 1_000;

/** Orders texts, and numbers within them by their value. */
const { compare } = new Intl.Collator('en', { numeric: true });

/** The outcome of an import of other programs' sessions. */
export class SessionReport {
  readonly sessions: Record<SessionOutcome, number> = {
    new: 0,
    changed: 0,
    unchanged: 0,
    deletedHere: 0,
    faulty: 0,
  };
  /** Messages that were written: new ones, and ones that were compared. */
  messages = 0;
  /** What has no place in the store, by kind. */
  readonly dropped = new Map<string, number>();
  /** What could not come in. */
  readonly faults: Fault[] = [];
  /** What came in otherwise than it is in the source. */
  readonly notes: string[] = [];
  /** Sessions whose last response was held back: it may be unfinished. */
  unfinished = 0;
  /** The message of the store's error that ended the import early; null if none did. */
  stopped: string | null = null;
  readonly isDryRun: boolean;

  constructor(isDryRun = false) {
    this.isDryRun = isDryRun;
  }

  /** True if everything is in the store. */
  get complete(): boolean {
    return this.faults.length === 0 && this.sessions.faulty === 0 && this.stopped === null;
  }

  drop({ kind, count = 1 }: Pick<Dropped, 'kind' | 'count'>): void {
    this.dropped.set(kind, (this.dropped.get(kind) ?? 0) + count);
  }

  /** Puts faults and notes in the order of files and lines: sessions are imported at the same time, and end in any order. */
  sort(): void {
    this.faults.sort(
      (a, b) => compare(a.path, b.path) || (a.line ?? 0) - (b.line ?? 0) || compare(a.reason, b.reason),
    );
    this.notes.sort(compare);
  }

  /** The report as text. The last line has the totals. */
  lines(): string[] {
    const { sessions } = this;
    const faults = this.faults.map(
      ({ path, line, reason }) => `${path}${line === null ? '' : `:${line}`}: ${reason}`,
    );
    const lines = [
      ...section('Not imported:', [...new Set(faults)]),
      ...section('Notes:', [...new Set(this.notes)]),
    ];
    if (this.dropped.size > 0) {
      const kinds = [...this.dropped].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
      const listed = kinds
        .slice(0, LISTED_MAX)
        .map(([kind, count]) => `${kind} (${count.toLocaleString('en')})`);
      const more = kinds.length - listed.length;
      if (more > 0) listed.push(`and ${more.toLocaleString('en')} more`);
      lines.push(`No place in the store: ${listed.join(', ')}.`);
    }
    if (sessions.deletedHere > 0)
      lines.push(`Left out, because they were deleted here: ${counted(sessions.deletedHere, 'session')}.`);
    if (this.unfinished > 0)
      lines.push(
        `Held back until it is finished, or a minute old: the last response of ${counted(this.unfinished, 'session')}.`,
      );
    if (this.stopped !== null) lines.push(`Stopped: ${this.stopped} Run the import again to continue.`);
    lines.push(
      `${this.isDryRun ? 'Would import' : 'Imported'} ${counted(sessions.new, 'new session')}, ${sessions.changed} changed, ` +
        `${sessions.unchanged} unchanged, ${counted(this.faults.length, 'fault')}; ${counted(this.messages, 'message')} ${this.isDryRun ? 'to write' : 'written'}.`,
    );
    return lines.map(printable);
  }
}

function section(title: string, texts: readonly string[]): string[] {
  if (texts.length === 0) return [];
  const listed = texts.slice(0, LISTED_MAX).map((text) => `  ${text}`);
  const more = texts.length - listed.length;
  return [title, ...listed, ...(more > 0 ? [`  and ${more.toLocaleString('en')} more`] : [])];
}

function counted(count: number, one: string): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : `${one}s`}`;
}
