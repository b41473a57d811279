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
export const create = (input: string) => mutate('createSession', input, SESSION);
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
export const append = (input: string) => mutate('appendMessages', input, `${SESSION} ${MESSAGES}`);
const DROPPED = `session { ${LISTED} historyLength title metadata } removed { id }`;
const write = (input: string) => mutate('writeHistory', input, `${DROPPED} ${MESSAGES}`);
const truncate = (input: string) => mutate('truncateHistory', input, `isDryRun ${DROPPED}`);

export const messages = (...keys: string[]) =>
  `messages: [${keys.map((key) => `{ key: "${key}", role: USER, content: "${key}" }`).join(' ')}]`;
const LATE = append(`sessionId: "trip", operationId: "late", ${messages('late')}`);
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
  { name: 'appendMessages of what is dropped soon', body: LATE },
  {
    name: 'writeHistory with dropLast',
    body: write(`sessionId: "trip", dropLast: 2, ${messages('g', 'i')}`),
  },
  { name: 'a retry of appendMessages after that', body: LATE, changesNothing: true },
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

/** One that changes each of the lists of `sessions`, `children` and `history`. */
export const ONE_FOR_EACH_LIST = MUTATIONS.filter(({ name }) =>
  ['createSession', 'spawnSession', 'sendMessage'].includes(name),
);

/** What is done to lists of which the first page is on the screen. */
export const PAGED = {
  append: { name: 'appendMessages', body: append(`sessionId: "trip", ${messages('beyond')}`) },
  truncate: { name: 'truncateHistory', body: truncate('sessionId: "trip", keep: 2') },
  appendAgain: { name: 'appendMessages', body: append(`sessionId: "trip", ${messages('end')}`) },
  createOld: {
    name: 'createSession',
    body: create('id: "old", lastActiveAt: "2025-01-01T00:00:00Z", createdAt: "2025-01-01T00:00:00Z"'),
  },
  createNew: { name: 'createSession', body: create('id: "new"') },
} satisfies Record<string, Mutation>;

/** What is done to lists of which only the server knows what changes. */
export const ON_SERVER_LISTS = {
  move: {
    name: 'moveSession of a subtree to the roots',
    body: mutate(
      'moveSession',
      'sessionId: "flights", asRoot: true',
      `session { ${LISTED} rootId } formerParent { id }`,
    ),
  },
  append: { name: 'appendMessages', body: append(`sessionId: "trip", ${messages('now')}`) },
  archive: { name: 'archiveSession', body: archive('other') },
  remove: { name: 'deleteSession', body: remove('sessionId: "flights", mode: CASCADE') },
} satisfies Record<string, Mutation>;

/** What is done to a history of twelve messages of which the end was read. */
export const FROM_END = {
  dropEight: {
    name: 'writeHistory with dropLast',
    body: write('sessionId: "trip", dropLast: 8'),
  },
  append: { name: 'appendMessages', body: append(`sessionId: "trip", ${messages('end')}`) },
} satisfies Record<string, Mutation>;

/**
 * The sessions beneath trip that are not archived, and its latest messages: lists that only the server can make. `directiveOf` says what a
 * client needs behind a field.
 */
const outline = (directiveOf: (field: string) => string) => `
  descendants(first: 50, filter: { archived: EXCLUDE })${directiveOf('descendants')} {
    edges { cursor node { id title } } pageInfo { hasNextPage endCursor }
  }
  history(last: 2)${directiveOf('history')} { edges { cursor node { id content } } pageInfo { hasNextPage endCursor } }`;

export const outlineQuery = (directiveOf = (_field: string) => '', name = '') =>
  `query ${name} { session(id: "trip") { id ${outline(directiveOf)} } }`;

/** Mutations of the tree of trip, whose payloads have its outline. */
export function outlineMutations(directiveOf = (_field: string) => ''): Mutation[] {
  const root = `root { id ${outline(directiveOf)} }`;
  const child = (id: string) => `sessionId: "${id}"`;
  const bodies = {
    spawnSession: mutate('spawnSession', 'id: "spawned", parentId: "flights"', `session { ${root} }`),
    moveSession: mutate('moveSession', 'sessionId: "hotel", parentId: "flights"', `session { ${root} }`),
    archiveSession: mutate('archiveSession', child('flights'), `session { ${root} }`),
    unarchiveSession: mutate('unarchiveSession', child('flights'), `session { ${root} }`),
    deleteSession: mutate('deleteSession', `${child('fares')}, mode: CASCADE`, `parent { ${root} }`),
    appendMessages: mutate(
      'appendMessages',
      `sessionId: "trip", ${messages('a', 'b', 'c')}`,
      `session { ${LISTED} ${root} } ${MESSAGES}`,
    ),
  };
  return Object.entries(bodies).map(([name, body]) => ({ name, body }));
}

/** All mutations, for compilers. */
export const ALL_MUTATIONS: readonly Mutation[] = [...MUTATIONS, ...Object.values(PAGED)];

/** The document of a mutation. */
export const documentOf = ({ body, metadata }: Mutation, name = '') =>
  `mutation ${name}${metadata ? '($metadata: JSONObject!)' : ''} { ${body} }`;
