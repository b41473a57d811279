import { isDeepStrictEqual } from 'node:util';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import type { ClientProject } from './files.ts';
import {
  append,
  create,
  FROM_END,
  MUTATIONS,
  type Mutation,
  messages,
  ON_SERVER_LISTS,
  outlineQuery,
  PAGED,
} from './mutations.ts';

/** trip ── hotel, flights ── fares; and other, which is less active than trip. */
export async function growLists(project: ClientProject): Promise<void> {
  const grow = (mutation: string, input: string, day: number) =>
    `${mutation}(input: { ${input}, lastActiveAt: "2026-01-0${day}T00:00:00Z", createdAt: "2026-01-01T00:00:00Z" }) { __typename }`;
  await project.send(`mutation {
    trip: ${grow('createSession', 'id: "trip"', 6)}
    other: ${grow('createSession', 'id: "other"', 5)}
    hotel: ${grow('spawnSession', 'id: "hotel", parentId: "trip"', 4)}
    flights: ${grow('spawnSession', 'id: "flights", parentId: "trip"', 3)}
    fares: ${grow('spawnSession', 'id: "fares", parentId: "flights"', 2)}
  }`);
}

const sessionsOf = (filter: string, orderBy = '') =>
  `sessions(first: 50, filter: { ${filter} }${orderBy}) { edges { cursor node { id title lastActiveAt } } pageInfo { hasNextPage endCursor } }`;

const SESSIONS = `
  roots: ${sessionsOf('rootsOnly: true')}
  running: ${sessionsOf('statuses: [RUNNING], archived: null')}
  archived: ${sessionsOf('archived: ONLY')}`;

const treeOf = (id: string) => `session(id: "${id}") {
  id
  children(first: 50) { edges { cursor node { id title status metadata } } pageInfo { hasNextPage endCursor } }
  history(first: 50) { edges { cursor node { id role content } } pageInfo { hasNextPage endCursor } }
}`;

/** The sessions whose children and histories are on the screen. */
export const TREES = ['trip', 'hotel', 'flights', 'other'];

/** The lists on a screen, as documents. */
export const LISTS = [SESSIONS, ...TREES.map(treeOf)].map((fields) => `query { ${fields} }`);

/** Lists that are cached without their edges. */
export const WITHOUT_EDGES = `query {
  sessions(filter: { statuses: [IDLE] }) { nodes { id } }
  session(id: "trip") { id children(filter: { archived: INCLUDE }) { nodes { id } } history(roles: [USER]) { nodes { id } } }
}`;

/** Lists of which only the server knows what a mutation changes. */
export const SERVER_LISTS = [
  `query { ofTree: ${sessionsOf('rootId: "trip"')} }`,
  `query { oldestFirst: ${sessionsOf('archived: INCLUDE', ', orderBy: { field: LAST_ACTIVE_AT, direction: ASC }')} }`,
  `query { session(id: "trip") { id
    history(first: 50, createdBefore: "2026-01-01T00:00:00Z") { edges { cursor node { id } } pageInfo { hasNextPage endCursor } }
  } }`,
];

interface ListOf<Node> {
  readonly edges: readonly { readonly node: Node }[];
}

interface Row {
  readonly id: string;
  readonly title?: string | null;
  readonly status?: string;
  readonly metadata?: object;
  readonly content?: string;
}

export interface ListAnswer extends Readonly<Record<string, object | null | undefined>> {
  readonly session?: Readonly<Record<string, object>> | null;
}

const isList = (value: unknown): value is ListOf<Row> =>
  typeof value === 'object' && value !== null && 'edges' in value;

/** What the lists of an answer show, without what a client adds; null if their session is gone. */
export function rowsIn(answer: ListAnswer): Record<string, Row[]> | null {
  if (answer.session === null) return null;
  const lists = Object.entries(answer.session ?? answer).filter((entry): entry is [string, ListOf<Row>] =>
    isList(entry[1]),
  );
  const rowOf = ({ id, title, status, metadata, content }: Row): Row => ({
    id,
    ...(title !== undefined && { title }),
    ...(status !== undefined && { status }),
    ...(metadata !== undefined && { metadata }),
    ...(content !== undefined && { content }),
  });
  return Object.fromEntries(lists.map(([name, { edges }]) => [name, edges.map(({ node }) => rowOf(node))]));
}

export interface Screen {
  /** Loads all lists, and watches them. */
  show(): Promise<void>;
  mutate(mutation: Mutation): Promise<void>;
  /** The rows on the screen, in the order of `LISTS`, without a request. */
  shown(): unknown[];
}

/**
 * The tests that every client passes. `current` gives what each test begins with; `outline` is a screen with the outline of trip alone, which
 * the payloads of `outlineMutations` bring.
 */
export function testLists(
  current: () => { readonly project: ClientProject; readonly complained: readonly unknown[] },
  screen: () => Screen,
  outlineMutations: readonly Mutation[],
  outline: () => Screen,
): void {
  afterEach(() => expect(current().complained).toEqual([]));

  test('each mutation leaves the lists on the screen as the server would give them, by its payload alone', () =>
    expectRightLists(current().project, screen()));

  test('what comes at the end of a list is shown once its last page is', () =>
    expectRightPages(current().project, screen()));

  test('a list whose order only the server knows is right if the payload has it', () =>
    expectRightOutline(current().project, outlineMutations, outline()));
}

/** Compares the screen with what the server gives after each of the mutations. */
async function expectRightOutline(
  project: ClientProject,
  mutations: readonly Mutation[],
  { show, mutate, shown }: Screen,
): Promise<void> {
  await show();
  for (const mutation of mutations) {
    const before = shown();
    await mutate(mutation);
    const served = rowsIn(await project.ask<ListAnswer>(outlineQuery()));
    expect(shown(), mutation.name).toEqual([served]);
    expect(shown(), mutation.name).not.toEqual(before);
  }
}

/** Does mutations, and compares the screen with what the server gives after each. No client may ask the server for a list again. */
export async function expectRightLists(
  project: ClientProject,
  screen: Screen,
  mutations = MUTATIONS,
): Promise<void> {
  await screen.show();
  const requests = vi.spyOn(globalThis, 'fetch');
  onTestFinished(() => requests.mockRestore());
  let served = await serve(project);
  for (const mutation of mutations) {
    const { name, changesNothing = false } = mutation;
    const before = served;
    await screen.mutate(mutation);
    served = await serve(project);
    expect(screen.shown(), name).toEqual(served);
    expect(isDeepStrictEqual(served, before), `whether nothing changes: ${name}`).toBe(changesNothing);
  }
  const comparisons = 1 + mutations.length;
  expect(requests).toHaveBeenCalledTimes(mutations.length + comparisons);
}

/** Does mutations at the end of lists that have further pages: what comes there is shown once the end is. */
async function expectRightPages(project: ClientProject, screen: Screen): Promise<void> {
  const old = Array.from(
    { length: 50 },
    (_, n) => `s${n}: ${create(`id: "s${n}", lastActiveAt: "2026-02-01T00:00:${n + 10}Z"`)}`,
  );
  await project.send(`mutation { ${old.join(' ')} }`);
  const many = Array.from({ length: 60 }, (_, n) => `${n}`);
  await project.send(`mutation { ${append(`sessionId: "trip", ${messages(...many)}`)} }`);
  await screen.show();
  const idsOf = (list: 'roots' | 'history') => {
    const rows = (screen.shown() as Record<string, Row[]>[]).flatMap((lists) => lists[list] ?? []);
    return rows.map(({ id }) => id);
  };
  const before = idsOf('roots');
  const atFirst = idsOf('history');
  expect([before.length, atFirst.length]).toEqual([50, 50]);

  await screen.mutate(PAGED.append);
  expect(idsOf('history')).toEqual(atFirst);
  expect(idsOf('roots')).toEqual(['trip', ...before.filter((id) => id !== 'trip')]);
  await screen.mutate(PAGED.truncate);
  expect(idsOf('history')).toEqual(['trip:0', 'trip:1']);
  await screen.mutate(PAGED.appendAgain);
  expect(idsOf('history')).toEqual(['trip:0', 'trip:1', 'trip:61']);

  await screen.mutate(PAGED.createOld);
  expect(idsOf('roots')).not.toContain('old');
  await screen.mutate(PAGED.createNew);
  expect(idsOf('roots').slice(0, 2)).toEqual(['new', 'trip']);
}

/** Lists of which only the server knows what changes stay as they are, but for deleted sessions. */
export async function expectServerListsStay(screen: Screen): Promise<void> {
  await screen.show();
  const ids = () =>
    (screen.shown() as Record<string, Row[]>[]).map((lists) =>
      Object.values(lists).flatMap((rows) => rows.map(({ id }) => id)),
    );
  const { remove, ...others } = ON_SERVER_LISTS;
  const before = ids();
  expect(before).toEqual([
    ['trip', 'hotel', 'flights', 'fares'],
    ['fares', 'flights', 'hotel', 'other', 'trip'],
    [],
  ]);
  for (const mutation of Object.values(others)) {
    await screen.mutate(mutation);
    expect(ids(), mutation.name).toEqual(before);
  }
  await screen.mutate(remove);
  expect(ids()).toEqual([['trip', 'hotel'], ['hotel', 'other', 'trip'], []]);
}

export interface HistoryPage {
  readonly edges: readonly { readonly node: { readonly content: string } }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string;
    readonly endCursor: string;
  };
}

/** The document of a page of the history of trip, from its end. */
export const PAGE_FROM_END = `query ($before: String) { session(id: "trip") { id
  history(last: 3, before: $before) {
    edges { cursor node { id content } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
} }`;

/** Drops all that was read of a history, from its end, and more. `readBefore` reads the page before a cursor. */
export async function expectGoesOnBefore(
  project: ClientProject,
  mutate: Screen['mutate'],
  { readBefore, shown }: { readBefore(cursor?: string): Promise<unknown>; shown(): HistoryPage },
): Promise<void> {
  const contents = () => shown().edges.map(({ node }) => node.content);
  const many = Array.from({ length: 12 }, (_, n) => `${n}`);
  await project.send(`mutation { ${append(`sessionId: "trip", ${messages(...many)}`)} }`);
  await readBefore();
  await readBefore(shown().pageInfo.startCursor);
  expect(contents()).toEqual(['6', '7', '8', '9', '10', '11']);

  await mutate(FROM_END.dropEight);
  expect(contents()).toEqual([]);
  expect(shown().pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
  await mutate(FROM_END.append);
  expect(contents()).toEqual(['end']);
  await readBefore(shown().pageInfo.startCursor);
  expect(contents()).toEqual(['1', '2', '3', 'end']);
  expect(shown().pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
}

/** The rows of all lists as the server has them, in one request. */
async function serve(project: ClientProject) {
  const { roots, running, archived, ...trees } = await project.ask<Record<string, object | null>>(
    `query { ${SESSIONS} ${TREES.map((id) => `${id}: ${treeOf(id)}`).join(' ')} }`,
  );
  return [
    rowsIn({ roots, running, archived }),
    ...TREES.map((id) => rowsIn({ session: trees[id] as ListAnswer['session'] })),
  ];
}
