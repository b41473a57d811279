import { expect, test } from 'vitest';
import { graphql } from '../../generated/index.ts';
import { createApi } from '../../support/api.ts';
import { openTestRepository } from '../../support/repository.ts';

const CREATE = graphql(`
  mutation Create($input: CreateSessionInput!) {
    createSession(input: $input) {
      __typename
      ... on CreateSessionPayload {
        session {
          id
          parentId
          rootId
          depth
          userId
          title
          metadata
          messageCount
          historyLength
          childCount
          version
          createdAt
          lastActiveAt
          parent { id }
          root { id }
          ancestors { id }
          children { totalCount nodes { id } }
          damage { line reason }
        }
      }
      ... on SessionExistsError { message sessionId }
      ... on InvalidInputError { message issues { path message } }
    }
  }
`);

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

test('a session is created as it was asked for, a root at version 1', async () => {
  const api = createApi(await openTestRepository());
  const input = {
    id: 'planner',
    userId: 'ada',
    title: 'Plan',
    metadata: { model: 'm', n: [1, { deep: null }] },
  };
  const { createSession } = await api.query(CREATE, { input });
  expect(createSession).toEqual({
    __typename: 'CreateSessionPayload',
    session: {
      ...input,
      parentId: null,
      rootId: 'planner',
      depth: 0,
      messageCount: 0,
      historyLength: 0,
      childCount: 0,
      version: 1,
      createdAt: expect.stringMatching(TIME),
      lastActiveAt: expect.stringMatching(TIME),
      parent: null,
      root: { id: 'planner' },
      ancestors: [],
      children: { totalCount: 0, nodes: [] },
      damage: [],
    },
  });
});

test('a session that is given nothing gets an id and empty metadata', async () => {
  const api = createApi(await openTestRepository());
  const { createSession } = await api.query(CREATE, { input: {} });
  expect(createSession).toMatchObject({
    session: {
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/),
      userId: null,
      title: null,
      metadata: {},
    },
  });
});

test('an id that is taken is a SessionExistsError, also once its session is deleted', async () => {
  const store = await openTestRepository();
  const api = createApi(store);
  await api.query(CREATE, { input: { id: 'one' } });
  const taken = { __typename: 'SessionExistsError', sessionId: 'one' };
  expect((await api.query(CREATE, { input: { id: 'one' } })).createSession).toMatchObject(taken);
  await store.delete({ sessionId: 'one', mode: 'RESTRICT' });
  expect((await api.query(CREATE, { input: { id: 'one' } })).createSession).toMatchObject(taken);
});

test('each fault of an input of createSession is an issue with its path', async () => {
  const api = createApi(await openTestRepository());
  const input = {
    id: '../up',
    userId: 'a\0b',
    title: 'x'.repeat(501),
    metadata: { s: '\ud800' },
    operationId: '',
  };
  const { createSession } = await api.query(CREATE, { input });
  expect(createSession).toEqual({
    __typename: 'InvalidInputError',
    message: expect.stringContaining(
      'input.title: expected at most 500 characters (the limit titleLength), got 501',
    ),
    issues: [
      {
        path: ['input', 'id'],
        message: expect.stringMatching(
          /^expected 1 to 128 letters, digits, ".", "_" or "-", the first a letter or digit, got a string of \d+ char/,
        ),
      },
      {
        path: ['input', 'userId'],
        message: expect.stringMatching(
          /^expected well-formed Unicode without NUL, got a string of \d+ characters with /,
        ),
      },
      {
        path: ['input', 'title'],
        message: 'expected at most 500 characters (the limit titleLength), got 501',
      },
      {
        path: ['input', 'metadata'],
        message: expect.stringMatching(
          /^expected well-formed Unicode without NUL in every string and key, got one with /,
        ),
      },
      { path: ['input', 'operationId'], message: 'expected at least one character, got an empty string' },
    ],
  });
});
