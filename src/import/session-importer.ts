import { ClientError, SessionExistsError, StorageError } from '../model/errors.ts';
import { type JsonObject, withMembers } from '../model/json.ts';
import type { OnLoss } from './fit.ts';
import {
  type Format,
  pathOf,
  type SessionDescription,
  type SessionEnd,
  type SourceSession,
} from './format.ts';
import { HistoryWriter } from './history-writer.ts';
import {
  type ImportState,
  isAsBefore,
  printOf,
  resumeOf,
  STATE_BYTES_MAX,
  STATE_MEMBER,
  stateOf,
  storableState,
} from './import-state.ts';
import type { ImporterParts } from './importer-parts.ts';
import { changedMembers, withoutState } from './members.ts';
import { idOf } from './order.ts';
import { isGone, placeOf } from './session-place.ts';
import { emptyStored, type StoredSession } from './target/target.ts';

/** Of an id that is taken although the store shows no session with it. */
const HIDDEN =
  'A session that this token may not see has it: one of another user, or of nobody. An import with the token of an admin can continue that session.';

/** For what `#finish` fits again, and reports. */
const UNTOLD: OnLoss = () => {};

/** Writes one session after the other: what is new of it, or different. */
export class SessionImporter {
  readonly #parts: ImporterParts;

  constructor(parts: ImporterParts) {
    this.#parts = parts;
  }

  /** Reads a session, and writes what the store does not have. The session's parent must be there. Rejects only with faults of the store, or bugs. */
  async import(format: Format, source: SourceSession): Promise<void> {
    const { report } = this.#parts;
    try {
      await this.#import(format, source);
    } catch (error) {
      const isTaken = error instanceof SessionExistsError;
      if (isTaken) this.#parts.leftOut.set(idOf(source.key), error);
      if (isTaken && error.idHolder === 'DELETED_SESSION') {
        report.sessions.deletedHere += 1;
        return;
      }
      const isOfSession =
        (error instanceof ClientError && !(error instanceof StorageError)) || isOfSystem(error);
      if (!isOfSession) throw error;
      report.sessions.faulty += 1;
      const advice = isTaken && error.idHolder === 'SESSION' ? ` ${HIDDEN}` : '';
      const reason = `session "${source.key}": ${(error as Error).message}${advice}`;
      report.faults.push({ type: 'fault', path: pathOf(source), line: null, reason });
    }
  }

  async #import(format: Format, source: SourceSession): Promise<void> {
    const { stored, report } = this.#parts;
    const id = idOf(source.key);
    const known = stored.get(id) ?? null;
    const state = known && stateOf(known.metadata);
    if (known && !state) {
      const reason = `the store has a session "${id}" that was not imported from here; it stays as it is`;
      report.faults.push({ type: 'fault', path: pathOf(source), line: null, reason });
      report.sessions.faulty += 1;
      return;
    }
    const refusal = source.parent && this.#parts.leftOut.get(idOf(source.parent.key));
    if (!known && refusal) throw refusal;
    const { parentId, flaw } = placeOf(source, known, state, this.#parts);
    const isMoved = state !== null && known!.parentId !== state.parentId;
    if (flaw !== null && known && !isMoved) report.notes.push(flaw);
    const isPlaced = !state || state.parentId === parentId || isMoved;
    const isSettled = state !== null && !state.isUnfinished && !state.isRunning;
    if (isSettled && state.revision === source.revision && isPlaced) {
      report.sessions.unchanged += 1;
      return;
    }
    // An archived session takes no messages, and no new children.
    const archived = known ?? (parentId === null ? null : stored.get(parentId));
    const beforeWrite = async () => {
      if (archived) await this.#parts.archivals.suspend(archived);
    };
    const writer = new HistoryWriter({
      ...this.#parts,
      source,
      known,
      paidKeys: state?.paidKeys ?? [],
      keepsCopies: isGone(state?.parentId, this.#parts),
      create: this.#creation(format, source, parentId),
      beforeWrite,
    });
    const before = await printOfFile(source);
    const resume = state ? await resumeOf(state, source) : null;
    const read = await writer.write(resume);
    const isRewritten = read?.resume != null && (await printOfFile(source)) !== before;
    const end = isRewritten ? { ...read, resume: null, isUnfinished: true } : read;
    if (!known && !writer.isCreated) {
      // Everything was held back.
      report.unfinished += 1;
      return;
    }
    if (flaw !== null && !known) report.notes.push(flaw);
    if (end?.isUnfinished) report.unfinished += 1;
    if (known && state?.revision === source.revision && isPlaced && isAsBefore(known, state, source, end)) {
      report.sessions.unchanged += 1;
      return;
    }
    report.messages += writer.written;
    report.sessions[known ? 'changed' : 'new'] += 1;
    const isWhole = resume === null && end?.isUnfinished === false;
    await beforeWrite();
    await this.#finish(format, source, { known, state, parentId, isWhole, paidKeys: writer.paidKeys }, end);
  }

  #creation(format: Format, source: SourceSession, parentId: string | null) {
    const { fitter } = this.#parts;
    const { described, createdAt, parent, forkedFrom } = source;
    // If the import ends before the session is whole, the next one sees that the session is its own.
    const begun: ImportState = {
      format: format.name,
      path: pathOf(source),
      revision: '',
      resume: null,
      print: null,
      title: fitter.title(described.title, UNTOLD),
      parentId,
      isUnfinished: true,
    };
    const metadata = fitter.metadata(withoutState(described.metadata, UNTOLD), UNTOLD, STATE_BYTES_MAX);
    return {
      parentId,
      title: fitter.title(described.title, UNTOLD),
      agentName: fitter.name(described.agentName, UNTOLD),
      // Left out, it is the parent's.
      ...(described.project !== null && { project: fitter.project(described.project, UNTOLD) }),
      metadata: withMembers(metadata, { [STATE_MEMBER]: begun as unknown as JsonObject }),
      spawnedBy:
        parentId !== null && parent?.toolCallId
          ? { toolCallId: fitter.name(parent.toolCallId, UNTOLD) }
          : null,
      forkedFrom: forkedFrom && { sessionId: idOf(forkedFrom.key) },
      createdAt,
    };
  }

  /** Writes what the session says of itself, and how far it was read. */
  async #finish(
    format: Format,
    source: SourceSession,
    {
      known,
      state,
      parentId,
      isWhole,
      paidKeys,
    }: {
      known: StoredSession | null;
      state: ImportState | null;
      parentId: string | null;
      /** True if the session was read from its beginning to its end: what it does not say of itself now, it does not say. */
      isWhole: boolean;
      paidKeys: readonly string[];
    },
    end: SessionEnd | null,
  ): Promise<void> {
    const { target, fitter, stored, archivals } = this.#parts;
    const onLoss: OnLoss = (kind) => this.#parts.report.drop({ kind });
    const id = idOf(source.key);
    const described = { ...source.described, ...presentOf(end?.described) } as SessionDescription;
    const isTold = !source.isPartlyKnown || !state;
    const title = isTold ? fitter.title(described.title, onLoss) : state.title;
    const isArchived = isTold ? described.archivedAt !== null : state.isArchived === true;
    if (!isArchived && state?.isArchived && known) await archivals.cancel(known);
    const archivedAt = isArchived && !state?.isArchived ? described.archivedAt : archivals.timeOf(id);
    // A source that says nothing of the status does not say that the session still runs.
    const status = described.status ?? (state?.isRunning ? 'IDLE' : null);
    const resume = end?.resume ?? null;
    const path = pathOf(source);
    const metadata = fitter.metadata(withoutState(described.metadata, onLoss), onLoss, STATE_BYTES_MAX);
    const told = state?.told ?? [];
    const gone = told.filter((name) => isWhole && isTold && !Object.hasOwn(metadata, name));
    const next: ImportState = {
      format: format.name,
      path,
      revision: isTold ? source.revision : state.revision,
      ...(source.links !== undefined && { links: source.links }),
      resume,
      print: resume && (await printOf(path, resume.bytes)),
      title,
      parentId,
      isUnfinished: end?.isUnfinished ?? false,
      ...(status === 'RUNNING' && { isRunning: true }),
      ...(isArchived && { isArchived }),
      ...(paidKeys.length > 0 && { paidKeys }),
      told: [...new Set([...Object.keys(metadata), ...told.filter((name) => !gone.includes(name))])],
    };
    const agentName = fitter.name(described.agentName, onLoss);
    const project = fitter.project(described.project, onLoss);
    const now = known ?? {
      parentId,
      title: fitter.title(source.described.title, UNTOLD),
      agentName: null,
      project: null,
      hasSpawnOrigin: true,
    };
    if (
      known &&
      state &&
      known.parentId === state.parentId &&
      parentId !== null &&
      parentId !== known.parentId
    )
      await target.move(id, parentId);
    const toolCallId = fitter.name(source.parent?.toolCallId, onLoss);
    const spawnedBy =
      toolCallId !== null && parentId !== null && !now.hasSpawnOrigin ? { toolCallId } : undefined;
    const isRetitled = title !== now.title && (!state || state.title === now.title);
    await target.update({
      sessionId: id,
      ...(known?.key !== source.key && { key: source.key }),
      ...(isRetitled && { title }),
      ...(agentName !== null && agentName !== now.agentName && { agentName }),
      ...(project !== null && project !== now.project && { project }),
      ...(status !== null && {
        status,
        statusMessage: fitter.statusMessage(described.statusMessage, onLoss),
      }),
      ...(spawnedBy && { spawnedBy }),
      ...(gone.length > 0 && { metadata: Object.fromEntries(gone.map((name) => [name, null])) }),
      setMetadata: withMembers(changedMembers(known?.metadata ?? {}, metadata), {
        [STATE_MEMBER]: storableState(
          { ...next, ...(archivedAt && { archiveAt: archivedAt.toISOString() }) },
          fitter,
        ),
      }),
    });
    if (archivedAt) archivals.add(id, archivedAt, next);
    // An archival is pending now, or was taken back.
    stored.set(id, { ...(known ?? emptyStored(id, parentId)), key: source.key, archivedAt: null });
  }
}

/** Without the members that are null or undefined. */
function presentOf(described: Partial<SessionDescription> | null | undefined): Partial<SessionDescription> {
  return Object.fromEntries(Object.entries(described ?? {}).filter(([, value]) => value != null));
}

/** A print of the first file, as far as the survey saw it: what a program appends does not change it. */
async function printOfFile({ files: [file] }: SourceSession): Promise<string | null> {
  return file ? await printOf(file.path, file.bytes) : null;
}

/** An error of the operating system: a file that is gone, or not readable. */
function isOfSystem(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
