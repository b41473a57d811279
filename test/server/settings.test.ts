import { expect, onTestFinished, test, vi } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { withDefaults } from '../../src/server/settings.ts';
import { createSessiontreeYoga } from '../../src/server/yoga.ts';
import { openTestRepository } from '../support/repository.ts';

async function ask(yoga: Pick<ReturnType<typeof createSessiontreeYoga>, 'fetch'>, query: string) {
  const response = await yoga.fetch(`http://localhost/graphql?query=${encodeURIComponent(query)}`);
  return response.json();
}

test('without options but the repository, the default limits hold', async () => {
  const yoga = createSessiontreeYoga({ repository: await openTestRepository() });
  const { errors } = await ask(yoga, '{ sessions(first: 1001) { totalCount } }');
  expect(errors[0].message).toContain('expected at most 1000 (the limit pageSize)');
});

test('a limit that is given leaves the others as they are', async () => {
  const yoga = createSessiontreeYoga({ repository: await openTestRepository(), limits: { pageSize: 2 } });
  const { errors } = await ask(yoga, '{ sessions(first: 3) { totalCount } }');
  expect(errors[0].message).toContain('expected at most 2 (the limit pageSize)');
  expect(await ask(yoga, '{ sessions { totalCount } }')).toEqual({ data: { sessions: { totalCount: 0 } } });
});

test('without a logger the console is told of an internal error, and of no request', async () => {
  const written = (['log', 'info', 'warn', 'error'] as const).map((level) =>
    vi.spyOn(console, level).mockImplementation(() => {}),
  );
  onTestFinished(() => written.forEach((spy) => void spy.mockRestore()));
  const bug = new Error('the store has a bug');
  const repository = { status: () => Promise.reject(bug) } as Partial<SessionRepository> as SessionRepository;
  const yoga = createSessiontreeYoga({ repository });
  await ask(yoga, '{ __typename }');
  expect(written.map((spy) => spy.mock.calls.length)).toEqual([0, 0, 0, 0]);
  await ask(yoga, '{ store { sessionCount } }');
  expect(written.map((spy) => spy.mock.calls.length)).toEqual([0, 0, 0, 1]);
  expect(written[3]!.mock.calls[0]).toEqual(['Internal error', expect.objectContaining({ err: bug })]);
});

test('an option that is undefined takes its default', async () => {
  const repository = await openTestRepository();
  const settings = withDefaults({ repository, limits: undefined, logger: undefined });
  expect(settings).toEqual(withDefaults({ repository }));
});

test('a limit that is undefined takes its default', async () => {
  const yoga = createSessiontreeYoga({
    repository: await openTestRepository(),
    limits: { bodyBytes: undefined, pageSize: 2 },
  });
  const body = JSON.stringify({ query: '{ __typename }' }).padEnd(DEFAULT_LIMITS.bodyBytes + 1);
  const headers = { 'content-type': 'application/json' };
  const response = await yoga.fetch('http://localhost/graphql', { method: 'POST', headers, body });
  expect(response.status).toBe(413);
  const { errors } = await ask(yoga, '{ sessions(first: 3) { totalCount } }');
  expect(errors[0].message).toContain('expected at most 2 (the limit pageSize)');
});

test.each([Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY, null, '5'])(
  'a limit that is not an integer of 0 or more is refused: %o',
  async (pageSize) => {
    const repository = await openTestRepository();
    expect(() => createSessiontreeYoga({ repository, limits: { pageSize: pageSize as number } })).toThrow(
      /^limits\.pageSize: expected an integer of 0 or more, got ('5'|[\w.-]+)$/,
    );
  },
);
