import { crc32 } from 'node:zlib';
import { MESSAGE_ROLES } from '../../../model/message.ts';
import { SEARCH_FIELDS, type SearchField, searchedText } from '../../../model/search/fields.ts';
import { type IndexedText, indexedText } from '../../../model/search/tokens.ts';
import { isCopyOf } from '../../records/paid.ts';
import { copyMark } from './copies.ts';
import { CONTENTS, type Family, WHOLES } from './families.ts';
import type { Hit } from './hit.ts';
import type { ReadMessage } from './records.ts';

/** What the search index has of a message. */
export interface Document extends Hit {
  /** Index into `MESSAGE_ROLES`. */
  readonly role: number;
  /** See `copyMark`. */
  readonly mark: number;
  /** Without texts that have no token. */
  readonly texts: Readonly<Partial<Record<SearchField, IndexedText>>>;
  /** Characters of all searched texts. */
  readonly length: number;
}

export const EVENT = MESSAGE_ROLES.indexOf('EVENT');

/** Characters that the search index's tokenizer takes as parts of tokens. */
const HAS_TOKEN = /[A-Za-z0-9\u0080-\uffff]/;

/** `copied`: how many of the session's first messages a fork has copied. */
export function documentOf(
  { session, ordinal, role }: Pick<Document, 'session' | 'ordinal' | 'role'>,
  { message, version }: ReadMessage,
  copied: number,
): Document {
  const texts: Partial<Record<SearchField, IndexedText>> = {};
  let length = 0;
  let digest = 0;
  for (const field of SEARCH_FIELDS) {
    const text = searchedText(message, field);
    if (text === '') continue;
    length += text.length;
    digest = crc32(text, digest);
    const indexed = indexedText(text);
    if (HAS_TOKEN.test(indexed.body)) texts[field] = indexed;
  }
  const isCopy = message.isCopy ?? isCopyOf({ version, ordinal, messages: [message] }, copied);
  return { session, ordinal, role, mark: copyMark(digest, isCopy), texts, length };
}

/** The families that have a document. */
export function familiesOf({ role, texts }: Pick<Document, 'role' | 'texts'>): readonly Family[] {
  const hasMore = texts.REASONING !== undefined || texts.TOOL_CALLS !== undefined;
  if (role === EVENT) return hasMore || texts.CONTENT ? ONLY_WHOLES : NONE;
  if (!texts.CONTENT) return hasMore ? ONLY_WHOLES : NONE;
  return hasMore ? BOTH : ONLY_CONTENTS;
}

const NONE: readonly Family[] = [];
const ONLY_CONTENTS: readonly Family[] = [CONTENTS];
const ONLY_WHOLES: readonly Family[] = [WHOLES];
const BOTH: readonly Family[] = [CONTENTS, WHOLES];
