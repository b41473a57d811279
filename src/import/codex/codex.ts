import { constants, type Dirent } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { otherEntry } from '../file-kinds.ts';
import type { Dropped, Fault, Format, SourceSession, SurveyOptions } from '../format.ts';
import { leftOutFor } from '../larger-files.ts';
import { openRegularFile } from '../regular-file.ts';
import { unreadable } from '../unreadable.ts';
import { isPackedFormOf, largerRollouts } from './larger-rollouts.ts';
import { beginsAsRollout, isRolloutName, type RolloutFile, readRolloutFile } from './rollout-file.ts';
import { readThreadRecords } from './state-database.ts';
import { linkThreads } from './thread-links.ts';
import { sourceSession } from './thread-session.ts';

/** The folders of a home of Codex that hold rollouts. */
const FOLDERS = ['sessions', 'archived_sessions'];
/** Directories that are looked into to find out whether there is a rollout beneath. */
const PROBED_MAX = 200;

/** Codex CLI, since 0.40: one file of JSON lines, a rollout, for each thread. */
export const codex: Format = {
  name: 'codex',
  title: 'Codex',

  defaultPlaces(env, home) {
    return [env.CODEX_HOME || join(home, '.codex')];
  },

  async recognises(path) {
    try {
      if ((await stat(path)).isFile()) return isRolloutName(basename(path)) && (await beginsAsRollout(path));
      let probed = 0;
      for await (const item of rolloutsUnder(path, () => ++probed < PROBED_MAX))
        if (item.type === 'rollout' && (await beginsAsRollout(item.path))) return true;
    } catch {
      // What cannot be read is not recognised.
    }
    return false;
  },

  survey,
};

async function* survey(
  path: string,
  { onFile, now }: SurveyOptions,
): AsyncGenerator<SourceSession | Fault | Dropped> {
  const found: RolloutFile[] = [];
  const refused = await access(path, constants.R_OK).catch((error: unknown) => unreadable(path, error));
  if (refused) {
    yield refused;
    return;
  }
  for await (const item of rolloutsUnder(path)) {
    if (item.type !== 'rollout') {
      yield item;
      continue;
    }
    const rollout = await readRolloutFile(item.path).catch((error: unknown) => unreadable(item.path, error));
    if (rollout === null) {
      const reason = 'the first line is no session_meta with an id';
      yield { type: 'fault', path: item.path, line: 1, reason };
      continue;
    }
    if ('type' in rollout) {
      yield rollout;
      continue;
    }
    onFile(rollout.bytes);
    found.push(rollout);
  }
  const { kept, leftOut } = await largerRollouts(found);
  const rollouts = new Map(kept.map((rollout) => [rollout.id, rollout]));
  const faults: Fault[] = [];
  const { dropped, ...records } = await readThreadRecords(await homeOf(path), faults);
  yield* dropped;
  const links = await linkThreads(rollouts, records, faults);
  yield* faults;
  for (const rollout of kept) {
    const session = sourceSession(rollout, links.get(rollout.id)!, records, now);
    yield session;
    for (const other of leftOut.get(rollout) ?? [])
      if (!isPackedFormOf(other, rollout)) yield leftOutFor(session, other.path);
  }
}

type FoundFile = Fault | Dropped | { readonly type: 'rollout'; readonly path: string };

/** The rollouts under a home of Codex, a folder of one, or the rollout itself. Stops to look into directories once `mayGoOn` is false. */
async function* rolloutsUnder(path: string, mayGoOn: () => boolean = () => true): AsyncGenerator<FoundFile> {
  if (!(await stat(path)).isDirectory()) {
    // Refuses a pipe, which no later reader may open.
    const file = await openRegularFile(path).catch((error: unknown) => unreadable(path, error));
    if ('type' in file) yield file;
    else {
      await file.close();
      yield { type: 'rollout', path };
    }
    return;
  }
  const names = await readdir(path);
  const folders = FOLDERS.filter((folder) => names.includes(folder)).map((folder) => join(path, folder));
  const pending = folders.length > 0 ? folders.reverse() : [path];
  for (let directory = pending.pop(); directory !== undefined && mayGoOn(); directory = pending.pop()) {
    let entries: Dirent[];
    try {
      entries = await readdir(directory, { withFileTypes: true });
    } catch (error) {
      yield unreadable(directory, error);
      continue;
    }
    entries.sort((one, other) => (one.name < other.name ? -1 : 1));
    for (const entry of entries) {
      const found = join(directory, entry.name);
      if (entry.isFile() && isRolloutName(entry.name)) yield { type: 'rollout', path: found };
      else if (!entry.isDirectory() && folders.length > 0) yield* otherEntry(entry);
    }
    for (const entry of entries.reverse()) if (entry.isDirectory()) pending.push(join(directory, entry.name));
  }
}

/** The directory with the database of the rollouts at `path`. */
async function homeOf(path: string): Promise<string> {
  const isFile = (await stat(path)).isFile();
  for (let at = isFile ? dirname(path) : path; ; at = dirname(at)) {
    if (FOLDERS.includes(basename(at))) return dirname(at);
    if (dirname(at) === at) return path;
  }
}
