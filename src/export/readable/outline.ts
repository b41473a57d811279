import { cutContent, NO_TEXTS, type TokenUsage } from '../../model/message.ts';
import type { Session } from '../../model/session.ts';
import { addUsage } from '../../model/usage.ts';
import type { SessionReader } from '../../repository/repository.ts';
import { subtree } from '../subtree.ts';

/** A session in the outline of a document. */
export interface Entry {
  readonly id: string;
  /** The title, or else the first words, or else the id. */
  readonly name: string;
  /** 0 for a topmost session of the document. */
  readonly level: number;
  readonly parent: Entry | null;
  /** What the session and all beneath it used; complete once the whole outline was read. */
  total: TokenUsage;
}

const SESSIONS_AT_A_TIME = 200;
/** UTF-16 code units of the first words of a session. */
const WORDS_LENGTH = 80;

/** The sessions of a document, and how they lie. Holds a few hundred bytes for each. */
export class Outline {
  readonly #reader: SessionReader;
  readonly #entries = new Map<string, Entry>();

  constructor(reader: SessionReader) {
    this.#reader = reader;
  }

  /** The entry of the session; undefined if the document does not have the session. */
  get(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  entries(): Iterable<Entry> {
    return this.#entries.values();
  }

  /** Reads the topmost sessions and all beneath them, in pre-order. */
  async *read(tops: AsyncIterable<Session>): AsyncGenerator<{ entry: Entry; session: Session }> {
    for await (const top of tops) {
      let batch: Session[] = [];
      for await (const session of subtree(this.#reader, top)) {
        batch.push(session);
        if (batch.length < SESSIONS_AT_A_TIME) continue;
        yield* this.#take(batch);
        batch = [];
      }
      yield* this.#take(batch);
    }
    // Each entry comes after its parent.
    for (const { parent, total } of [...this.#entries.values()].reverse())
      if (parent) parent.total = addUsage(parent.total, total);
  }

  async *#take(batch: readonly Session[]): AsyncGenerator<{ entry: Entry; session: Session }> {
    const names = await namesOf(this.#reader, batch);
    for (const [n, session] of batch.entries()) {
      const { id, usage: total } = session;
      // A session that was moved meanwhile can come a second time.
      if (this.#entries.has(id)) continue;
      const parent = (session.parentId !== null && this.#entries.get(session.parentId)) || null;
      const entry = { id, name: names[n]!, level: parent ? parent.level + 1 : 0, parent, total };
      this.#entries.set(id, entry);
      yield { entry, session };
    }
  }
}

/** What the sessions are called. */
export async function namesOf(reader: SessionReader, sessions: readonly Session[]): Promise<string[]> {
  const words = new Map<string, string>();
  const untitled = sessions.filter(({ title, messageCount }) => !title?.trim() && messageCount > 0);
  const page = { limit: 1, from: 'start' } as const;
  const shown = { ...NO_TEXTS, contentCuts: [WORDS_LENGTH] };
  const histories = await reader.historyOf(
    untitled.map(({ id }) => ({ sessionId: id, roles: ['USER'] as const, page, shown })),
    Number.POSITIVE_INFINITY,
  );
  for (const [n, { items }] of histories.entries())
    words.set(untitled[n]!.id, cutContent(items[0]?.content ?? '', WORDS_LENGTH));
  return sessions.map(({ id, title }) => title?.trim() || words.get(id)?.trim() || id);
}
