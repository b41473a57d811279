import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Message, NewMessage } from '../../src/model/message.ts';
import { sessionPath } from '../../src/repository/files/format/layout.ts';
import type { ListKey } from '../../src/repository/reads.ts';
import { childrenRequests } from '../support/children.ts';
import type { Model, ModelSession } from './model.ts';
import { describeMutation, type Mutation, NAMES, placeOf, targetOf } from './mutation.ts';
import { Fault } from './part.ts';
import { differenceOf, type Read, type State, stateAfter } from './state.ts';
import type { Reader } from './workload.ts';

/**
 * Compares the state of the store with the acknowledged mutations. Each unanswered mutation of the model may have taken effect or
 * not, but not partly. Updates the model to the state that was found. Returns the mutations that took effect. Throws a Fault.
 */
export async function verify(model: Model, reader: Reader, directory: string | null): Promise<Set<Mutation>> {
  const { quarantined } = await reader.status();
  if (quarantined.length > 0) throw new Fault(`quarantined: ${JSON.stringify(quarantined.slice(0, 5))}`);
  const cameIn = await settleShape(model, reader);
  for (const mutation of await settleSessions(model, reader)) cameIn.add(mutation);
  model.underWay.clear();
  await verifyTree(model, reader);
  await verifyList([...model.sessions.keys()], reader);
  await verifyKeys(model, reader);
  if (directory !== null) verifyFiles(model, directory);
  return cameIn;
}

/** The creations and deletions that took effect. */
async function settleShape(model: Model, reader: Reader): Promise<Set<Mutation>> {
  const cameIn = new Set<Mutation>();
  const creations = [...model.underWay].filter((mutation) => mutation.kind === 'create');
  for (const [n, session] of (await reader.findMany(creations.map(targetOf))).entries()) {
    if (!session) continue;
    model.add(creations[n]!, session);
    cameIn.add(creations[n]!);
  }
  await settleKeyed(model, reader);
  const living = [...model.sessions.values()];
  const found = await reader.findMany(living.map(({ id }) => id));
  const gone = new Set(living.filter((_, n) => found[n] === null).map(({ id }) => id));
  const deletions = model.deletionsUnderWay().filter((id) => gone.has(id));
  for (const { id, parentId } of living) {
    if (gone.has(id) && !deletions.some((deleted) => model.isWithin(id, deleted)))
      throw new Fault(`session "${id}" was acknowledged, and is gone`);
    if (!gone.has(id) && parentId !== null && gone.has(parentId))
      throw new Fault(`session "${id}" is there, though its parent "${parentId}" was deleted`);
  }
  for (const mutation of model.underWay) {
    if (mutation.kind === 'delete' && gone.has(mutation.input.sessionId)) cameIn.add(mutation);
  }
  for (const id of gone) model.remove(id);
  const deleted = [...model.deleted];
  const back = (await reader.findMany(deleted)).findIndex((session) => session !== null);
  if (back !== -1) throw new Fault(`session "${deleted[back]}" was deleted, and is back`);
  return cameIn;
}

/** The sessions that unanswered writes by their keys have created. */
async function settleKeyed(model: Model, reader: Reader): Promise<void> {
  const found = await reader.findByKeys(NAMES);
  for (const [n, session] of found.entries()) {
    const place = placeOf(NAMES[n]!.key, NAMES[n]!.ownerId);
    if (session && !model.sessions.has(session.id)) model.addAt(place, session);
  }
  const [missing] = model.early.keys();
  if (missing !== undefined) throw new Fault(`writes to "${missing}" were acknowledged, and it is gone`);
}

const SESSIONS_AT_A_TIME = 100;

async function settleSessions(model: Model, reader: Reader): Promise<Mutation[]> {
  const cameIn: Mutation[] = [];
  const own = Map.groupBy(
    [...model.underWay].filter(({ kind }) => kind !== 'create' && kind !== 'delete'),
    targetOf,
  );
  const living = [...model.sessions.values()];
  for (let start = 0; start < living.length; start += SESSIONS_AT_A_TIME) {
    const batch = living.slice(start, start + SESSIONS_AT_A_TIME);
    const sessions = await reader.findMany(batch.map(({ id }) => id));
    const histories = await reader.historyOf(
      batch.map(({ id }) => ({ sessionId: id, page: { limit: 1_000_000, from: 'start' } })),
      2 ** 40,
    );
    for (const [n, session] of batch.entries()) {
      const read = { session: sessions[n]!, history: histories[n]!.items };
      const byKey = session.place === null ? [] : (own.get(session.place) ?? []);
      cameIn.push(...settle(session, read, [...(own.get(session.id) ?? []), ...byKey]));
    }
  }
  return cameIn;
}

/** Finds an order of mutations that explains the state that was read, and thus which of `unanswered` took effect. */
function settle(session: ModelSession, read: Read, unanswered: readonly Mutation[]): Mutation[] {
  const { settled, acknowledged } = session;
  const { version } = read.session;
  for (const [made, mutation] of acknowledged) {
    if (made > version)
      throw new Fault(
        `the ${describeMutation(mutation)} was acknowledged as version ${made}, and is gone: the session is at ${version}`,
      );
  }
  const versions = Array.from({ length: version - settled.version }, (_, n) => settled.version + 1 + n);
  const free = versions.filter((made) => !acknowledged.has(made));
  let difference = `session "${session.id}": nobody asked for its version ${free.at(-1)}`;
  for (const came of arrangements(unanswered, free.length)) {
    const rest = [...came];
    const mutations = versions.map((made) => acknowledged.get(made) ?? rest.shift()!);
    const state = stateAfter(settled, mutations);
    // In this order, one of them would have been refused.
    if (state === null) continue;
    const differs = differenceOf(state, read);
    if (differs === null) {
      session.settled = state;
      acknowledged.clear();
      return came;
    }
    difference = differs;
  }
  throw new Fault(difference);
}

/** All ordered selections of `count` of `items`. */
function* arrangements<T>(items: readonly T[], count: number): Generator<T[]> {
  if (count === 0) yield [];
  else
    for (const [n, first] of items.entries())
      for (const rest of arrangements(items.toSpliced(n, 1), count - 1)) yield [first, ...rest];
}

async function verifyTree(model: Model, reader: Reader): Promise<void> {
  const living = [...model.sessions.keys()];
  const byParent = model.children();
  const sessions = await reader.findMany(living);
  const pages = await reader.childrenOf(childrenRequests(living, { limit: 1_000_000, from: 'start' }));
  for (const [n, id] of living.entries()) {
    const expected = byParent.get(id)?.map((child) => child.id) ?? [];
    const read = pages[n]!.items.map((child) => child.id);
    if (read.join() !== expected.join())
      throw new Fault(`the children of "${id}" should be [${expected}], and are [${read}]`);
    const { parentId, childCount } = sessions[n]!;
    if (childCount !== expected.length || parentId !== model.sessions.get(id)!.parentId)
      throw new Fault(
        `session "${id}" has ${childCount} children under "${parentId}", expected ${expected.length}`,
      );
  }
}

/** Checks that the list of sessions has each of `ids` once, and nothing else. */
export async function verifyList(ids: readonly string[], reader: Reader): Promise<void> {
  const listed: string[] = [];
  let after: ListKey | undefined;
  for (let more = true; more; ) {
    const order = { field: 'CREATED_AT', direction: 'ASC' } as const;
    const page = await reader.list(ALL, order, { limit: 100, from: 'start', after });
    listed.push(...page.items.map(({ id }) => id));
    const last = page.items.at(-1);
    more = page.hasMore;
    if (last) after = { time: last.createdAt.getTime(), sequence: last.sequence };
  }
  const expected = ids.toSorted().join();
  if (listed.sort().join() !== expected)
    throw new Fault(`the list of sessions should be [${expected}], and is [${listed}]`);
  const count = await reader.count(ALL);
  if (count !== listed.length) throw new Fault(`${listed.length} sessions are listed, ${count} are counted`);
}

const ALL = { archived: 'INCLUDE' } as const;

/** Checks that each key leads to the session that has it, and that no two have it. */
async function verifyKeys(model: Model, reader: Reader): Promise<void> {
  const found = await reader.findByKeys(NAMES);
  for (const [n, { key, ownerId }] of NAMES.entries()) {
    const place = placeOf(key, ownerId);
    const expected = model.at(place)?.id;
    if (found[n]?.id !== expected)
      throw new Fault(`the key ${place} leads to "${found[n]?.id}", expected "${expected}"`);
  }
  const sessions = await reader.findMany([...model.sessions.keys()]);
  const keyed = sessions.flatMap((session) => (session?.key ? [placeOf(session.key, session.userId)] : []));
  const twice = keyed.find((place, n) => keyed.indexOf(place) !== n);
  if (twice !== undefined) throw new Fault(`two sessions have the key ${twice}`);
}

interface Line {
  readonly op: string;
  readonly version: number;
  readonly part?: number;
  readonly parts?: number;
  readonly messages?: readonly Message[];
}

/** Checks the files without the store: complete lines, each mutation once, and no file of a deleted session. */
function verifyFiles(model: Model, directory: string): void {
  for (const id of model.deleted) verifyNoFile(id, directory);
  for (const { id, settled } of model.sessions.values()) {
    const records = recordsOf(id, directory);
    const versions = new Set(records.map(({ version }) => version));
    if (versions.size !== settled.version)
      throw new Fault(`the file of "${id}" holds ${versions.size} mutations, expected ${settled.version}`);
    verifyGroups(id, records);
    compareMessages(
      id,
      settled,
      records.flatMap(({ messages }) => messages ?? []),
    );
  }
}

/** Checks that no deleted session has a file. */
export function verifyNoFile(id: string, directory: string): void {
  if (existsSync(join(directory, sessionPath(id))))
    throw new Fault(`session "${id}" was deleted, its file is there`);
}

/** Reads the lines of a session's file without the store. Each must be complete. */
export function recordsOf(id: string, directory: string): Line[] {
  const text = readFileSync(join(directory, sessionPath(id)), 'utf8');
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Fault(`the file of "${id}" ends without a newline`);
  return lines.map((line, n) => recordOf(line, `line ${n + 1} of the file of "${id}"`));
}

/** Checks that each mutation of several lines has all of them, in order and side by side. */
function verifyGroups(id: string, records: readonly Line[]): void {
  let open = 0;
  for (const { version, part = 1, parts = 1 } of records) {
    if (part !== open + 1)
      throw new Fault(`the file of "${id}" has part ${part} of version ${version} after part ${open}`);
    open = part === parts ? 0 : part;
  }
  if (open !== 0) throw new Fault(`the file of "${id}" ends after part ${open} of a mutation`);
}

function compareMessages(id: string, { written: expected }: State, written: readonly NewMessage[]): void {
  const contents = (messages: readonly NewMessage[]) => messages.map(({ content }) => content).join('\n');
  if (contents(written) !== contents(expected))
    throw new Fault(
      `the file of "${id}" holds ${written.length} messages, which are not the ${expected.length} expected`,
    );
}

function recordOf(line: string, place: string): Line {
  const body = line.slice(0, -18);
  const checksum = crc32(body).toString(16).padStart(8, '0');
  if (line !== `${body},"crc":"${checksum}"}`)
    throw new Fault(`${place} is not whole: ${line.slice(0, 200)}`);
  return JSON.parse(line) as Line;
}
