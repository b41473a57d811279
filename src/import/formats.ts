import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { chatgpt } from './chatgpt/chatgpt.ts';
import { claude } from './claude/claude.ts';
import { claudeAi } from './claude-ai/claude-ai.ts';
import { codex } from './codex/codex.ts';
import type { Format } from './format.ts';
import { gemini } from './gemini/gemini.ts';
import type { ImportSource } from './import-sessions.ts';
import { opencode } from './opencode/opencode.ts';
import { isMissing } from './unreadable.ts';

/** The formats of other programs, in the order in which a path is compared with them. */
export const FORMATS: readonly Format[] = [claude, codex, opencode, gemini, chatgpt, claudeAi];

/** The formats that recognise `path`. */
export async function formatsAt(path: string): Promise<Format[]> {
  const recognised = await Promise.all(FORMATS.map((format) => format.recognises(path)));
  return FORMATS.filter((_, n) => recognised[n]);
}

/** The default places of a format that exist. `home`: of another person, or a copy; then variables name no places. */
export async function placesOf(format: Format, home?: string): Promise<ImportSource[]> {
  const places: ImportSource[] = [];
  const env = home === undefined ? process.env : {};
  for (const path of format.defaultPlaces(env, home ?? homedir())) {
    // One that cannot be looked at is there: the import says so.
    const isThere = await stat(path).then(
      () => true,
      (error: unknown) => !isMissing(error),
    );
    if (isThere) places.push({ format, path });
  }
  return places;
}
