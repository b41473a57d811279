import { describe, expect, it } from 'vitest';
import { graphql } from '../../generated/index.ts';
import { createApi } from '../../support/api.ts';
import { openTestRepository } from '../../support/repository.ts';

const REDACT = graphql(`
  mutation Redact($input: RedactMessagesInput!) {
    redactMessages(input: $input) {
      __typename
      ... on RedactMessagesPayload { messages { id content redactedAt session { id version } } }
      ... on SessionNotFoundError { sessionId }
      ... on InvalidInputError { issues { path message } }
      ... on ConflictError { reason }
    }
  }
`);

const PURGE = graphql(`
  mutation Purge($truncate: TruncateHistoryInput!, $delete: DeleteSessionInput!) {
    truncateHistory(input: $truncate) {
      ... on TruncateHistoryPayload { removedCount removed { content } session { version } }
    }
    deleteSession(input: $delete) {
      ... on DeleteSessionPayload { isDryRun deletedIds }
    }
  }
`);

async function openApi() {
  const repository = await openTestRepository();
  const messages = ['one', 'two'].map((content) => ({ role: 'USER' as const, content }));
  for (const id of ['a', 'b']) await repository.create({ id, messages });
  return { repository, api: createApi(repository) };
}

describe('redactMessages', () => {
  it('answers with the messages as they are now, in the order of the input, and again for a retry', async () => {
    const { api, repository } = await openApi();
    await repository.fork({ id: 'f', sessionId: 'a', asRoot: true });
    const input = { messageIds: ['b:1', 'a:0'], reason: 'a leak', operationId: 'op' };
    const redact = async () => (await api.query(REDACT, { input })).redactMessages;
    const redacted = (id: string, sessionId: string) => ({
      id,
      content: '',
      redactedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      session: { id: sessionId, version: 2 },
    });
    const answer = await redact();
    expect(answer).toEqual({
      __typename: 'RedactMessagesPayload',
      messages: [redacted('b:1', 'b'), redacted('a:0', 'a')],
    });
    expect(await redact()).toEqual(answer);
    expect(await repository.findMany(['f'])).toMatchObject([{ version: 2 }]);
    const other = { ...input, messageIds: ['b:0'] };
    expect(await api.query(REDACT, { input: other })).toMatchObject({
      redactMessages: { reason: 'OPERATION' },
    });
  });

  it('leaves copies alone only if told so', async () => {
    const { api, repository } = await openApi();
    await repository.fork({ id: 'f', sessionId: 'a', asRoot: true });
    await api.query(REDACT, { input: { messageIds: ['a:0'], copies: false, reason: '' } });
    expect(await repository.findMany(['a', 'f'])).toMatchObject([{ version: 2 }, { version: 1 }]);
  });

  it.each([
    [
      { messageIds: ['none:0'], reason: '' },
      { __typename: 'SessionNotFoundError', sessionId: 'none' },
    ],
    [
      { messageIds: ['a:0', 'a:2'], reason: '' },
      { issues: [{ path: ['input', 'messageIds', '1'], message: expect.stringContaining('got "a:2"') }] },
    ],
    [{ messageIds: [], reason: '' }, { issues: [{ path: ['input', 'messageIds'] }] }],
    [{ messageIds: ['a'], reason: '' }, { issues: [{ path: ['input', 'messageIds', '0'] }] }],
    [
      { messageIds: Array.from({ length: 1_001 }, () => 'a:0'), reason: '' },
      { issues: [{ path: ['input', 'messageIds'], message: expect.stringContaining('nodeIds') }] },
    ],
    [{ messageIds: ['a:0'], reason: 'x'.repeat(100_000) }, { issues: [{ path: ['input', 'reason'] }] }],
  ])('refuses what it cannot redact', async (input, refusal) => {
    const { api, repository } = await openApi();
    expect(await api.query(REDACT, { input })).toMatchObject({ redactMessages: refusal });
    expect(await repository.findMany(['a'])).toMatchObject([{ version: 1 }]);
  });
});

describe('purge', () => {
  it('is an option of truncateHistory and deleteSession, which answer as ever, but a retry without the texts', async () => {
    const { api } = await openApi();
    const variables = {
      truncate: { sessionId: 'a', keep: 1, purge: true, operationId: 't' },
      delete: { sessionId: 'b', purge: true, operationId: 'd' },
    };
    const removed = (content: string) => ({
      truncateHistory: { removedCount: 1, removed: [{ content }], session: { version: 2 } },
      deleteSession: { isDryRun: false, deletedIds: ['b'] },
    });
    expect(await api.query(PURGE, variables)).toEqual(removed('two'));
    expect(await api.query(PURGE, variables)).toEqual(removed(''));
  });

  it('that is false is the same as none, and no dry run purges', async () => {
    const { api, repository } = await openApi();
    const purging = (purge: boolean | undefined, dryRun: boolean) => ({
      truncate: { sessionId: 'a', keep: 1, purge, dryRun, operationId: 't' },
      delete: { sessionId: 'b', purge, dryRun, operationId: 'd' },
    });
    await api.query(PURGE, purging(true, true));
    expect(await repository.findMany(['a', 'b'])).toMatchObject([{ version: 1 }, { version: 1 }]);
    const first = await api.query(PURGE, purging(false, false));
    expect(first).toMatchObject({ truncateHistory: { removed: [{ content: 'two' }] } });
    expect(await api.query(PURGE, purging(undefined, false))).toEqual(first);
  });
});
