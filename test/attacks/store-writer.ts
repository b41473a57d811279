import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { timeOf } from '../../bench/stores/content.ts';
import type { NewMessage } from '../../src/model/message.ts';
import { writtenAt } from '../../src/repository/files/format/encode-mutation.ts';
import { absoluteSessionPath, layoutOf, SHARDS } from '../../src/repository/files/format/layout.ts';
import { createStoreLog, readStoreId } from '../../src/repository/files/scan/store-id.ts';
import type { CreateSession } from '../../src/repository/mutations.ts';
import { appending, historyRecords } from '../../src/repository/records/encode-history.ts';
import { createRecords } from '../../src/repository/records/mutation-records.ts';
import { stampOf } from '../../src/repository/records/record.ts';
import { ATTACKER, GOOD_USER } from './callers.ts';
import { GOOD_CLIENT, WITNESS } from './sessions.ts';

/** The messages of the witness. */
export const WITNESS_MESSAGES: readonly NewMessage[] = Array.from({ length: 10 }, (_, n) => ({
  role: n % 2 === 0 ? 'USER' : 'ASSISTANT',
  content: `What the witness said, ${n}`,
}));

/** Writes the files of a store as the server would, without syncs and without an index: FORMAT.md. */
export class StoreWriter {
  readonly directory: string;
  readonly #store: string;
  readonly #hasUsers: boolean;
  #sequence = 0;
  readonly #later: (() => Promise<void>)[] = [];

  /** `hasUsers`: the witness and the session of the good client are those of a user, and all others those of the attacker. */
  constructor(directory: string, hasUsers = false) {
    this.directory = directory;
    this.#hasUsers = hasUsers;
    const layout = layoutOf(directory);
    for (const shard of SHARDS) mkdirSync(join(layout.sessions, shard), { recursive: true });
    if (!existsSync(layout.storeLog)) createStoreLog(layout);
    this.#store = readStoreId(layout);
    this.session({ id: WITNESS, title: 'Nobody attacks this' }, WITNESS_MESSAGES);
    this.session({ id: GOOD_CLIENT });
  }

  /** Writes a session, and its messages with one line for each. */
  session(content: CreateSession & { readonly id: string }, messages: Iterable<NewMessage> = []): void {
    const created = writtenAt(
      0,
      createRecords(this.#stamp(), this.#store, { ...this.#owner(content), ...content }),
      null,
    );
    const file = openSync(this.pathOf(content.id), 'w');
    writeSync(file, created.bytes);
    let { state } = created;
    for (const message of messages) {
      const written = writtenAt(
        state.size,
        historyRecords(this.#stamp(), state, appending(state, [message])),
        state,
      );
      writeSync(file, written.bytes);
      state = written.state;
    }
    closeSync(file);
  }

  /** Writes a parent with `count` children, `<parent>-<n>`. */
  children(parentId: string, count: number, content: Partial<CreateSession> = {}): void {
    this.session({ id: parentId });
    for (let n = 0; n < count; n += 1) this.session({ ...content, id: `${parentId}-${n}`, parentId });
  }

  /** Writes a chain: `<root>`, below it `<root>-1`, and so on. */
  chain(root: string, length: number): void {
    this.session({ id: root });
    for (let n = 1; n < length; n += 1)
      this.session({ id: `${root}-${n}`, parentId: n === 1 ? root : `${root}-${n - 1}` });
  }

  /** Writes bytes in place of a session's file. */
  bytes(id: string, bytes: string | Uint8Array): void {
    writeFileSync(this.pathOf(id), bytes);
  }

  /** Appends lines to a session's file that no program has written. */
  damage(id: string, lines: number): void {
    appendFileSync(this.pathOf(id), 'no line of a session\n'.repeat(lines));
  }

  /** Does `work` once the store is filled, before the server starts. */
  later(work: () => Promise<void>): void {
    this.#later.push(work);
  }

  /** Does what is left to do. */
  async finish(): Promise<void> {
    for (const work of this.#later) await work();
  }

  pathOf(id: string): string {
    return StoreWriter.pathIn(this.directory, id);
  }

  /** The file of a session in the store at `directory`. */
  static pathIn(directory: string, id: string): string {
    return absoluteSessionPath(directory, id);
  }

  #owner({ id, parentId }: CreateSession): Partial<CreateSession> {
    if (!this.#hasUsers || parentId != null) return {};
    return { userId: id === WITNESS || id === GOOD_CLIENT ? GOOD_USER : ATTACKER };
  }

  #stamp() {
    this.#sequence += 1;
    return stampOf(this.#sequence, timeOf(this.#sequence), undefined);
  }
}

/** `count` messages of `bytes` each: words that are all different, or one letter. */
export function* messagesOf(count: number, bytes: number, text?: string): Generator<NewMessage> {
  for (let n = 0; n < count; n += 1)
    yield {
      role: n % 2 === 0 ? 'USER' : 'ASSISTANT',
      content: (text ?? `word${n} `).repeat(Math.ceil(bytes / (text ?? `word${n} `).length)).slice(0, bytes),
    };
}

/** The words of a bulk have a kilobyte each. */
const BULK = `${'b'.repeat(1_023)} `;

/** Messages that matter for their size alone: their words are so few that to index them, and to search beside them, costs little. */
export const bulkOf = (count: number, bytes: number): Generator<NewMessage> => messagesOf(count, bytes, BULK);

export const MB = 1024 * 1024;
