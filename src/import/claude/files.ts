import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import type { JsonObject } from '../../model/json.ts';
import type { Dropped, Fault } from '../format.ts';
import { parseObject } from '../source-json.ts';
import { unreadable } from '../unreadable.ts';

/** A transcript. */
export interface TranscriptFile {
  readonly path: string;
  readonly bytes: number;
  readonly mtimeMs: number;
  readonly birthtimeMs: number;
  /** Of a subagent's own file; null for a session's. */
  readonly agentId: string | null;
  /** The id in the name of the file, or of the folder that a subagent's file is in; null if only its lines say so. */
  readonly sessionId: string | null;
  /** Of a subagent: what its `.meta.json` says. */
  readonly meta: JsonObject;
}

const TRANSCRIPT = '.jsonl';
const AGENT = /^agent-(.+)\.jsonl$/;

/** The transcripts at `path`: a file (with the subagents of its session), or a folder at any level from `~/.claude` down. Links are not followed. */
export async function* transcriptsAt(path: string): AsyncGenerator<TranscriptFile | Fault | Dropped> {
  const found = await stat(path);
  if (found.isFile()) {
    yield* fileAt(path);
    const beside = path.slice(0, -TRANSCRIPT.length);
    if (path.endsWith(TRANSCRIPT) && !AGENT.test(basename(path))) {
      const folder = await stat(beside).catch(() => null);
      if (folder?.isDirectory()) yield* walk(beside);
    }
    return;
  }
  const projects = join(path, 'projects');
  const inside = await stat(projects).catch(() => null);
  yield* walk(inside?.isDirectory() ? projects : path);
}

async function* walk(folder: string): AsyncGenerator<TranscriptFile | Fault | Dropped> {
  let entries: Awaited<ReturnType<typeof list>>;
  try {
    entries = await list(folder);
  } catch (error) {
    yield unreadable(folder, error);
    return;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else if (entry.isFile() && entry.name.endsWith(TRANSCRIPT)) yield* fileAt(path);
    else if (entry.isSymbolicLink()) yield { type: 'dropped', kind: 'symbolic link' };
  }
}

async function list(folder: string) {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function* fileAt(path: string): AsyncGenerator<TranscriptFile | Fault | Dropped> {
  try {
    const { size, mtimeMs, birthtimeMs } = await stat(path);
    const agentId = AGENT.exec(basename(path))?.[1] ?? null;
    const sessionId = agentId === null ? basename(path, TRANSCRIPT) : folderSession(path);
    const meta = agentId === null ? {} : await metaOf(path);
    yield { path, bytes: size, mtimeMs, birthtimeMs, agentId, sessionId, meta };
  } catch (error) {
    yield unreadable(path, error);
  }
}

/** `<session id>/subagents/…/agent-<id>.jsonl`; null for a file beside its session's. */
function folderSession(path: string): string | null {
  const parts = dirname(path).split(sep);
  const at = parts.lastIndexOf('subagents');
  return at > 0 ? parts[at - 1]! : null;
}

async function metaOf(path: string): Promise<JsonObject> {
  // Most versions have none. One that is being written is read by the next import.
  const text = await readFile(`${path.slice(0, -TRANSCRIPT.length)}.meta.json`, 'utf8').catch(() => '');
  return parseObject(text) ?? {};
}
