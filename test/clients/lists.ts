import { isDeepStrictEqual } from 'node:util';
import { expect, onTestFinished, vi } from 'vitest';
import type { ClientProject } from './files.ts';

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

const sessionsOf = (filter: string) =>
  `sessions(first: 50, filter: { ${filter} }) { edges { cursor node { id title lastActiveAt } } pageInfo { hasNextPage endCursor } }`;

const SESSIONS = `
  roots: ${sessionsOf('rootsOnly: true')}
  running: ${sessionsOf('statuses: [RUNNING]')}
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

export interface Mutation {
  readonly name: string;
  /** The fields of the mutation type and their selections: what the table of the page says, and what the lists show. */
  readonly body: string;
  readonly metadata?: object;
  /** True if the lists stay as they are. */
  readonly changesNothing?: true;
}

const LISTED = 'id parentId status archivedAt lastActiveAt';
const SESSION = `session { ${LISTED} title metadata }`;
const EDGE = 'edge { cursor node { id } }';
const MESSAGES = 'edges { cursor node { id role content } }';

const mutate = (field: string, input: string, selection: string) =>
  `${field}(input: { ${input} }) { ... on ${field[0]!.toUpperCase()}${field.slice(1)}Payload { ${selection} } ... on Error { message } }`;
const create = (input: string) => mutate('createSession', input, SESSION);
const spawn = (input: string) => mutate('spawnSession', input, `${SESSION} ${EDGE}`);
const fork = (input: string) => mutate('forkSession', input, `${SESSION} ${EDGE}`);
const update = (input: string) => mutate('updateSession', input, SESSION);
const move = (input: string) => mutate('moveSession', input, `${SESSION} formerParent { id } ${EDGE}`);
const archive = (id: string) =>
  mutate('archiveSession', `sessionId: "${id}"`, `archived { ${LISTED} title }`);
const unarchive = (id: string) =>
  mutate('unarchiveSession', `sessionId: "${id}"`, `unarchived { ${LISTED} title }`);
const remove = (input: string) =>
  mutate('deleteSession', input, `isDryRun deletedIds parent { id } reparented { ${LISTED} title metadata }`);
const append = (input: string) => mutate('appendMessages', input, `${SESSION} ${MESSAGES}`);
const write = (input: string) => mutate('writeHistory', input, `${SESSION} removed { id } ${MESSAGES}`);
const truncate = (input: string) => mutate('truncateHistory', input, `isDryRun ${SESSION} removed { id }`);

const messages = (...keys: string[]) =>
  `messages: [${keys.map((key) => `{ key: "${key}", role: USER, content: "${key}" }`).join(' ')}]`;
const ABC = append(`sessionId: "trip", operationId: "abc", ${messages('a', 'b', 'c')}`);

/** Mutations, one after the other: each of the schema but `streamMessage`, which stores nothing. */
export const MUTATIONS: readonly Mutation[] = [
  { name: 'createSession', body: create('id: "new", title: "New"') },
  {
    name: 'createSession of one that is there',
    body: create('id: "new", ifExists: RETURN'),
    changesNothing: true,
  },
  { name: 'spawnSession', body: spawn('id: "spawned", parentId: "trip", status: RUNNING') },
  { name: 'forkSession', body: fork('id: "fork", sessionId: "trip"') },
  { name: 'forkSession as a root', body: fork('id: "root-fork", sessionId: "trip", asRoot: true') },
  { name: 'updateSession to RUNNING', body: update('sessionId: "hotel", status: RUNNING, title: "Hotel"') },
  {
    name: 'updateSession of metadata',
    body: update('sessionId: "hotel", metadata: $metadata'),
    metadata: { stars: 4 },
  },
  { name: 'updateSession to COMPLETED', body: update('sessionId: "hotel", status: COMPLETED') },
  {
    name: 'deleteSession with dryRun',
    body: remove('sessionId: "flights", mode: CASCADE, dryRun: true'),
    changesNothing: true,
  },
  { name: 'deleteSession with REPARENT', body: remove('sessionId: "flights", mode: REPARENT') },
  { name: 'moveSession', body: move('sessionId: "fares", parentId: "hotel"') },
  { name: 'moveSession to the roots', body: move('sessionId: "fares", asRoot: true') },
  { name: 'moveSession from the roots', body: move('sessionId: "fares", parentId: "trip"') },
  { name: 'moveSession to where it is', body: move('sessionId: "hotel", parentId: "trip"') },
  { name: 'archiveSession', body: archive('other') },
  { name: 'unarchiveSession', body: unarchive('other') },
  { name: 'archiveSession of a subtree', body: archive('trip') },
  { name: 'unarchiveSession of a subtree', body: unarchive('trip') },
  { name: 'archiveSession of a child', body: archive('spawned') },
  {
    name: 'sendMessage',
    body: mutate(
      'sendMessage',
      'sessionId: "trip", message: "Where to?", response: "Lisbon."',
      `${SESSION} ${MESSAGES}`,
    ),
  },
  {
    name: 'a mutation that is refused',
    body: mutate('sendMessage', 'sessionId: "spawned", message: "Now?"', `${SESSION} ${MESSAGES}`),
    changesNothing: true,
  },
  { name: 'appendMessages', body: ABC },
  { name: 'a retry of appendMessages', body: ABC, changesNothing: true },
  {
    name: 'appendMessages with REPLACE',
    body: append(
      'sessionId: "trip", onKey: REPLACE, messages: [{ key: "b", role: USER, content: "B" }, { key: "d", role: USER, content: "d" }]',
    ),
  },
  {
    name: 'appendMessages with IGNORE',
    body: append(`sessionId: "trip", onKey: IGNORE, ${messages('a', 'e')}`),
  },
  { name: 'writeHistory', body: write(`sessionId: "trip", status: RUNNING, ${messages('f')}`) },
  { name: 'writeHistory with dropLast', body: write(`sessionId: "trip", dropLast: 2, ${messages('g')}`) },
  {
    name: 'writeHistory with keepThroughKey',
    body: write(`sessionId: "trip", keepThroughKey: "b", title: "Trip", ${messages('d', 'f')}`),
  },
  {
    name: 'writeHistory with REPLACE',
    body: write(
      'sessionId: "trip", dropLast: 1, onKey: REPLACE, messages: [{ key: "a", role: USER, content: "A" }, { key: "h", role: USER, content: "h" }]',
    ),
  },
  { name: 'writeHistory with keep', body: write('sessionId: "trip", keep: 4') },
  {
    name: 'writeHistory of a new root',
    body: write(`sessionId: "written", create: { title: "Written" }, ${messages('a')}`),
  },
  {
    name: 'writeHistory of a new child',
    body: write(`sessionId: "child", create: { parentId: "other" }, status: RUNNING, ${messages('a')}`),
  },
  {
    name: 'truncateHistory with dryRun',
    body: truncate('sessionId: "trip", keep: 1, dryRun: true'),
    changesNothing: true,
  },
  { name: 'truncateHistory', body: truncate('sessionId: "trip", keep: 1') },
  {
    name: 'redactMessages',
    body: mutate('redactMessages', 'messageIds: ["trip:0"], reason: "A secret"', 'messages { id content }'),
  },
  { name: 'spawnSession under a child', body: spawn('id: "room", parentId: "hotel", status: RUNNING') },
  {
    name: 'deleteSession of a child with CASCADE',
    body: remove('sessionId: "hotel", mode: CASCADE'),
  },
  { name: 'deleteSession of a root with REPARENT', body: remove('sessionId: "other", mode: REPARENT') },
  { name: 'deleteSession of a root with CASCADE', body: remove('sessionId: "trip", mode: CASCADE') },
];

/** What is done to lists of which the first page is on the screen. */
const PAGED = {
  append: { name: 'appendMessages', body: append(`sessionId: "trip", ${messages('beyond')}`) },
  truncate: { name: 'truncateHistory', body: truncate('sessionId: "trip", keep: 2') },
  appendAgain: { name: 'appendMessages', body: append(`sessionId: "trip", ${messages('end')}`) },
  createOld: {
    name: 'createSession',
    body: create('id: "old", lastActiveAt: "2025-01-01T00:00:00Z", createdAt: "2025-01-01T00:00:00Z"'),
  },
  createNew: { name: 'createSession', body: create('id: "new"') },
} satisfies Record<string, Mutation>;

/** The sessions beneath trip that are not archived: an order that only the server knows. `directive` is what a client needs behind the field. */
const outline = (directive = '') =>
  `descendants(first: 50, filter: { archived: EXCLUDE })${directive} { edges { cursor node { id title } } pageInfo { hasNextPage endCursor } }`;

export const outlineQuery = (directive = '', name = '') =>
  `query ${name} { session(id: "trip") { id ${outline(directive)} } }`;

/** Mutations of the tree of trip, whose payloads have its outline. */
export function outlineMutations(directive = ''): Mutation[] {
  const root = `root { id ${outline(directive)} }`;
  const child = (id: string) => `sessionId: "${id}"`;
  const bodies = {
    spawnSession: mutate('spawnSession', 'id: "spawned", parentId: "flights"', `session { ${root} }`),
    moveSession: mutate('moveSession', 'sessionId: "hotel", parentId: "flights"', `session { ${root} }`),
    archiveSession: mutate('archiveSession', child('flights'), `session { ${root} }`),
    unarchiveSession: mutate('unarchiveSession', child('flights'), `session { ${root} }`),
    deleteSession: mutate('deleteSession', `${child('fares')}, mode: CASCADE`, `parent { ${root} }`),
  };
  return Object.entries(bodies).map(([name, body]) => ({ name, body }));
}

/** All mutations, for compilers. */
export const ALL_MUTATIONS: readonly Mutation[] = [...MUTATIONS, ...Object.values(PAGED)];

/** The document of a mutation. */
export const documentOf = ({ body, metadata }: Mutation, name = '') =>
  `mutation ${name}${metadata ? '($metadata: JSONObject!)' : ''} { ${body} }`;

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

/** Compares the screen with what the server gives after each of the mutations. */
export async function expectRightOutline(
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

/** Does all mutations, and compares the screen with what the server gives after each. No client may ask the server for a list again. */
export async function expectRightLists(project: ClientProject, screen: Screen): Promise<void> {
  await screen.show();
  const requests = vi.spyOn(globalThis, 'fetch');
  onTestFinished(() => requests.mockRestore());
  let served = await serve(project);
  for (const mutation of MUTATIONS) {
    const { name, changesNothing = false } = mutation;
    const before = served;
    await screen.mutate(mutation);
    served = await serve(project);
    expect(screen.shown(), name).toEqual(served);
    expect(isDeepStrictEqual(served, before), `whether nothing changes: ${name}`).toBe(changesNothing);
  }
  const asked = 1 + MUTATIONS.length;
  expect(requests).toHaveBeenCalledTimes(asked + MUTATIONS.length);
}

/** Does mutations at the end of lists that have further pages: what comes there is shown once the end is. */
export async function expectRightPages(project: ClientProject, screen: Screen): Promise<void> {
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
