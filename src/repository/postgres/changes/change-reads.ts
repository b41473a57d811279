import type { ChangedTrees, ChangesPage, ChangesRequest } from '../../changes.ts';
import type { ReadOptions } from '../../read-options.ts';
import type { ReadParts } from '../read/parts.ts';
import { changedTrees } from './changed-trees.ts';
import { changesPage } from './changes-page.ts';
import { encodeMark, markOf } from './mark.ts';
import { readNow } from './snapshot.ts';

/** Tells what changed since a mark. */
export class ChangeReads {
  readonly #parts: ReadParts;

  constructor(parts: ReadParts) {
    this.#parts = parts;
  }

  async mark(): Promise<string> {
    return encodeMark(markOf(await readNow(this.#parts.database)));
  }

  changesSince(request: ChangesRequest, options?: ReadOptions): Promise<ChangesPage> {
    const { database, places } = this.#parts;
    return database.snapshot((queries) => changesPage(queries, places, request, options), options);
  }

  changedTrees(after: string): Promise<ChangedTrees> {
    return changedTrees(this.#parts.database, after);
  }
}
