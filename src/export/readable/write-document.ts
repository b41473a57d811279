import type { JsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';
import type { Session } from '../../model/session.ts';
import { wholeSessions } from '../../repository/whole-sessions.ts';
import type { ExportSource } from '../format.ts';
import { messagesOf } from '../messages.ts';
import { subtree } from '../subtree.ts';
import { type Fact, factsOf } from './facts.ts';
import { type Entry, namesOf, Outline } from './outline.ts';
import { type ShownMessage, ShownMessages } from './shown-message.ts';

/** Writes the parts of a document, each as the text that it adds. */
export interface DocumentWriter {
  begin(title: string): string;
  /** A line of the outline: called for each session before the first `section`. */
  entry(entry: Entry, session: Session): string;
  /** `entries` are all of them; `isRedacted` says that parts are left out. */
  endOutline(document: { readonly count: number; readonly isRedacted: boolean }): string;
  section(entry: Entry, facts: readonly Fact[], metadata: JsonObject | null): string;
  message(message: ShownMessage, outline: Outline): string;
  endSection(): string;
  /** In place of the section of a session that was deleted while the document was written. */
  goneSection(entry: Entry): string;
  end(): string;
}

/**
 * Writes a document for people: an outline, then a section for each session of the outline with its messages. The store is read twice, so
 * that no more than the outline is in memory.
 */
export async function* writeDocument(source: ExportSource, writer: DocumentWriter): AsyncGenerator<string> {
  const { reader, tops, isRedacted = false } = source;
  const outline = new Outline(reader);
  yield writer.begin(await titleOf(source));
  for await (const { entry, session } of outline.read(tops)) yield writer.entry(entry, session);
  const left = new Map([...outline.entries()].map((entry) => [entry.id, entry]));
  yield writer.endOutline({ count: left.size, isRedacted });
  for await (const top of tops) {
    for await (const session of subtree(reader, top)) {
      const entry = left.get(session.id);
      // A session that was created meanwhile is not in the outline.
      if (!entry) continue;
      left.delete(session.id);
      yield* writeSection(source, writer, { session, entry, outline });
    }
  }
  for (const entry of left.values()) yield writer.goneSection(entry);
  yield writer.end();
}

async function* writeSection(
  source: ExportSource,
  writer: DocumentWriter,
  { session, entry, outline }: { session: Session; entry: Entry; outline: Outline },
): AsyncGenerator<string> {
  const { reader, isRedacted = false } = source;
  const pages = messagesOf(source, session);
  const shown = new ShownMessages(reader, isRedacted);
  const first = await pages.next();
  const [whole] = isRedacted ? [] : await wholeSessions(reader, [session]);
  const models = first.done ? '' : modelsOf(first.value, session);
  const facts = factsOf(session, entry, outline, models);
  yield writer.section(entry, facts, whole && Object.keys(whole.metadata).length > 0 ? whole.metadata : null);
  for (let page = first; !page.done; page = await pages.next()) {
    const messages = await shown.show(page.value);
    yield messages.map((message) => writer.message(message, outline)).join('');
  }
  yield writer.endSection();
}

/** The models of the first page of messages: the head of a session is written before the others are read. */
function modelsOf(messages: readonly Message[], { historyLength }: Session): string {
  const models = [...new Set(messages.flatMap(({ model }) => model ?? []))];
  const mayBeMore = models.length > 0 && messages.length < historyLength;
  return models.join(', ') + (mayBeMore ? ', …' : '');
}

async function titleOf({ reader, tops }: ExportSource): Promise<string> {
  const first: Session[] = [];
  for await (const top of tops) if (first.push(top) === 2) break;
  return first.length === 1 ? (await namesOf(reader, first))[0]! : 'Sessions';
}
