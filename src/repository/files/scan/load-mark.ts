import { type Accepted, type Check, objectOf, oneOf, text, time } from '../../records/members.ts';
import { parserOf } from '../../records/record.ts';
import { readLineFile, removeLineFile, writeLineFile } from '../disk/line-file.ts';
import type { Layout } from '../format/layout.ts';
import { UnreadableStoreError } from './store-id.ts';

const loading = objectOf({
  op: oneOf('load'),
  /** When the load was begun: the time of all lines of its sessions. */
  at: time,
  /** The id of the store that is copied. */
  source: text,
});

export type LoadMark = Accepted<typeof loading>;

const parse = parserOf<LoadMark>(new Map<string, Check<unknown>>([['load', loading]]));

/** The load that was begun and is not complete; null if there is none. Throws an UnreadableStoreError if the file says nothing. */
export function readLoadMark(layout: Layout): LoadMark | null {
  const read = readLineFile(layout.loading);
  if (read === null) return null;
  const parsed = 'fault' in read ? read : parse(read.record);
  if ('fault' in parsed)
    throw new UnreadableStoreError(
      `${layout.loading}: expected what is being copied into the store, but ${parsed.fault}. Begin the copy again, into an empty directory.`,
    );
  return parsed.record;
}

export async function writeLoadMark(layout: Layout, mark: LoadMark): Promise<void> {
  await writeLineFile(layout.root, layout.loading, mark);
}

export function removeLoadMark(layout: Layout): Promise<void> {
  return removeLineFile(layout.root, layout.loading);
}
