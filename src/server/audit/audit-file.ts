import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import type { Logger } from '../../repository/observer.ts';
import { GatheredLines } from '../gathered-lines.ts';
import type { AuditLine } from './audit.ts';

/** The file of the audit cannot be opened; the message says why, and what to do. */
export class AuditFileError extends Error {
  override readonly name = 'AuditFileError';
}

/** Only the owner may read who did what. A file that is there keeps its mode. */
const MODE = 0o600;

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;

/**
 * The file to which the audit is appended, a JSON line at a time. Lines are written within some milliseconds, without a sync. A write to
 * the store never waits for its line: while the file cannot be written, up to 1 MiB of lines is kept, further ones are dropped and
 * counted, and the log says so.
 */
export class AuditFile {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #lines: GatheredLines;
  #fd: number;
  #isFailureLogged = false;

  /** Throws an AuditFileError if the file cannot be opened: who asks for an audit must not run without. */
  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
    this.#fd = openToAppend(path);
    this.#lines = new GatheredLines({
      output: this.#fd,
      notice: (dropped) =>
        `${JSON.stringify({ time: new Date().toISOString(), event: 'dropped', dropped })}\n`,
      outcome: (error) => this.#note(error),
    });
  }

  write(line: AuditLine): void {
    this.#lines.write(`${JSON.stringify(line)}\n`);
  }

  /** Goes on in a new file of the same name, after another program has moved the present one. */
  reopen(): void {
    const former = this.#fd;
    try {
      this.#fd = openToAppend(this.#path);
    } catch (err) {
      this.#logger.error({ err }, 'the audit goes on in the file that was open');
      return;
    }
    this.#lines.turnTo(this.#fd);
    closeSync(former);
    this.#logger.info({ file: this.#path }, 'the file of the audit was opened again');
  }

  close(): void {
    this.#lines.close();
    closeSync(this.#fd);
  }

  /** Notes whether lines could be written. The log has one line when that changes. */
  #note(err: Error | null): void {
    if (err !== null && !this.#isFailureLogged)
      this.#logger.error(
        { err, file: this.#path },
        'the audit cannot be written: lines will be missing in it',
      );
    if (err === null && this.#isFailureLogged)
      this.#logger.info({ file: this.#path }, 'the audit is written again');
    this.#isFailureLogged = err !== null;
  }
}

/** Neither follows a link nor waits for the reader of a pipe. */
function openToAppend(path: string): number {
  const hint = 'Give --audit a file in a directory that the server may write to.';
  let fd: number;
  try {
    fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, MODE);
  } catch (cause) {
    throw new AuditFileError(`Cannot open ${path} for the audit: ${(cause as Error).message}. ${hint}`, {
      cause,
    });
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new AuditFileError(`Expected a plain file for the audit, got something else at ${path}. ${hint}`);
}
