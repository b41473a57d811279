import { describe, expect, it } from 'vitest';
import { checkInput, inputRules } from '../../src/model/input.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { faults, ID_FAULT, message, TEXT_FAULT, withMessage } from './faults.ts';

const small = inputRules({
  ...DEFAULT_LIMITS,
  messages: 2,
  contentBytes: 10,
  payloadBytes: 20,
  payloadDepth: 3,
  metadataBytes: 16,
  metadataDepth: 2,
  titleLength: 5,
  nameLength: 4,
});
describe('an input past a limit is refused with the path and what came', () => {
  const deep = { a: { b: {} } };
  it.each([
    [
      'title',
      small.create,
      { title: '123456' },
      'input.title: expected at most 5 characters (the limit titleLength), got 6',
    ],
    [
      'userId',
      small.create,
      { userId: '12345' },
      'input.userId: expected at most 4 characters (the limit nameLength), got 5',
    ],
    [
      'operationId',
      small.update,
      { sessionId: 'a', operationId: '12345' },
      'input.operationId: expected at most 4 characters (the limit nameLength), got 5',
    ],
    [
      'operationId, empty',
      small.delete,
      { sessionId: 'a', mode: 'RESTRICT', dryRun: true, operationId: '' },
      'input.operationId: expected at least one character, got an empty string',
    ],
    [
      'metadata, bytes',
      small.create,
      { metadata: { k: '123456789' } },
      'input.metadata: expected at most 16 bytes as JSON (the limit metadataBytes), got 17',
    ],
    [
      'metadata, bytes of UTF-8',
      small.update,
      { sessionId: 'a', metadata: { k: 'ääää€' } },
      'input.metadata: expected at most 16 bytes as JSON (the limit metadataBytes), got 19',
    ],
    [
      'metadata, levels',
      small.spawn,
      { parentId: 'a', metadata: deep },
      'input.metadata: expected at most 2 levels of nesting (the limit metadataDepth), got more',
    ],
    [
      'message',
      small.send,
      { sessionId: 'a', message: 'äääää1', response: '' },
      'input.message: expected at most 10 bytes of UTF-8 (the limit contentBytes), got 11',
    ],
    [
      'response',
      small.send,
      { sessionId: 'a', message: '', response: '😀😀😀' },
      'input.response: expected at most 10 bytes of UTF-8 (the limit contentBytes), got 12',
    ],
    [
      'content',
      small.append,
      withMessage({ content: '12345678901' }),
      'input.messages.1.content: expected at most 10 bytes of UTF-8 (the limit contentBytes), got 11',
    ],
    [
      'name',
      small.append,
      withMessage({ name: '12345' }),
      'input.messages.1.name: expected at most 4 characters (the limit nameLength), got 5',
    ],
    [
      'toolCallId',
      small.append,
      withMessage({ toolCallId: '12345' }),
      'input.messages.1.toolCallId: expected at most 4 characters (the limit nameLength), got 5',
    ],
    [
      'payload, bytes',
      small.append,
      withMessage({ payload: 'x'.repeat(19) }),
      'input.messages.1.payload: expected at most 20 bytes as JSON (the limit payloadBytes), got 21',
    ],
    [
      'payload, levels',
      small.append,
      withMessage({ payload: [[[[]]]] }),
      'input.messages.1.payload: expected at most 3 levels of nesting (the limit payloadDepth), got more',
    ],
    [
      'message metadata',
      small.append,
      withMessage({ metadata: deep }),
      'input.messages.1.metadata: expected at most 2 levels of nesting (the limit metadataDepth), got more',
    ],
    [
      'messages, too many',
      small.append,
      { sessionId: 'a', messages: [message, message, message] },
      'input.messages: expected at most 2 messages (the limit messages), got 3. Append them with several mutations',
    ],
    [
      'messages, none',
      small.append,
      { sessionId: 'a', messages: [] },
      'input.messages: expected at least one message, got an empty list',
    ],
    [
      'tokens, negative',
      small.append,
      withMessage({ usage: { inputTokens: -1, outputTokens: 0 } }),
      'input.messages.1.usage.inputTokens: expected 0 or more, got -1',
    ],
    [
      'tokens, past 2^53',
      small.append,
      withMessage({ usage: { inputTokens: 0, outputTokens: 2 ** 53 } }),
      'input.messages.1.usage.outputTokens: expected a whole number up to 2^53 - 1, got 9007199254740992',
    ],
    [
      'cost, negative',
      small.send,
      {
        sessionId: 'a',
        message: '',
        response: '',
        usage: { inputTokens: 0, outputTokens: 0, costUsd: -0.01 },
      },
      'input.usage.costUsd: expected 0 or more, got -0.01',
    ],
    [
      'cost, infinite',
      small.send,
      {
        sessionId: 'a',
        message: '',
        response: '',
        usage: { inputTokens: 0, outputTokens: 0, costUsd: Infinity },
      },
      'input.usage.costUsd: expected a number, got Infinity',
    ],
    [
      'expectedVersion',
      small.append,
      { ...withMessage({}), expectedVersion: 0 },
      'input.expectedVersion: expected 1 or more (versions start at 1), got 0',
    ],
  ])('%s', (_name, rule, input, fault) => {
    expect(faults(rule, input)).toStrictEqual([fault]);
  });

  it('counts to the limit itself: what is exactly as large passes', () => {
    expect(
      faults(small.create, { title: '12345', userId: '1234', metadata: { k: '12345678' } }),
    ).toStrictEqual([]);
    expect(faults(small.send, { sessionId: 'a', message: 'äääää', response: '1234567890' })).toStrictEqual(
      [],
    );
    expect(faults(small.append, withMessage({ payload: 'x'.repeat(18) }))).toStrictEqual([]);
  });

  it('names every fault at once', () => {
    const input = {
      sessionId: '',
      messages: [
        { role: 'HUMAN', content: '\0' },
        { ...message, createdAt: new Date('x') },
      ],
    };
    expect(faults(small.append, input)).toStrictEqual([
      `input.sessionId: ${ID_FAULT}, got an empty string`,
      'input.messages.0.role: expected one of SYSTEM, USER, ASSISTANT, TOOL, EVENT, got a string of 5 characters',
      `input.messages.0.content: ${TEXT_FAULT}, got a string of 1 character with NUL as character 1`,
      'input.messages.1.createdAt: expected a time, got an invalid time',
    ]);
  });

  it('names the path from the root it is given', () => {
    expect(() => checkInput(small.sessionId, '../a', ['id'])).toThrow(
      `id: ${ID_FAULT}, got a string of 4 characters with "." as character 1`,
    );
  });
});
