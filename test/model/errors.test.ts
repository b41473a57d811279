import { describe, expect, it } from 'vitest';
import {
  ClientError,
  ConflictError,
  InvalidInputError,
  SessionArchivedError,
  SessionExistsError,
  SessionHasChildrenError,
  SessionNotFoundError,
  StorageError,
} from '../../src/model/errors.ts';

describe('an error that a client can cause', () => {
  it.each([
    [new SessionNotFoundError('a'), 'SessionNotFoundError', 'There is no session "a".'],
    [
      SessionExistsError.id('a', 'SESSION'),
      'SessionExistsError',
      'The id "a" is taken: a session has it. Choose another, or leave it out to be given one.',
    ],
    [
      new SessionHasChildrenError('a', 1),
      'SessionHasChildrenError',
      'The session "a" has 1 child. Delete them first, or delete with mode CASCADE or REPARENT.',
    ],
    [
      new SessionHasChildrenError('a', 2),
      'SessionHasChildrenError',
      'The session "a" has 2 children. Delete them first, or delete with mode CASCADE or REPARENT.',
    ],
    [
      new InvalidInputError([
        { path: ['input', 'title'], message: 'too long' },
        { path: ['input', 'messages', '0'], message: 'empty' },
      ]),
      'InvalidInputError',
      'input.title: too long; input.messages.0: empty',
    ],
    [
      ConflictError.version('a', 3, 5),
      'ConflictError',
      'The session "a" is at version 5, not 3. Read it again and decide anew.',
    ],
    [
      ConflictError.operation('op'),
      'ConflictError',
      'The operation id "op" was used before with other input. Use a new one for a new operation.',
    ],
    [
      new SessionArchivedError('a'),
      'SessionArchivedError',
      'The session "a" is archived. Unarchive it first.',
    ],
    [new StorageError('The disk is full.', true), 'StorageError', 'The disk is full.'],
  ])('%s', (error, name, message) => {
    expect(error).toBeInstanceOf(ClientError);
    expect({ name: error.name, message: error.message }).toStrictEqual({ name, message });
  });

  it('carries what a client needs to go on', () => {
    expect(new SessionHasChildrenError('a', 2)).toMatchObject({ sessionId: 'a', childCount: 2 });
    expect(ConflictError.version('a', 3, 5)).toMatchObject({
      reason: 'VERSION',
      expectedVersion: 3,
      actualVersion: 5,
    });
    expect(ConflictError.operation('op')).toMatchObject({
      reason: 'OPERATION',
      expectedVersion: null,
      actualVersion: null,
    });
    const cause = new Error('ENOSPC');
    expect(new StorageError('full', true, { cause })).toMatchObject({ isRetryable: true, cause });
  });
});
