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

/** The formats of other programs, in the order in which a path is compared with them. */
export const FORMATS: readonly Format[] = [claude, codex, opencode, gemini, chatgpt, claudeAi];

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
