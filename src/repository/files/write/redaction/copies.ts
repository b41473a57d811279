import { createHash } from 'node:crypto';
import { StorageError } from '../../../../model/errors.ts';
import type { Sight } from '../../../../model/sight.ts';
import { copiedOf, isCopyOf } from '../../../records/paid.ts';
import { saidBy, saysNothing } from '../../../records/redacted-form.ts';
import type { StoredMessage } from '../../../records/stored-message.ts';
import { isFaultOfOneFile } from '../../disk/unreadable-file.ts';
import { absoluteSessionPath, sessionPath } from '../../format/layout.ts';
import type { IndexReader } from '../../index/reader.ts';
import { eachLine, isOfMessages } from './message-lines.ts';

export interface CopiesParts {
  readonly root: string;
  readonly index: Pick<IndexReader, 'forkIdsOf' | 'row' | 'unindexedIds'>;
  /** Only copies in sessions in sight; in all if there is none. */
  readonly sight: Sight | null;
  /** Called before the file of a fork is read, to update what the index knows of it. */
  readonly refresh: (id: string) => Promise<void>;
}

/** Messages, by the ids of their sessions and their ordinals. */
export type Meant = Map<string, Set<number>>;

/**
 * Adds to `meant` the copies of its messages in forks, in forks of these, and so on. No fork may be made meanwhile. A copy is a message
 * that came with the fork, and says what any form of its original says; if no form of the original can be read, or says anything, it is
 * the one in the original's place.
 */
export async function addCopies(parts: CopiesParts, meant: Meant): Promise<void> {
  const sayings = new Set<string>();
  const waiting = [...meant].map(([id, ordinals]) => ({ id, ordinals: new Set(ordinals) }));
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { id, ordinals } = next;
    const forks = parts.index.forkIdsOf(id, parts.sight);
    if (forks.length === 0) continue;
    const origin = await Original.read(absoluteSessionPath(parts.root, id), ordinals, sayings);
    for (const fork of forks) {
      await parts.refresh(fork);
      const row = parts.index.row(fork);
      // Its file was removed by another program.
      if (!row) continue;
      const known = meant.get(fork) ?? new Set();
      const copies = await copiesIn(
        absoluteSessionPath(parts.root, fork),
        copiedOf(row.forkedFrom),
        origin,
        sayings,
      );
      const added = new Set([...copies].filter((ordinal) => !known.has(ordinal)));
      if (added.size === 0) continue;
      meant.set(fork, known.union(added));
      waiting.push({ id: fork, ordinals: added });
    }
  }
  // It is not known whose such a file is.
  if (parts.sight !== null) return;
  for (const id of parts.index.unindexedIds()) await refuseFork(parts.root, id, meant);
}

/** Rejects with a StorageError if the file, which is no session of the store, says that it is a fork of one of the sessions. */
async function refuseFork(root: string, id: string, origins: ReadonlyMap<string, unknown>): Promise<void> {
  let isFork = false;
  await eachLine(absoluteSessionPath(root, id), ({ bytes, number }) => {
    if (number > 1 || bytes === null) return;
    const origin = /"forkedFrom":\{"sessionId":"([^"]+)"/.exec(bytes.toString('latin1'))?.[1];
    isFork = origin !== undefined && origins.has(origin);
  }).catch((error) => {
    // What cannot be read is not known to be a fork.
    if (!isFaultOfOneFile(error)) throw error;
  });
  if (!isFork) return;
  throw new StorageError(
    `${sessionPath(id)} is the file of a fork, and cannot be used as it is (see store { quarantined }): nothing was redacted. Repair the file or ` +
      'remove it, or redact with `copies: false`.',
    false,
  );
}

/** What must be known of a session to find copies of its messages. */
class Original {
  readonly #ordinals: ReadonlySet<number>;
  /** The messages that were ever at a position, in order, with the numbers of the mutations that brought them. */
  readonly #at = new Map<number, { readonly ordinal: number; readonly seq: number }[]>();
  /** Those of the ordinals whose forms say something. */
  readonly #speaking = new Set<number>();

  private constructor(ordinals: ReadonlySet<number>) {
    this.#ordinals = ordinals;
  }

  /** Adds to `sayings` what the forms of its messages `ordinals` say. */
  static async read(path: string, ordinals: ReadonlySet<number>, sayings: Set<string>): Promise<Original> {
    const origin = new Original(ordinals);
    await eachLine(path, (_, record) => {
      if (!record || !isOfMessages(record)) return;
      for (const [n, message] of record.messages.entries()) {
        const ordinal = record.ordinal + n;
        if (record.op === 'append') origin.#place(record.position + n, ordinal, record.seq);
        if (!ordinals.has(ordinal) || saysNothing(message)) continue;
        origin.#speaking.add(ordinal);
        sayings.add(digestOf(message));
      }
    });
    return origin;
  }

  #place(position: number, ordinal: number, seq: number): void {
    const there = this.#at.get(position);
    if (there) there.push({ ordinal, seq });
    else this.#at.set(position, [{ ordinal, seq }]);
  }

  /** True if the message that was at `position` when a fork was made, with the mutation `seq`, is one of those whose forms say nothing. */
  hadSilent(position: number, seq: number): boolean {
    const last = this.#at.get(position)?.findLast((there) => there.seq < seq);
    return last !== undefined && this.#ordinals.has(last.ordinal) && !this.#speaking.has(last.ordinal);
  }
}

async function copiesIn(
  path: string,
  copied: number,
  origin: Original,
  sayings: ReadonlySet<string>,
): Promise<Set<number>> {
  const copies = new Set<number>();
  await eachLine(path, (_, record) => {
    if (record?.op !== 'append' || !isCopyOf(record, copied)) return;
    for (const [n, message] of record.messages.entries()) {
      if (saysNothing(message)) continue;
      if (sayings.has(digestOf(message)) || origin.hadSilent(record.position + n, record.seq))
        copies.add(record.ordinal + n);
    }
  });
  return copies;
}

function digestOf(message: StoredMessage): string {
  return createHash('sha256').update(saidBy(message)).digest('base64');
}
