import { ForbiddenError } from '../../model/errors.ts';
import type { MessageRef } from '../../model/id.ts';
import type { SnippetPart } from '../../model/search/snippet.ts';
import type { ReadOptions } from '../read-options.ts';
import type { SearchPage, SearchRequest, SnippetRequest } from '../reads.ts';
import type { SessionRepository } from '../repository.ts';
import { FileReader, type FileReaderParts } from './read/file-reader.ts';
import { Searcher } from './search/searcher.ts';

export interface ReadOnlyParts extends FileReaderParts {
  /** Called once the repository is closed. */
  readonly release: () => Promise<void>;
}

/** Rejects with a ForbiddenError. */
async function refuse(): Promise<never> {
  throw new ForbiddenError('Expected a read of a store that is open for reading alone, got something else.');
}

/** A repository that reads and searches what does not change. It knows no changes, and every mutation rejects with a ForbiddenError. */
export class ReadOnlyRepository extends FileReader implements SessionRepository {
  readonly #searcher: Searcher;
  readonly #release: () => Promise<void>;

  /** The search index is beside the index of `layout`, and is brought up to date there. */
  constructor({ release, ...parts }: ReadOnlyParts) {
    super(parts);
    this.#release = release;
    this.#searcher = new Searcher(
      { directory: parts.layout.root, store: parts.store },
      parts.logger,
      () => {},
    );
  }

  search(request: SearchRequest, options?: ReadOptions): Promise<SearchPage> {
    return this.#searcher.search(request, options);
  }

  snippetsOf(
    request: SnippetRequest,
    refs: readonly MessageRef[],
    options?: ReadOptions,
  ): Promise<(readonly SnippetPart[] | null)[]> {
    return this.#searcher.snippetsOf(request, refs, options);
  }

  override async close(): Promise<void> {
    try {
      await this.#searcher.close();
      await super.close();
    } finally {
      await this.#release();
    }
  }

  onChange(): () => void {
    return () => {};
  }

  readonly create = refuse;
  readonly getOrCreate = refuse;
  readonly append = refuse;
  readonly writeHistory = refuse;
  readonly update = refuse;
  readonly delete = refuse;
  readonly planDelete = refuse;
  readonly fork = refuse;
  readonly restore = refuse;
  readonly move = refuse;
  readonly archive = refuse;
  readonly truncate = refuse;
  readonly planTruncate = refuse;
  readonly redact = refuse;
  readonly mark = refuse;
  readonly changesSince = refuse;
  readonly changedTrees = refuse;
  readonly checkWritable = refuse;
}
