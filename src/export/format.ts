import type { Session } from '../model/session.ts';
import type { SessionReader } from '../repository/repository.ts';

/** What an export writes: some trees, or subtrees, of a store. */
export interface ExportSource {
  readonly reader: SessionReader;
  /**
   * The topmost sessions, each of which stands for itself and all beneath it, and none of which is beneath another. Can be iterated several
   * times; a running server may change them meanwhile.
   */
  readonly tops: AsyncIterable<Session>;
  /** Called with each part that cannot be read: one line that begins with the session's id. The export goes on. */
  readonly onFault: (fault: string) => void;
  /** Leave out what went into tools and came out of them: only for a format that `canRedact`. */
  readonly isRedacted?: boolean;
}

/** A kind of file that `sessiontree export` writes. */
export interface ExportFormat {
  /** The value of `--format`. */
  readonly name: string;
  /** True for a format for people, of which no import is expected to restore everything. */
  readonly canRedact: boolean;
  /** The text of the file in chunks, so that a whole history, or a whole tree, is never in memory. */
  write(source: ExportSource): AsyncIterable<string>;
}
