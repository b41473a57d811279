import type { CaseName } from '../peers/peer.ts';
import { SMALL_TREE, SMALL_TREE_COUNT, sessionIdOf, TREE, TREE_COUNT, WIDE } from '../stores/content.ts';
import type { ContenderName } from './contender-name.ts';
import * as queries from './queries.ts';

/** Concurrent connections in writing cases. Each writes to a session of its own. */
export const CONNECTIONS = 32;
const PAGE = 50;

/** A goal for Sessiontree: at least this many times as fast as another contender. */
export interface Goal {
  readonly against: ContenderName;
  readonly speed: number;
  readonly text: string;
}

export interface Case {
  /** The number of the case; a letter distinguishes several measurements of one case. */
  readonly id: string;
  readonly title: string;
  /** Requests per second at this many connections, or the time of single requests. */
  readonly measure: { readonly kind: 'rate'; readonly connections: number } | { readonly kind: 'time' };
  /** The request that a connection sends. */
  request(connection: number): queries.GraphQLRequest;
  /** A text that each answer contains. */
  readonly marker: string;
  /** The number of ids in a complete answer. */
  readonly ids: number;
  /** The counter that a write increments, in the session that the connection writes to. */
  readonly adds?: 'messageCount' | 'childCount';
  /** The name of the operation at peers without GraphQL; missing if they have none. */
  readonly peerCase?: CaseName;
  readonly goals: readonly Goal[];
}

const MERCURIUS: Goal = { against: 'mercurius', speed: 1, text: 'no slower than Mercurius' };
const FIVE_TIMES: Goal = { against: 'floor', speed: 1 / 5, text: "at most 5 × the floor's time" };
const WALK: Goal = { against: 'opencode', speed: 300, text: "300 × as fast as opencode's walk" };
const floorShare = (percent: number): Goal => ({
  against: 'floor',
  speed: percent / 100,
  text: `${percent}% of the floor's rate`,
});

/** The session that a connection writes to: a separate root. */
export function writtenSession(connection: number): string {
  return sessionIdOf(connection * 10);
}

/** All cases, for a store of `size` sessions. Reads come first, so that they do not read what writes have changed. */
export function casesOf(size: number): Case[] {
  const among = size.toLocaleString('en');
  return [
    {
      id: '1',
      title: `a small read: one session by id, five fields; ${CONNECTIONS} connections`,
      measure: { kind: 'rate', connections: CONNECTIONS },
      request: () => queries.smallRead(SMALL_TREE.root),
      marker: '"createdAt":"',
      ids: 1,
      peerCase: 'small-read',
      goals: [
        { against: 'mercurius', speed: 1, text: 'at least Mercurius' },
        { against: 'stock-yoga', speed: 4, text: '4 × stock Yoga' },
      ],
    },
    {
      id: '2',
      title: `the tree of ${SMALL_TREE_COUNT}, with the last two messages of each`,
      measure: { kind: 'time' },
      request: () => queries.treeWithMessages(SMALL_TREE.root, SMALL_TREE.depth),
      marker: '"role":"ASSISTANT"',
      ids: SMALL_TREE_COUNT,
      peerCase: 'tree-341',
      goals: [FIVE_TIMES, MERCURIUS, WALK],
    },
    {
      id: '3a',
      title: 'the tree of 1,111, seven scalars each, nested',
      measure: { kind: 'time' },
      request: () => queries.nestedTree(TREE.root, TREE.depth),
      marker: '"version":',
      ids: TREE_COUNT,
      peerCase: 'tree-1111',
      goals: [FIVE_TIMES, MERCURIUS, WALK],
    },
    {
      id: '3b',
      title: 'the same, flat through `descendants`',
      measure: { kind: 'time' },
      request: () => queries.flatTree(TREE.root, 2_000),
      marker: '"version":',
      ids: TREE_COUNT,
      peerCase: 'tree-1111',
      goals: [FIVE_TIMES, MERCURIUS, WALK],
    },
    {
      id: '6',
      title: `a page of ${PAGE} of \`sessions\` among ${among}`,
      measure: { kind: 'time' },
      request: () => queries.listPage(PAGE),
      marker: '"endCursor":"',
      ids: PAGE,
      peerCase: 'list-page',
      goals: [FIVE_TIMES, MERCURIUS],
    },
    {
      id: '7',
      title: `a page of ${PAGE} of a history of ${among}`,
      measure: { kind: 'time' },
      request: () => queries.historyPage('history', PAGE),
      marker: '"startCursor":"',
      ids: PAGE + 1,
      peerCase: 'history-page',
      goals: [FIVE_TIMES, MERCURIUS],
    },
    {
      id: '8',
      title: `${WIDE.toLocaleString('en')} sessions in one \`descendants\` query`,
      measure: { kind: 'time' },
      request: wideTree,
      marker: '"version":',
      ids: WIDE + 1,
      goals: [],
    },
    ...[1, CONNECTIONS].map(
      (connections): Case => ({
        id: connections === 1 ? '4a' : '4b',
        title: `\`sendMessage\`, durable; ${connections} connection${connections === 1 ? '' : 's'}`,
        measure: { kind: 'rate', connections },
        request: (connection) => queries.sendMessage(writtenSession(connection)),
        marker: '"__typename":"SendMessagePayload"',
        ids: 3,
        adds: 'messageCount',
        peerCase: 'send-message',
        goals: connections === 1 ? [] : [floorShare(60)],
      }),
    ),
    {
      id: '5',
      title: `\`spawnSession\`, durable; ${CONNECTIONS} connections`,
      measure: { kind: 'rate', connections: CONNECTIONS },
      request: (connection) => queries.spawnSession(writtenSession(connection)),
      marker: '"__typename":"SpawnSessionPayload"',
      ids: 2,
      adds: 'childCount',
      peerCase: 'spawn',
      goals: [floorShare(50)],
    },
  ];
}

/** Ten thousand sessions in one answer. Peak memory is measured with it too. */
export function wideTree(): queries.GraphQLRequest {
  return queries.flatTree('wide', WIDE);
}

/** True if an answer is a success. Cheap, since it is called for every answer. */
export function isSuccess({ marker }: Case, body: string): boolean {
  return body.includes(marker) && !body.includes('"errors":[');
}

/** Throws an Error if an answer is incomplete. */
export function checkAnswer(one: Case, body: string): void {
  const ids = body.split('"id":').length - 1;
  if (isSuccess(one, body) && ids === one.ids) return;
  throw new Error(
    `Case ${one.id}: expected ${one.ids} ids and ${one.marker}, got ${ids} in ${body.slice(0, 300)}`,
  );
}
