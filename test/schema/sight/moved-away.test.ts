import { parse, validate } from 'graphql';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { execute } from '../../../src/execution/execute.ts';
import { subscribe } from '../../../src/execution/subscribe.ts';
import type { Caller } from '../../../src/model/caller.ts';
import type { TokenIssuer } from '../../../src/model/token-issuer.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { scopedTo } from '../../../src/repository/scoped/scoped-repository.ts';
import { createContext } from '../../../src/schema/context.ts';
import { changesCursor } from '../../../src/schema/cursor.ts';
import { schema } from '../../../src/schema/index.ts';
import { tokensOf } from '../../../src/server/auth/tokens.ts';
import { openTestRepository, temporaryDirectory } from '../../support/repository.ts';
import { watched } from '../../support/watched-repository.ts';
import { callerOf } from './two-users.ts';

let store: SessionRepository;
/** ada-root > ada-top, ada-side; ben-root. */
beforeEach(async () => {
  store = await openTestRepository();
  for (const who of ['ada', 'ben']) await store.create({ id: `${who}-root`, userId: who });
  for (const name of ['top', 'side']) await store.create({ id: `ada-${name}`, parentId: 'ada-root' });
});

const ADA = callerOf('ada');
const BEN = callerOf('ben');
/** An agent of Ada. */
const AGENT = callerOf('ada', { subtreeId: 'ada-top' });

interface Answered {
  readonly __typename: string;
  readonly [field: string]: unknown;
}

async function mutate(
  caller: Caller,
  field: string,
  input: string,
  { repository = store, tokens = null, select = '' }: Partial<Asked> = {},
): Promise<Answered> {
  const document = parse(`mutation { answer: ${field}(input: { ${input} }) { __typename ${select} } }`);
  expect(validate(schema, document)).toEqual([]);
  const contextValue = createContext({ repository, caller, tokens });
  const { data, errors } = await execute({ schema, document, contextValue });
  expect(errors).toBeUndefined();
  return (data as { answer: Answered }).answer;
}

interface Asked {
  readonly repository: SessionRepository;
  readonly tokens: TokenIssuer | null;
  readonly select: string;
}

/** What a caller may have made, and asks for again: the mutation, its input, and the type of the answer once that is out of sight. */
const CREATIONS = [
  ['spawnSession', 'parentId: "ada-top", id: "made"', 'SessionExistsError'],
  ['spawnSession', 'parentId: "ada-top", id: "made", ifExists: RETURN', 'SessionExistsError'],
  ['forkSession', 'sessionId: "ada-top", id: "made"', 'SessionNotFoundError'],
  ['writeHistory', 'sessionId: "made", create: { parentId: "ada-top" }', 'SessionExistsError'],
  ['writeHistory', 'key: "made-key", create: { parentId: "ada-top" }', /^Session(NotFound|Exists)Error$/],
] as const;

describe('what was made, and is out of sight since,', () => {
  it.each(CREATIONS)('is not shown again by a retry of %s { %s }', async (field, input, refusal) => {
    for (const [maker, parentId, n] of [
      [ADA, 'ben-root', 1],
      [AGENT, 'ada-side', 2],
    ] as const) {
      const own = `${input}, operationId: "once"`.replaceAll('made', `made-${n}`);
      const payload = `${field[0]!.toUpperCase()}${field.slice(1)}Payload`;
      const select = `... on ${payload} { session { id } }`;
      const made = await mutate(maker, field, own, { select });
      expect(made.__typename).toBe(payload);
      const { id } = made.session as { id: string };
      await store.move({ sessionId: id, parentId });
      await store.update({ sessionId: id, title: 'a secret of later' });
      const again = await mutate(maker, field, own, {
        select: `${select.replace('{ id }', '{ title }')} ... on Error { message }`,
      });
      expect(again.__typename).toMatch(refusal);
      expect(JSON.stringify(again)).not.toContain('secret');
    }
  });

  it('is not shown again as the root of a tree, either', async () => {
    const input = 'id: "made", operationId: "once"';
    await mutate(ADA, 'createSession', input);
    await store.move({ sessionId: 'made', parentId: 'ben-root' });
    expect((await mutate(ADA, 'createSession', input)).__typename).toBe('SessionExistsError');
    expect((await mutate(ADA, 'createSession', `${input}, ifExists: RETURN`)).__typename).toBe(
      'ConflictError',
    );
    expect((await mutate(ADA, 'createSession', 'id: "made", ifExists: RETURN')).__typename).toBe(
      'SessionExistsError',
    );
  });

  it('has no token for whoever made it', async () => {
    const tokens = tokensOf(await temporaryDirectory());
    const input = 'parentId: "ada-top", id: "made", operationId: "once"';
    await mutate(ADA, 'spawnSession', input);
    await store.move({ sessionId: 'made', parentId: 'ben-root' });
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const asked = { tokens, select: '... on SpawnSessionPayload { token }' };
    await mutate(ADA, 'spawnSession', `${input}, tokenExpiresAt: "${expiresAt}"`, asked);
    expect(tokens.list()).toEqual([]);
  });
});

it('a session that another makes just then is not written by writeHistory', async () => {
  for (const [caller, parentId] of [
    [ADA, 'ben-root'],
    [AGENT, 'ada-side'],
  ] as const) {
    const id = `new-in-${parentId}`;
    const { repository } = watched(store, async ([method, given]) => {
      if (method === 'writeHistory' && (given as { sessionId?: string }).sessionId === id)
        await store.create({ id, parentId, title: 'a secret' });
    });
    const input = `sessionId: "${id}", create: { parentId: "ada-top" }, messages: [{ role: USER, content: "x" }]`;
    const select = '... on SessionExistsError { message } ... on WriteHistoryPayload { session { title } }';
    expect(await mutate(caller, 'writeHistory', input, { repository, select })).toEqual({
      __typename: 'SessionExistsError',
      message: `The id "${id}" is taken. Choose another.`,
    });
    expect((await store.findMany([id]))[0]!.historyLength).toBe(0);
  }
});

it('an error about the top of a subtree, or a key, names nothing above or beside', async () => {
  await store.update({ sessionId: 'ada-side', key: 'beside' });
  for (const input of [
    'id: "ada-top", parentId: "ada-top", ifExists: RETURN',
    'id: "ada-top", key: "beside", parentId: "ada-top", ifExists: RETURN',
  ]) {
    const told = await mutate(AGENT, 'spawnSession', input, { select: '... on Error { message }' });
    expect(told).toEqual({
      __typename: 'SessionExistsError',
      message: 'The id "ada-top" is taken. Choose another.',
    });
  }
});

it('a change of a session that goes away between the check and the read is not told', async () => {
  let isMoved = false;
  const { repository } = watched(store, async ([method]) => {
    if (method !== 'changesSince' || isMoved) return;
    isMoved = true;
    await store.move({ sessionId: 'ada-side', parentId: 'ben-root' });
    await store.create({ id: 'a-secret', parentId: 'ada-side' });
  });
  const after = await store.mark();
  const scoped = scopedTo(repository, ADA);
  await expect(scoped.changesSince({ within: 'ada-side', after, limit: 10 })).rejects.toThrow('ada-side');
  expect(isMoved).toBe(true);
});

it.each([
  ['goes to another user', ADA, 'ben-root'],
  ['leaves the subtree of the watcher', AGENT, 'ada-side'],
] as const)('a change of a session that %s has no session', async (_, caller, parentId) => {
  await store.create({ id: 'chat', parentId: 'ada-top' });
  const cursors = changesCursor(store);
  const variableValues = { after: cursors.encode(await store.mark()) };
  await store.move({ sessionId: 'chat', parentId });
  await store.update({ sessionId: 'chat', title: 'a secret' });
  const document = parse(`subscription ($after: String) {
    sessionChanges(after: $after) { changes { kind sessionId session { title } } }
  }`);
  const contextValue = createContext({ repository: store, caller });
  const stream = await subscribe({ schema, document, contextValue, variableValues });
  if (!('next' in stream)) throw new Error(JSON.stringify(stream));
  onTestFinished(() => void stream.return!());
  expect((await stream.next()).value).toEqual({
    data: { sessionChanges: { changes: [{ kind: 'LEFT', sessionId: 'chat', session: null }] } },
  });
});

describe('a stream of drafts', () => {
  const watch = async (caller: Caller, sessionId: string) => {
    const contextValue = createContext({ repository: store, caller });
    const document = parse('subscription($id: ID!) { messageStream(sessionId: $id) { delta } }');
    const stream = await subscribe({ schema, document, contextValue, variableValues: { id: sessionId } });
    if (!('next' in stream)) throw new Error(JSON.stringify(stream));
    onTestFinished(() => void stream.return!());
    return stream;
  };
  const say = (caller: Caller, sessionId: string, delta: string) =>
    mutate(caller, 'streamMessage', `sessionId: "${sessionId}", key: "k", delta: "${delta}"`);

  it.each([
    ['goes to another user', ADA, 'ben-root', BEN],
    ['leaves the subtree of the watcher', AGENT, 'ada-side', ADA],
  ] as const)('ends when the session %s', async (_, watcher, parentId, speaker) => {
    await store.create({ id: 'chat', parentId: 'ada-top' });
    const stream = await watch(watcher, 'chat');
    const first = stream.next();
    await say(watcher, 'chat', 'own');
    expect((await first).value).toMatchObject({ data: { messageStream: { delta: 'own' } } });
    const second = stream.next();
    await store.move({ sessionId: 'chat', parentId });
    await say(speaker, 'chat', 'a secret');
    expect(await second).toEqual({ done: true, value: undefined });
  });
});
