import { matchesAll } from '../../../model/search/matches.ts';
import { type Phrase, parseQuery } from '../../../model/search/query.ts';
import type { SessionFilter } from '../../../model/session.ts';
import { MetadataMatch } from './metadata-match.ts';
import type { Steps } from './steps.ts';

/** A column that is compared outside of SQL. */
type Column = 'title' | 'metadata';

/** The parts of a filter that SQL cannot compare: metadata, and words of the title. */
export class RowMatch {
  readonly columns: readonly Column[];
  readonly #metadata: MetadataMatch | null;
  readonly #title: readonly Phrase[] | null;

  private constructor(metadata: MetadataMatch | null, title: readonly Phrase[] | null) {
    this.#metadata = metadata;
    this.#title = title;
    this.columns = [...(title ? (['title'] as const) : []), ...(metadata ? (['metadata'] as const) : [])];
  }

  /** Null if SQL can compare all of a filter. */
  static of({ metadata, title }: SessionFilter): RowMatch | null {
    if (isEmpty(metadata) && title == null) return null;
    return new RowMatch(
      isEmpty(metadata) ? null : new MetadataMatch(metadata!),
      title == null ? null : parseQuery(title),
    );
  }

  /** The characters that `isIn` looks at. */
  lengthOf(row: Readonly<Record<Column, string>>): number {
    let length = 0;
    for (const column of this.columns) length += row[column].length;
    return length;
  }

  *isIn(row: Readonly<Record<Column, string>>): Steps<boolean> {
    if (this.#title && !matchesAll(row.title, this.#title)) return false;
    return this.#metadata ? yield* this.#metadata.isIn(row.metadata) : true;
  }
}

export function isEmpty(metadata: SessionFilter['metadata']): boolean {
  return metadata == null || Object.keys(metadata).length === 0;
}
