import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ExecutionResult, parse, validate } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execute } from '../../../src/execution/execute.ts';
import { subscribe } from '../../../src/execution/subscribe.ts';
import type { Caller } from '../../../src/model/caller.ts';
import { openFileRepository } from '../../../src/repository/files/open.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { createContext } from '../../../src/schema/context.ts';
import { schema } from '../../../src/schema/index.ts';
import { coordinatesIn, coordinatesToVisit } from './coordinates.ts';
import {
  CHANGES,
  MUTATIONS,
  OWN_MUTATIONS,
  PAGED,
  type Probe,
  QUERIES,
  SUBSCRIPTIONS,
  WALKS,
} from './probes.ts';
import { BEN, callerOf, growTwoTrees } from './two-users.ts';

const ADA = callerOf('ada');
/** As long as "ben": messages give lengths and cursors have them. */
const NOBODY = 'nix';

let directory: string;
let store: SessionRepository;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sessiontree-test-'));
  store = await openFileRepository({ directory });
  await growTwoTrees(store);
});
afterAll(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

async function answer(source: string, caller: Caller, variableValues = {}): Promise<ExecutionResult> {
  const document = parse(source);
  expect(validate(schema, document)).toEqual([]);
  const contextValue = createContext({ repository: store, caller });
  return execute({ schema, document, contextValue, variableValues });
}

/** The answer as text. Ada must learn nothing from the name that she gave herself. */
async function answerAbout(probe: Probe, who: string): Promise<string> {
  const text = JSON.stringify(await answer(probe(who), ADA));
  return text.replaceAll(who, 'NAME');
}

describe('what a caller may not see', () => {
  it.each(QUERIES.map((probe) => [probe(BEN), probe]))('does not exist for %s', async (_, probe) => {
    expect(await answerAbout(probe, BEN)).toBe(await answerAbout(probe, NOBODY));
  });

  it('exists for an admin and for its owner', async () => {
    for (const caller of [callerOf('eve', { scope: 'admin' }), callerOf(BEN)]) {
      const { data } = await answer(QUERIES[0]!(BEN), caller);
      expect(data).toEqual({ session: { id: 'ben-root', title: 'ben title' } });
    }
  });

  it.each(MUTATIONS.map((probe) => [probe(BEN), probe]))('is changed by no %s', async (_, probe) => {
    const stateOf = async () => JSON.stringify(await answer(WALKS[0]!.replaceAll('ada', BEN), callerOf(BEN)));
    const before = await stateOf();
    expect(await answerAbout(probe, BEN)).toBe(await answerAbout(probe, NOBODY));
    expect(await stateOf()).toBe(before);
  });

  it.each(SUBSCRIPTIONS.map((probe) => [probe(BEN), probe]))('has no %s', async (_, probe) => {
    const refusals = await Promise.all(
      [BEN, NOBODY].map(async (who) => {
        const contextValue = createContext({ repository: store, caller: ADA });
        const stream = await subscribe({ schema, document: parse(probe(who)), contextValue });
        const first = 'next' in stream ? (await stream.next()).value : stream;
        return JSON.stringify(first).replaceAll(who, 'NAME');
      }),
    );
    expect(refusals[0]).toContain('errors');
    expect(refusals[0]).toBe(refusals[1]);
  });

  it('is reached from no session of the caller', async () => {
    for (const walk of WALKS) {
      const result = await answer(walk, ADA);
      expect(result.errors).toBeUndefined();
      expect(JSON.stringify(result.data)).not.toMatch(/ben/);
      expect(JSON.stringify((await answer(walk, callerOf('eve', { scope: 'admin' }))).data)).toMatch(/ben/);
    }
  });

  it.each(PAGED)('is on no page of $field($argument:)', async ({ field, argument, limit }) => {
    const own = `{ session(id: "ben-child") { ${field}(first: 1) { edges { cursor } } } }`;
    const { data } = await answer(own, callerOf(BEN));
    const page = (data as { session: Record<string, { edges: { cursor: string }[] }> }).session[field]!;
    const [{ cursor } = { cursor: 'none' }] = page.edges;
    const asked = `${field}(${limit}: 9, ${argument}: "${cursor}") { nodes { id } }`;
    const result = await answer(`{ session(id: "ada-child") { ${asked} } }`, ADA);
    // The refusal names the session of the cursor.
    expect(JSON.stringify(result).replaceAll('ben-child', '')).not.toMatch(/ben/);
  });

  it.each(['after', 'before'])('is on no page of sessions(%s:)', async (argument) => {
    const { data } = await answer('{ sessions { edges { cursor } } }', callerOf(BEN));
    const { edges } = (data as { sessions: { edges: { cursor: string }[] } }).sessions;
    const limit = argument === 'after' ? 'first' : 'last';
    for (const { cursor } of edges) {
      const pages = `{ sessions(${argument}: "${cursor}", ${limit}: 50) { nodes { id } } }`;
      const result = await answer(pages, ADA);
      expect(result.errors).toBeUndefined();
      expect(JSON.stringify(result)).not.toMatch(/ben/);
    }
  });

  it('is on no later page of a search that another began', async () => {
    const search = (after: string) =>
      `{ searchMessages(query: "says", first: 1${after}) { nodes { id } pageInfo { endCursor } } }`;
    const { data } = await answer(search(''), callerOf(BEN));
    const { pageInfo } = (data as { searchMessages: { pageInfo: { endCursor: string } } }).searchMessages;
    const later = await answer(search(`, after: "${pageInfo.endCursor}"`), ADA);
    expect(JSON.stringify(later)).not.toMatch(/ben/);
  });

  it('is in no change of the store', async () => {
    const after = String(
      ((await answer('{ store { cursor } }', callerOf(BEN))).data as { store: { cursor: string } }).store
        .cursor,
    );
    await store.update({ sessionId: 'ben-root', title: 'ben again' });
    await store.create({ id: 'ben-gone', parentId: 'ben-root', userId: BEN });
    await store.delete({ sessionId: 'ben-gone', mode: 'RESTRICT' });
    await store.update({ sessionId: 'ada-root', title: 'ada again' });
    const told = async (caller: Caller) => {
      const contextValue = createContext({ repository: store, caller });
      const document = parse(CHANGES);
      const stream = await subscribe({ schema, document, contextValue, variableValues: { after } });
      if (!('next' in stream)) throw new Error(JSON.stringify(stream));
      const { value } = await stream.next();
      await stream.return!();
      return (value as { data: { sessionChanges: { changes: { kind: string; sessionId: string }[] } } }).data
        .sessionChanges.changes;
    };
    expect((await told(ADA)).map(({ kind, sessionId }) => [kind, sessionId])).toEqual([
      ['UPDATED', 'ada-root'],
    ]);
    expect((await told(callerOf(BEN))).map(({ kind, sessionId }) => [kind, sessionId])).toEqual([
      ['UPDATED', 'ben-root'],
      ['DELETED', 'ben-gone'],
    ]);
  });

  it('is in no answer to a mutation of the own', async () => {
    for (const mutation of OWN_MUTATIONS) {
      const { data, errors } = await answer(mutation, ADA);
      expect(errors).toBeUndefined();
      expect(JSON.stringify(data)).not.toMatch(/:\{\}/);
      expect(JSON.stringify(data).replaceAll('ben-root-key', '')).not.toMatch(/ben/);
    }
  });
});

it('every field and argument that leads to a session or a message is visited above', () => {
  const sources = [
    ...[...QUERIES, ...MUTATIONS, ...SUBSCRIPTIONS].map((probe) => probe(BEN)),
    ...WALKS,
    ...OWN_MUTATIONS,
    CHANGES,
    ...PAGED.map(({ field, argument }) => `{ session { ${field}(${argument}: "") { nodes { id } } } }`),
    '{ sessions(after: "", before: "") { totalCount } searchMessages(query: "", after: "") { totalCount } }',
  ];
  const visited = new Set(sources.flatMap((source) => coordinatesIn(parse(source))));
  expect(coordinatesToVisit().filter((coordinate) => !visited.has(coordinate))).toEqual([]);
});
