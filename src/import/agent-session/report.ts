import { printable } from '../../printable.ts';

/** A finding about one file. */
export interface Finding {
  readonly file: string;
  readonly text: string;
}

/** The outcome of an import. */
export class ImportReport {
  imported = 0;
  alreadyThere = 0;
  /** Files that were not imported, and why. */
  readonly refused: Finding[] = [];
  /** Parent links that were cut, though their sessions were imported, and why. */
  readonly cutLinks: Finding[] = [];
  /** Differences between an imported session and its file. */
  readonly notes: Finding[] = [];
  /** Number of directory entries that are not .json files: directories, links and others. */
  passedOver = 0;
  /** True if a time without an offset was read as local time. */
  localTimes = false;
  /** The message of the store's error that ended the import early; null if none did. */
  stopped: string | null = null;
  readonly isDryRun: boolean;

  constructor(isDryRun: boolean) {
    this.isDryRun = isDryRun;
  }

  /** True if every file, with its parent link, is in the store. */
  get complete(): boolean {
    return this.refused.length === 0 && this.cutLinks.length === 0 && this.stopped === null;
  }

  /** The report as text. The last line has the totals. */
  lines(): string[] {
    const lines = [
      ...section('Not imported:', [...this.refused, ...this.cutLinks]),
      ...section('Notes:', this.notes),
    ];
    if (this.localTimes)
      lines.push(
        `Times without an offset were read as local time (${timeZone()}); digits beyond milliseconds were cut.`,
      );
    if (this.passedOver > 0) lines.push(`Skipped entries that are not .json files: ${this.passedOver}.`);
    if (this.stopped !== null) lines.push(`Stopped: ${this.stopped} Run the import again to continue.`);
    lines.push(this.#sum());
    // File names and quoted contents may hold control characters.
    return lines.map(printable);
  }

  #sum(): string {
    const { imported, alreadyThere, refused, cutLinks, notes } = this;
    const links = cutLinks.length > 0 ? ` (${count(refused, 'file')}, ${count(cutLinks, 'link')})` : '';
    return (
      `${this.isDryRun ? 'Would import' : 'Imported'} ${imported}, already there ${alreadyThere}, ` +
      `not imported ${refused.length + cutLinks.length}${links}, ${count(notes, 'note')}.`
    );
  }
}

function section(title: string, findings: Finding[]): string[] {
  if (findings.length === 0) return [];
  const sorted = findings.toSorted((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0));
  return [title, ...sorted.map(({ file, text }) => `  ${file}: ${text}`)];
}

function count(items: readonly unknown[], one: string): string {
  return `${items.length} ${items.length === 1 ? one : `${one}s`}`;
}

function timeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
