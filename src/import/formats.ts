import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { claude } from './claude/claude.ts';
import type { Format } from './format.ts';
import type { ImportSource } from './import-sessions.ts';

/** The formats of other programs, in the order in which a path is compared with them. */
export const FORMATS: readonly Format[] = [claude];

/** The first format that recognises `path`; null if none does. */
export async function formatOf(path: string): Promise<Format | null> {
  for (const format of FORMATS) if (await format.recognises(path)) return format;
  return null;
}

/** The default places of a format that exist. */
export async function placesOf(format: Format): Promise<ImportSource[]> {
  const places: ImportSource[] = [];
  for (const path of format.defaultPlaces(process.env, homedir())) {
    const isThere = await stat(path).then(
      () => true,
      () => false,
    );
    if (isThere) places.push({ format, path });
  }
  return places;
}
