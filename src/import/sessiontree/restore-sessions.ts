import { ClientError, InvalidInputError, SessionExistsError, StorageError } from '../../model/errors.ts';
import type { Limits } from '../../model/limits.ts';
import type { RestoredMessage } from '../../repository/mutations.ts';
import type { SessionReader, SessionRepository } from '../../repository/repository.ts';
import type { ImportProgress } from '../import-sessions.ts';
import { SessionReport } from '../report.ts';
import { differenceFrom } from './compare.ts';
import { exportedFiles } from './files.ts';
import { parentsFirst } from './order.ts';
import { LineRules, type SessionHead } from './rules.ts';
import {
  LineFault,
  type LineParts,
  openLine,
  readHead,
  readHistory,
  type SessionLine,
  surveyLines,
} from './session-lines.ts';

/** Where sessions are restored. */
export interface RestoreTarget {
  /** Null: there is no store yet. */
  readonly reader: SessionReader | null;
  /** Null: only tells what would be written. */
  readonly repository: SessionRepository | null;
  readonly limits: Limits;
}

export interface RestoreOptions {
  readonly onProgress?: (progress: ImportProgress) => void;
}

/**
 * Restores the sessions in the exported file, or the folder of such files, at `path`. docs/import-and-export.md has the rules. What cannot come
 * in is listed in the report; all else comes in. If the store cannot write, the report says so: the next import goes on.
 */
export async function restoreSessions(
  path: string,
  target: RestoreTarget,
  { onProgress = () => {} }: RestoreOptions = {},
): Promise<SessionReport> {
  const report = new SessionReport(target.repository === null);
  const progress = { files: 0, sessions: 0, ofSessions: 0, bytes: 0 };
  const found: SessionLine[] = [];
  for (const file of await exportedFiles(path)) {
    try {
      for await (const line of surveyLines(file)) {
        if ('type' in line) report.faults.push(line);
        else found.push(line);
      }
    } catch (error) {
      const { code, syscall } = error as NodeJS.ErrnoException;
      if (syscall === undefined) throw error;
      report.faults.push({
        type: 'fault',
        path: file,
        line: null,
        reason: `the file cannot be read: ${code}`,
      });
    }
    progress.files += 1;
    onProgress({ stage: 'Reading', ...progress });
  }
  progress.ofSessions = found.length;
  const restoration = new Restoration(target, report);
  for (const line of parentsFirst(found)) {
    await restoration.take(line);
    if (report.stopped !== null) break;
    progress.sessions += 1;
    onProgress({ stage: 'Importing', ...progress });
  }
  return report;
}

class Restoration {
  readonly #target: RestoreTarget;
  readonly #report: SessionReport;
  readonly #rules: LineRules;
  /** Sessions that a dry run would have written. */
  readonly #planned = new Set<string>();

  constructor(target: RestoreTarget, report: SessionReport) {
    this.#target = target;
    this.#report = report;
    this.#rules = new LineRules(target.limits);
  }

  /** Rejects only with an error that is neither the line's nor the store's. */
  async take(line: SessionLine): Promise<void> {
    const { sessions } = this.#report;
    try {
      const outcome = await this.#restore(line);
      sessions[outcome] += 1;
    } catch (error) {
      if (error instanceof StorageError) this.#report.stopped = error.message;
      else if (error instanceof LineFault || error instanceof ClientError) {
        sessions.faulty += 1;
        this.#addFault(line, reasonOf(error));
      } else throw error;
    }
  }

  async #restore(line: SessionLine): Promise<'new' | 'unchanged' | 'deletedHere'> {
    const parts = await openLine(line);
    const head = await readHead(parts);
    const dropped: string[] = [];
    const members = this.#rules.sessionMembersOf(head, (name) => dropped.push(`session.${name}`));
    const session = this.#rules.session(members);
    if (session.id !== line.id) throw new LineFault('the file changed while it was read');
    const { reader } = this.#target;
    const [stored = null] = (await reader?.findMany([line.id])) ?? [];
    if (stored) {
      const differs = await differenceFrom(reader!, stored, session, this.#messages(line.id, parts));
      if (differs !== null) throw new LineFault(differs);
      if (stored.parentId === null && session.parentId !== null && (await this.#isThere(session.parentId)))
        this.#note(
          line,
          `its parent "${session.parentId}" is there; the session was restored as a root before, and stays one`,
        );
      return 'unchanged';
    }
    if (this.#planned.has(line.id)) return 'unchanged';
    const isRoot = session.parentId === null || !(await this.#isThere(session.parentId));
    const parentId = isRoot ? null : session.parentId;
    const messages = (onUnknown: (name: string) => void) => this.#messages(line.id, parts, onUnknown);
    const written = await this.#write(line, { ...session, parentId }, messages, dropped);
    if (!written) return 'deletedHere';
    if (parentId !== session.parentId)
      this.#note(
        line,
        `its parent "${session.parentId}" is neither in the files nor in the store: it came in as a root`,
      );
    const expected = head.historyLength;
    if (typeof expected === 'number' && expected > line.historyLength)
      this.#note(line, `the file lacks ${expected - line.historyLength} of its ${expected} messages`);
    for (const kind of dropped) this.#report.drop({ kind });
    return 'new';
  }

  async #isThere(id: string): Promise<boolean> {
    if (this.#planned.has(id)) return true;
    const [found = null] = (await this.#target.reader?.findMany([id])) ?? [];
    return found !== null;
  }

  /** False if the session was deleted in the store. */
  async #write(
    line: SessionLine,
    session: SessionHead,
    messages: (onUnknown: (name: string) => void) => AsyncIterable<RestoredMessage>,
    dropped: string[],
  ): Promise<boolean> {
    const { repository } = this.#target;
    let unknown: string[] = [];
    const again = () => {
      unknown = [];
      return messages((name) => unknown.push(`message.${name}`));
    };
    if (repository) {
      try {
        await repository.restore({ ...session, historyLength: line.historyLength, messages: again });
      } catch (error) {
        if (error instanceof SessionExistsError && error.idHolder === 'DELETED_SESSION') return false;
        throw error;
      }
    } else {
      for await (const _ of again());
      this.#planned.add(line.id);
    }
    this.#report.messages += line.historyLength;
    dropped.push(...unknown);
    return true;
  }

  async *#messages(
    id: string,
    parts: LineParts,
    onUnknown?: (name: string) => void,
  ): AsyncGenerator<RestoredMessage> {
    let n = 0;
    let after = -1;
    for await (const given of readHistory(parts)) {
      const message = this.#rules.message(this.#rules.messageMembersOf(given, onUnknown), id, n, after);
      yield message;
      after = message.ordinal;
      n += 1;
    }
  }

  #note({ path, number }: SessionLine, text: string): void {
    this.#report.notes.push(`${path}:${number}: ${text}`);
  }

  #addFault({ path, number }: SessionLine, reason: string): void {
    this.#report.faults.push({ type: 'fault', path, line: number, reason });
  }
}

function reasonOf(error: Error): string {
  if (!(error instanceof InvalidInputError)) return error.message;
  return error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
}
