import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import type { JsonObject } from '../../model/json.ts';
import { otherEntry, otherFiles } from '../file-kinds.ts';
import { type Dropped, type Fault, LIVE_MS } from '../format.ts';
import { readRegularFile } from '../regular-file.ts';
import { parseObject } from '../source-json.ts';
import { isMissing, unreadable } from '../unreadable.ts';

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
const META = '.meta.json';
const AGENT = /^agent-(.+)\.jsonl$/;
const TODOS = 'todos';
/** Folders of which files are counted by name: those of projects and sessions have names of their own. */
const NAMED_FOLDERS = new Set(['tool-results', 'memory', TODOS, 'subagents']);

/** The transcripts at `path`: a file (with the subagents of its session), or a folder at any level from `~/.claude` down. Links are not followed. */
export async function* transcriptsAt(
  path: string,
  now: number,
): AsyncGenerator<TranscriptFile | Fault | Dropped> {
  const found = await stat(path).catch((error: unknown) => unreadable(path, error));
  if ('type' in found) {
    yield found;
    return;
  }
  if (found.isFile()) {
    yield* fileAt(path, now);
    const beside = path.slice(0, -TRANSCRIPT.length);
    if (path.endsWith(TRANSCRIPT) && !AGENT.test(basename(path))) {
      const folder = await stat(beside).catch(() => null);
      if (folder?.isDirectory()) yield* walk(beside, now);
    }
    return;
  }
  const projects = join(path, 'projects');
  const inside = await stat(projects).catch(() => null);
  const place = inside?.isDirectory() ? projects : path;
  yield* walk(place, now);
  // The to-do lists of sessions, which the program keeps beside the projects.
  if (basename(place) === 'projects') yield* otherFiles(join(dirname(place), TODOS), TODOS);
}

async function* walk(folder: string, now: number): AsyncGenerator<TranscriptFile | Fault | Dropped> {
  let entries: Awaited<ReturnType<typeof list>>;
  try {
    entries = await list(folder);
  } catch (error) {
    yield unreadable(folder, error);
    return;
  }
  const transcripts = new Set(entries.map(({ name }) => name).filter((name) => name.endsWith(TRANSCRIPT)));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const isMeta = transcripts.has(entry.name.replace(META, TRANSCRIPT)) && entry.name.endsWith(META);
    if (entry.isDirectory()) yield* walk(path, now);
    else if (entry.isFile() && entry.name.endsWith(TRANSCRIPT)) yield* fileAt(path, now);
    else if (!isMeta) yield* otherEntry(entry, namedFolder(path));
  }
}

/** The folder in the kind of a file: those of projects and sessions have names of their own. */
function namedFolder(path: string): string | null {
  const folder = basename(dirname(path));
  return NAMED_FOLDERS.has(folder) ? folder : null;
}

async function list(folder: string) {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function* fileAt(path: string, now: number): AsyncGenerator<TranscriptFile | Fault | Dropped> {
  try {
    const { size, mtimeMs, birthtimeMs } = await stat(path);
    const agentId = AGENT.exec(basename(path))?.[1] ?? null;
    const sessionId = agentId === null ? basename(path, TRANSCRIPT) : folderSession(path);
    const { meta, fault } = agentId === null ? { meta: {}, fault: null } : await metaOf(path, now);
    if (fault) yield fault;
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

/** What the `.meta.json` beside a subagent's file says. Most versions have none; one that is being written is read by the next import. */
async function metaOf(path: string, now: number): Promise<{ meta: JsonObject; fault: Fault | null }> {
  const beside = `${path.slice(0, -TRANSCRIPT.length)}${META}`;
  try {
    const meta = parseObject(await readRegularFile(beside));
    if (meta) return { meta, fault: null };
    const isLive = now - (await stat(beside)).mtimeMs < LIVE_MS;
    const reason = 'the file holds no JSON object';
    return { meta: {}, fault: isLive ? null : { type: 'fault', path: beside, line: null, reason } };
  } catch (error) {
    return { meta: {}, fault: isMissing(error) ? null : unreadable(beside, error) };
  }
}
