import type { ClientProject } from './files.ts';

/** trip ── hotel, flights ── fares; and other, which is less active than trip. */
export async function growLists(project: ClientProject): Promise<void> {
  await project.send(`mutation {
    trip: createSession(input: { id: "trip", lastActiveAt: "2026-01-03T00:00:00Z" }) { __typename }
    other: createSession(input: { id: "other", lastActiveAt: "2026-01-02T00:00:00Z" }) { __typename }
    hotel: spawnSession(input: { id: "hotel", parentId: "trip" }) { __typename }
    flights: spawnSession(input: { id: "flights", parentId: "trip" }) { __typename }
    fares: spawnSession(input: { id: "fares", parentId: "flights" }) { __typename }
  }`);
}

const PAGE = 'edges { cursor node { id title } } pageInfo { hasNextPage endCursor }';

/** The lists on a screen, each as the document of its query. */
export const SESSIONS = `query { sessions(filter: { rootsOnly: true }) { edges { cursor node { id title lastActiveAt } } pageInfo { hasNextPage } } }`;
export const childrenOf = (id: string) =>
  `query { session(id: "${id}") { id children(first: 50) { ${PAGE} } } }`;
export const HISTORY =
  'query { session(id: "trip") { id history(first: 50) { edges { cursor node { id content } } pageInfo { hasNextPage endCursor } } } }';
export const LISTS = [SESSIONS, childrenOf('trip'), childrenOf('flights'), childrenOf('hotel'), HISTORY];

/** Mutations, one after the other, with what clients need of their payloads. */
export const MUTATIONS: readonly [name: string, document: string][] = [
  [
    'createSession',
    `mutation { createSession(input: { id: "new", title: "New" }) {
      ... on CreateSessionPayload { session { id title lastActiveAt } } } }`,
  ],
  [
    'spawnSession',
    `mutation { spawnSession(input: { id: "spawned", parentId: "trip", title: "Spawned" }) {
      ... on SpawnSessionPayload { parent { id } edge { cursor node { id title } } } } }`,
  ],
  [
    'deleteSession',
    `mutation { deleteSession(input: { sessionId: "flights", mode: REPARENT }) {
      ... on DeleteSessionPayload { deletedIds parent { id } reparented { id title } } } }`,
  ],
  [
    'moveSession',
    `mutation { moveSession(input: { sessionId: "fares", parentId: "hotel" }) {
      ... on MoveSessionPayload { session { id parent { id } } formerParent { id } edge { cursor node { id title } } } } }`,
  ],
  [
    'archiveSession',
    `mutation { archiveSession(input: { sessionId: "other" }) { ... on ArchiveSessionPayload { archivedIds } } }`,
  ],
  [
    'unarchiveSession',
    `mutation { unarchiveSession(input: { sessionId: "other" }) {
      ... on UnarchiveSessionPayload { unarchived { id title lastActiveAt } } } }`,
  ],
  [
    'sendMessage',
    `mutation { sendMessage(input: { sessionId: "trip", message: "Where to?", response: "Lisbon." }) {
      ... on SendMessagePayload { session { id lastActiveAt } edges { cursor node { id content } } } } }`,
  ],
];

interface List {
  readonly edges: readonly { readonly node: { readonly id: string } }[];
}

export interface ListAnswer {
  readonly sessions?: List;
  readonly session?: { readonly children?: List; readonly history?: List } | null;
}

/** The ids of the nodes of a list; null if its session is gone. */
export function idsIn({ sessions, session }: ListAnswer): string[] | null {
  const list = sessions ?? session?.children ?? session?.history;
  return list ? list.edges.map(({ node }) => node.id) : null;
}
