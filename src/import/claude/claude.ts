import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Dropped, Fault, Format, SourceSession, SurveyOptions } from '../format.ts';
import { unreadable } from '../unreadable.ts';
import { parseEntry } from './entry.ts';
import { Facts, factsOf, lineFaults } from './facts.ts';
import { type TranscriptFile, transcriptsAt } from './files.ts';
import { surveyed } from './sessions.ts';

const HEAD_BYTES = 64 * 1024;
/** How many folders are looked into for a transcript. */
const FOLDERS_MAX = 100;

/** Transcripts of Claude Code, of 1.0 to 2.1. docs/import.md says what becomes of their parts. */
export const claude: Format = {
  name: 'claude',
  title: 'Claude Code',
  defaultPlaces: (env, home) => [join(env.CLAUDE_CONFIG_DIR || join(home, '.claude'), 'projects')],
  recognises,
  survey,
};

async function* survey(
  path: string,
  { onFile, now, cache }: SurveyOptions,
): AsyncGenerator<SourceSession | Fault | Dropped> {
  const files: Facts[] = [];
  for await (const file of transcriptsAt(path, now)) {
    if ('type' in file) {
      yield file;
      continue;
    }
    try {
      const facts = await knownFacts(file, cache);
      if (facts.parents.length > 0) files.push(facts);
      else yield* withoutMessage(file, now);
    } catch (error) {
      yield unreadable(file.path, error);
    }
    onFile(file.bytes);
  }
  const { sessions, withoutSession } = surveyed(files, now);
  yield* sessions;
  for (const { file } of withoutSession) yield* withoutMessage(file, now);
}

async function* withoutMessage(file: TranscriptFile, now: number): AsyncGenerator<Fault | Dropped> {
  yield { type: 'dropped', kind: 'transcript without a message' };
  try {
    yield* lineFaults(file, now);
  } catch (error) {
    yield unreadable(file.path, error);
  }
}

/** Reads the facts of a file, unless they are known and it has not changed. */
async function knownFacts(file: TranscriptFile, cache: SurveyOptions['cache']): Promise<Facts> {
  const known = cache?.get(file.path);
  if (known instanceof Facts && isDeepStrictEqual(known.file, file)) return known;
  const facts = await factsOf(file);
  cache?.set(file.path, facts);
  return facts;
}

async function recognises(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isFile()) return path.endsWith('.jsonl') && (await isTranscript(path));
    const projects = join(path, 'projects');
    if (
      await stat(projects).then(
        (found) => found.isDirectory(),
        () => false,
      )
    )
      return await holdsTranscript(projects, 1);
    return await holdsTranscript(path, 1);
  } catch {
    return false;
  }
}

async function holdsTranscript(folder: string, levels: number): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.jsonl'))
    .slice(0, FOLDERS_MAX);
  for (const { name } of files) if (await isTranscript(join(folder, name))) return true;
  if (levels === 0) return false;
  const folders = entries.filter((entry) => entry.isDirectory()).slice(0, FOLDERS_MAX);
  for (const { name } of folders) if (await holdsTranscript(join(folder, name), levels - 1)) return true;
  return false;
}

/** Looks for a line with the id of a session, as Claude Code writes it, in the beginning of a file. */
async function isTranscript(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const lines = buffer.subarray(0, bytesRead).toString().split('\n');
    return lines.some((line) => {
      const entry = parseEntry(Buffer.from(line));
      return typeof entry?.sessionId === 'string' && typeof entry.type === 'string' && !('payload' in entry);
    });
  } finally {
    await file.close();
  }
}
