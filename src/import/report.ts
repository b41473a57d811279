/** Something to say of one file. */
export interface Finding {
  readonly file: string;
  readonly text: string;
}

/** What an import did. */
export class ImportReport {
  imported = 0;
  alreadyThere = 0;
  /** Files that did not come in, and why. */
  readonly refused: Finding[] = [];
  /** Links to a parent that did not come in, though their sessions did, and why. */
  readonly cutLinks: Finding[] = [];
  /** What came in otherwise than its file says. */
  readonly notes: Finding[] = [];
  /** Entries of the directory that are no .json file: directories, links and others. */
  passedOver = 0;
  /** Some time had no offset, and was read as local time. */
  localTimes = false;
  /** How the store failed, where that ended the import early. */
  stopped: string | null = null;

  /** Whether all that the directory holds is in the store. */
  get complete(): boolean {
    return this.refused.length === 0 && this.cutLinks.length === 0 && this.stopped === null;
  }

  /** For people: the sum is the last line. */
  lines(): string[] {
    const lines = [
      ...section('Not imported:', [...this.refused, ...this.cutLinks]),
      ...section('Notes:', this.notes),
    ];
    if (this.localTimes)
      lines.push(
        `Times without an offset were read as local time (${timeZone()}); digits beyond milliseconds were cut.`,
      );
    if (this.passedOver > 0) lines.push(`Passed over, as no .json file: ${this.passedOver}.`);
    if (this.stopped !== null) lines.push(`Stopped: ${this.stopped} Run it again to go on.`);
    lines.push(this.#sum());
    return lines.map(printable);
  }

  #sum(): string {
    const { imported, alreadyThere, refused, cutLinks, notes } = this;
    const links = cutLinks.length > 0 ? ` (${count(refused, 'file')}, ${count(cutLinks, 'link')})` : '';
    return (
      `Imported ${imported}, already there ${alreadyThere}, ` +
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

/** File names and their text may hold what drives a terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
