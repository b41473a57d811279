import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { DeadlineExceededError, type ReadOptions } from '../../src/repository/read-options.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { Budget } from '../../src/schema/budget.ts';
import { graphql } from '../generated/index.ts';
import { createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';
import { growTree } from '../support/tree.ts';
import { type Call, watched } from '../support/watched-repository.ts';

const { requestMs } = DEFAULT_LIMITS;

/** Time stands still, except for `pass`. Timers are real. */
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
});

const pass = (milliseconds: number) => void vi.advanceTimersByTime(milliseconds);

/** The answer past the deadline; `fate` says what became of the mutations. */
const TOO_LATE = (fate = '') => ({
  data: null,
  errors: [
    expect.objectContaining({
      message:
        `Expected a request that takes at most ${requestMs} milliseconds (the limit requestMs), got one that takes longer. ` +
        `${fate}Ask for less at a time.`,
      extensions: { code: 'DEADLINE_EXCEEDED' },
    }),
  ],
});

/** A repository in which so much time passes before each call of `method`. */
function slow(repository: SessionRepository, method: string, milliseconds: number) {
  return watched(repository, async ([name]: Call) => {
    if (name === method) pass(milliseconds);
  });
}

const namesOf = (calls: readonly Call[]) => calls.map(([name]) => name);

async function openTree(): Promise<SessionRepository> {
  const store = await openTestRepository();
  await growTree(store, { breadth: 2, depth: 3 });
  return store;
}

const LEVELS = graphql(`
  query Levels {
    session(id: "root") { children { nodes { id children { nodes { id children { nodes { id } } } } } } }
  }
`);

describe('a query', () => {
  test('that takes its whole time is answered', async () => {
    const { repository } = slow(await openTree(), 'childrenOf', requestMs / 3);
    expect((await createApi(repository).query(LEVELS)).session!.children.nodes).toHaveLength(2);
  });

  test('reads nothing more past its deadline, and is answered with one error', async () => {
    const { repository, calls } = slow(await openTree(), 'childrenOf', requestMs / 2 + 1);
    expect(await createApi(repository).run(LEVELS)).toEqual(TOO_LATE());
    expect(namesOf(calls)).toEqual(['findMany', 'childrenOf', 'childrenOf']);
  });

  test('whose last read ends too late is refused as well', async () => {
    const { repository } = slow(await openTree(), 'findMany', requestMs + 1);
    expect(await createApi(repository).send('{ session(id: "root") { id } }')).toEqual(TOO_LATE());
  });

  test('with several groups of one batch reads no further group', async () => {
    const { repository, calls } = slow(await openTree(), 'countDescendants', requestMs + 1);
    const counts = [1, 2, 3, 4].map((n) => `d${n}: descendants(maxDepth: ${n}) { totalCount }`);
    const query = `{ nodes(ids: ["root", "root-0"]) { ... on Session { ${counts.join(' ')} } } }`;
    expect(await createApi(repository).send(query)).toEqual(TOO_LATE());
    expect(namesOf(calls)).toEqual(['findMany', 'countDescendants']);
  });
});

/** A repository that reads as one that honours `ReadOptions` does: each read ends when its deadline passes. */
function ending(repository: SessionRepository, options: ReadOptions[]): SessionRepository {
  return new Proxy(repository, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== 'function') return method;
      return async (...args: unknown[]) => {
        const given = args.find((argument) => Object.hasOwn(Object(argument), 'onWalk')) as ReadOptions;
        options.push(given);
        if (given?.deadline === undefined) return method.apply(target, args);
        pass(requestMs + 1);
        throw new DeadlineExceededError();
      };
    },
  });
}

const READS = [
  ['findMany', '{ session(id: "root") { id } }'],
  ['list', '{ sessions { nodes { id } } }'],
  ['count', '{ sessions { totalCount } }'],
  ['findMessages', '{ node(id: "root:0") { id } }'],
  ['search', '{ searchMessages(query: "word") { nodes { id } } }'],
  ['planDelete', 'mutation { deleteSession(input: { sessionId: "root", dryRun: true }) { __typename } }'],
  [
    'planTruncate',
    'mutation { truncateHistory(input: { sessionId: "root", keep: 0, dryRun: true }) { ... on TruncateHistoryPayload { removed { id } } } }',
  ],
];

test.each(READS)(
  '%s has the deadline and the signal of its request, and its end ends the request',
  async (_name, query) => {
    const options: ReadOptions[] = [];
    expect(await createApi(ending(await openTree(), options)).send(query!)).toEqual(TOO_LATE());
    for (const { deadline, signal } of options) {
      expect(deadline).toEqual(expect.any(Number));
      expect(signal!.aborted).toBe(true);
    }
  },
);

const CREATE = (...ids: string[]) =>
  `mutation { ${ids.map((id) => `${id}: createSession(input: { id: "${id}" }) { __typename }`).join(' ')} }`;

describe('a mutation', () => {
  test('that began in time is finished and answered, however long it takes', async () => {
    const store = await openTree();
    const { repository } = slow(store, 'create', requestMs + 1);
    const query = `mutation { spawnSession(input: { id: "late", parentId: "root" }) {
      ... on SpawnSessionPayload { session { id } parent { id childCount children { totalCount nodes { id } } } } } }`;
    expect(await createApi(repository).send(query)).toMatchObject({
      data: { spawnSession: { session: { id: 'late' }, parent: { childCount: 3 } } },
    });
  });

  test('does not begin after the deadline, and the answer says so', async () => {
    const { repository, calls } = slow(await openTree(), 'create', requestMs + 1);
    expect(await createApi(repository).send(CREATE('a', 'b', 'c'))).toEqual(
      TOO_LATE('One mutation before this one was executed; this one was not. '),
    );
    expect(namesOf(calls)).toEqual(['create']);
  });

  test('that was refused is not reported as executed', async () => {
    const { repository, calls } = slow(await openTree(), 'create', requestMs + 1);
    expect(await createApi(repository).send(CREATE('root', 'b'))).toEqual(
      TOO_LATE('No mutation was executed. '),
    );
    expect(namesOf(calls)).toEqual(['create']);
  });

  test('is not executed after a dry run that took too long', async () => {
    const { repository, calls } = slow(await openTree(), 'planDelete', requestMs + 1);
    const query = `mutation {
      planned: deleteSession(input: { sessionId: "root", mode: CASCADE, dryRun: true }) { __typename }
      a: createSession(input: { id: "a" }) { __typename } }`;
    expect(await createApi(repository).send(query)).toEqual(TOO_LATE());
    expect(namesOf(calls)).toEqual(['planDelete']);
  });

  test('that comes too late is not executed, and the error says so', async () => {
    const calls: string[] = [];
    const late = new Budget(DEFAULT_LIMITS, performance.now() - requestMs - 1);
    const write = async () => calls.push('write');
    await expect(late.write(write, () => 0)).rejects.toThrow('No mutation was executed. ');
    expect(calls).toEqual([]);
  });
});
