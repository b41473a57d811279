import { ConflictError, SessionExistsError, StorageError } from '../../model/errors.ts';
import { isSessionId } from '../../model/id.ts';
import { operationOf } from '../../model/operation.ts';
import { isNamedForId } from './file-name.ts';
import type { FileRules } from './file-rules.ts';
import { notesOnTree, type Place, placeOf } from './place.ts';
import type { Entry, Plan } from './plan.ts';
import { FileFault } from './read-json.ts';
import type { ImportReport } from './report.ts';
import type { SessionFile } from './session-file.ts';
import type { AgentSessionStore, PlacedSession } from './store.ts';
import { sessionMetadata } from './unknown-fields.ts';

const IDS_A_BATCH = 1_000;
const NEW_ID = 'To import it as well, give the file another session_id';

interface Fresh {
  readonly file: string;
  readonly cut: string | null;
  readonly notes: readonly string[];
}

/** The second pass: writes sessions level by level, and tracks which ids can be parents. */
export class SessionWriter {
  readonly #repository: AgentSessionStore;
  readonly #rules: FileRules;
  readonly #cutLinks: Plan['cutLinks'];
  readonly #report: ImportReport;
  /** Ids that the store held before this import. */
  readonly #before = new Set<string>();
  /** Ids of the sessions that exist, and can be parents. */
  readonly #parents = new Set<string>();
  /** Sessions of the current level that the store did not hold before, with their findings for the report. */
  readonly #fresh = new Map<string, Fresh>();
  #fault: { readonly error: unknown } | null = null;

  constructor(
    repository: AgentSessionStore,
    rules: FileRules,
    cutLinks: Plan['cutLinks'],
    report: ImportReport,
  ) {
    this.#repository = repository;
    this.#rules = rules;
    this.#cutLinks = cutLinks;
    this.#report = report;
  }

  /** True once a write failed for a reason other than its file: the remaining writes would fail as well. */
  get failed(): boolean {
    return this.#fault !== null;
  }

  /** Looks up which sessions the store already holds. Must be called first. */
  async prepare(entries: readonly Entry[]): Promise<void> {
    const ids = entries.flatMap(({ id, parentId }) => (isSessionId(parentId) ? [id, parentId] : [id]));
    for await (const session of this.#find([...new Set(ids)])) {
      this.#before.add(session.id);
      this.#parents.add(session.id);
    }
  }

  /** Writes a session. Its parent's level must have ended. Never rejects: `endLevel` rejects with a fault of the store. */
  async write(entry: Entry, file: SessionFile | FileFault): Promise<void> {
    try {
      if (file instanceof FileFault) throw file;
      if (file.id !== entry.id || file.parentId !== entry.parentId) {
        throw new FileFault('the file changed while it was imported. Run the import again');
      }
      const place = placeOf(file, this.#cutLinks.get(file.id), this.#parents);
      const session = await this.#create(file, place);
      this.#parents.add(session.id);
      this.#tell(entry, file, place, session);
    } catch (error) {
      if (error instanceof FileFault) this.#report.refused.push({ file: entry.file, text: error.message });
      else this.#fault ??= { error };
    }
  }

  /** Ends a level after all its writes. Rejects with an unexpected error of a write; a StorageError goes into the report. */
  async endLevel(): Promise<void> {
    // A session that was imported and then deleted is answered as a retry, like a new one, but does not exist.
    const there = new Set<string>();
    for await (const session of this.#find([...this.#fresh.keys()])) there.add(session.id);
    for (const [id, { file, cut, notes }] of this.#fresh) {
      if (there.has(id)) {
        this.#report.imported += 1;
        if (cut !== null) this.#report.cutLinks.push({ file, text: cut });
        this.#report.notes.push(...notes.map((text) => ({ file, text })));
      } else {
        this.#parents.delete(id);
        this.#report.refused.push({
          file,
          text: `it was imported before and then deleted. The id of a deleted session cannot be used again. ${NEW_ID}`,
        });
      }
    }
    this.#fresh.clear();
    if (this.#fault?.error instanceof StorageError) this.#report.stopped = this.#fault.error.message;
    else if (this.#fault) throw this.#fault.error;
  }

  #tell({ name, file: shown }: Entry, file: SessionFile, place: Place, session: PlacedSession): void {
    const cut = session.parentId === null ? place.cut : null;
    if (!this.#before.has(session.id)) {
      const renamed = isNamedForId(name, file.id) ? [] : [`imported under its session_id, "${file.id}"`];
      const tree = session.parentId === file.parentId ? notesOnTree(file.content, session) : [];
      const notes = [...renamed, ...file.notes, ...place.notes, ...tree];
      this.#fresh.set(session.id, { file: shown, cut, notes });
      return;
    }
    this.#report.alreadyThere += 1;
    if (cut !== null) this.#report.cutLinks.push({ file: shown, text: cut });
    if (place.parentId !== null && session.parentId === null) {
      const text = `its parent "${place.parentId}" exists now; the session was imported as a root before, and stays one`;
      this.#report.notes.push({ file: shown, text });
    }
  }

  async #create(file: SessionFile, { parentId, lost }: Place): Promise<PlacedSession> {
    const metadata = sessionMetadata(file.content, lost, this.#rules);
    const { id, userId, messages } = file;
    const times = { createdAt: file.createdAt.date, lastActiveAt: file.lastActiveAt.date };
    try {
      return await this.#repository.create(
        { id, parentId, userId, title: null, metadata, messages, ...times },
        operationOf(`import:${id}`, 'import', file.content),
      );
    } catch (error) {
      if (error instanceof ConflictError) {
        throw new FileFault(
          `it was imported before, and the file has changed since; the stored session stays as it is. ${NEW_ID}`,
        );
      }
      if (error instanceof SessionExistsError) {
        this.#parents.delete(id);
        throw new FileFault(
          this.#before.has(id)
            ? `the store already has a session "${id}", which was not imported from this file. ${NEW_ID}`
            : `the id "${id}" is taken by a session that was deleted or cannot be read. ${NEW_ID}`,
        );
      }
      throw error;
    }
  }

  async *#find(ids: readonly string[]): AsyncGenerator<PlacedSession> {
    for (let start = 0; start < ids.length; start += IDS_A_BATCH) {
      const found = await this.#repository.findMany(ids.slice(start, start + IDS_A_BATCH));
      yield* found.filter((session) => session !== null);
    }
  }
}
