import type { MessageRef } from '../../../model/id.ts';
import { SEARCH_FIELDS, searchedText } from '../../../model/search/fields.ts';
import { type SnippetPart, snippetSteps } from '../../../model/search/snippet.ts';
import { absoluteSessionPath } from '../format/layout.ts';
import type { Statements } from '../index/statements.ts';
import { Places } from './places.ts';
import type { WorkerSnippets } from './protocol.ts';
import { type MessagePlace, type ReadMessage, Records } from './records.ts';
import type { Work } from './work.ts';

type Sought = Omit<WorkerSnippets, 'refs'>;
type Snippet = readonly SnippetPart[] | null;

interface Wanted {
  /** Position in the request. */
  readonly n: number;
  readonly message: MessagePlace;
}

/** Bytes of a line above which it takes much memory, and how many such lines are in memory at the same time. */
const LARGE_LINE_BYTES = 256 * 1024;
const LARGE_LINES = 4;

const largeLines = new Places(LARGE_LINES);

/**
 * The snippets of messages, read from the session files; null for a message without one. Once the work is out of
 * time, the remaining messages get null too.
 */
export async function snippetsOf(
  directory: string,
  index: Statements,
  { refs, ...search }: WorkerSnippets,
  work: Work,
): Promise<Snippet[]> {
  const snippets: Snippet[] = refs.map(() => null);
  await work.rest();
  for (const [sessionId, wanted] of Map.groupBy(refs.entries(), ([, ref]) => ref.sessionId)) {
    const places = wanted.flatMap(([n, ref]) => {
      const message = placeOf(index, ref);
      return message ? [{ n, message }] : [];
    });
    const last = places.reduce((end, { message }) => Math.max(end, message.offset + message.length), 0);
    const records = new Records(absoluteSessionPath(directory, sessionId), last);
    await addSnippets(snippets, places, records, search, work);
    if (work.isOutOfTime) break;
  }
  return snippets;
}

async function addSnippets(
  snippets: Snippet[],
  places: readonly Wanted[],
  records: Records,
  search: Sought,
  work: Work,
): Promise<void> {
  const inOrder = places.toSorted((a, b) => a.message.offset - b.message.offset);
  for (const line of Map.groupBy(inOrder, ({ message }) => message.offset).values()) {
    const { length } = line[0]!.message;
    const addLine = async () => {
      work.read(length);
      for (const { n, message } of line) {
        if (work.isOutOfTime) return;
        const read = records.messageAt(message);
        if (read) snippets[n] = await snippetOf(read, search, work);
        if (work.isDue) await work.rest();
      }
    };
    if (length <= LARGE_LINE_BYTES) {
      await addLine();
    } else {
      await largeLines.use(work, addLine);
      records.forget();
    }
    if (work.isOutOfTime) return;
  }
}

async function snippetOf(
  { message }: ReadMessage,
  { fields, phrases }: Sought,
  work: Work,
): Promise<Snippet> {
  for (const field of SEARCH_FIELDS) {
    const text = fields.includes(field) ? searchedText(message, field) : '';
    const snippet = text === '' ? null : await snippetIn(text, phrases, work);
    if (snippet) return snippet;
  }
  return null;
}

async function snippetIn(text: string, phrases: Sought['phrases'], work: Work): Promise<Snippet> {
  const steps = snippetSteps(text, phrases);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (work.isDue) await work.rest();
    if (work.isOutOfTime) return null;
  }
}

function placeOf(index: Statements, { sessionId, ordinal }: MessageRef): MessagePlace | undefined {
  return index.get(
    `SELECT m.ordinal, m.offset, m.length FROM messages m JOIN sessions s ON s.seq = m.session
      WHERE s.id = ? AND m.ordinal = ?`,
    sessionId,
    ordinal,
  );
}
