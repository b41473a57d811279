import { statSync } from 'node:fs';
import { join } from 'node:path';
import { sessionPath } from '../../src/repository/files/format/layout.ts';
import type { Connection } from '../client/connection.ts';
import type { Ready } from '../contenders/floor.ts';
import { type Case, CONNECTIONS, checkAnswer, isSuccess, writtenSession } from './cases.ts';
import { counts, graphqlRequest } from './queries.ts';
import type { Operation } from './subject.ts';

/** The requests for all contenders that use GraphQL, and for the floor. */
export function graphqlOperation(one: Case): Operation {
  const requests = Array.from({ length: CONNECTIONS }, (_, connection) =>
    graphqlRequest(one.request(connection)),
  );
  return {
    kind: 'request',
    next: (connection) => requests[connection]!,
    isFixed: true,
    accepts: (body) => isSuccess(one, body),
    check: (body) => checkAnswer(one, body),
  };
}

/** The floor's constant answers, taken from Sessiontree, whose data directory is `data`. */
export async function readyFor(one: Case, { text }: Connection, data: string): Promise<Ready> {
  const { operationName } = one.request(0);
  const path = join(data, sessionPath(writtenSession(0)));
  const before = statSync(path).size;
  const body = await text(graphqlRequest(one.request(0)));
  checkAnswer(one, body);
  const answer = JSON.parse(body) as { data: { spawnSession?: { session: { id: string } } } };
  if (one.adds === undefined) return { operationName, answer };
  const spawned = answer.data.spawnSession?.session.id;
  const write =
    spawned === undefined
      ? ({ kind: 'append', bytes: statSync(path).size - before } as const)
      : ({ kind: 'create', bytes: statSync(join(data, sessionPath(spawned))).size } as const);
  return { operationName, answer, write };
}

/** Throws an Error if two answers to a query differ in anything except cursors, which are specific to a server. */
export function checkSame(one: Case, expected: unknown, body: string): void {
  const [ours, theirs] = [withoutCursors(expected), withoutCursors(JSON.parse(body))];
  if (ours === theirs) return;
  const at = [...ours].findIndex((character, n) => character !== theirs[n]);
  const around = (text: string) => text.slice(Math.max(0, at - 100), at + 100);
  throw new Error(`Case ${one.id}: expected the same answer: ${around(ours)}, got: ${around(theirs)}`);
}

function withoutCursors(answer: unknown): string {
  return JSON.stringify(answer, (key, value) => (key.endsWith('Cursor') ? null : value));
}

/** The total number of messages in the sessions that are written to. */
export async function written(
  { json }: Connection,
  field: 'messageCount' | 'childCount',
  connections: number,
): Promise<number> {
  let sum = 0;
  for (let connection = 0; connection < connections; connection += 1) {
    const answer = (await json(graphqlRequest(counts(writtenSession(connection))))) as {
      data: { session: { messageCount: number; childCount: number } };
    };
    sum += answer.data.session[field];
  }
  return sum;
}
