import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { checkInput, inputRules } from '../../src/model/input.ts';
import { faultMessage } from '../../src/model/input-fault.ts';
import type { JsonValue } from '../../src/model/json.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { jsonFault } from '../../src/model/stored-values.ts';
import { faults, ID_FAULT, message, TEXT_FAULT, withMessage } from './faults.ts';

const rules = inputRules(DEFAULT_LIMITS);

describe('an input within the limits', () => {
  it('passes as it came', () => {
    const input = {
      sessionId: 'planner-main',
      messages: [
        {
          role: 'TOOL',
          content: 'äöü😀',
          name: '😀😀',
          toolCallId: 'abcd',
          payload: [[['deep']]],
          usage: { inputTokens: 0, outputTokens: Number.MAX_SAFE_INTEGER, costUsd: 0.5 },
          metadata: { k: { v: 1 } },
          createdAt: new Date(0),
        },
      ],
      expectedVersion: 1,
      operationId: 'o',
    };
    expect(checkInput(rules.append, input)).toStrictEqual(input);
  });

  it.each([
    ['create', rules.create, {}],
    [
      'create, all null',
      rules.create,
      { id: null, userId: null, title: null, metadata: null, operationId: null },
    ],
    ['create, empty texts', rules.create, { userId: '', title: '', metadata: {} }],
    ['spawn', rules.spawn, { parentId: 'a' }],
    ['send', rules.send, { sessionId: 'a', message: '', response: '' }],
    ['append, payload null', rules.append, withMessage({ payload: null })],
    [
      'append, all null',
      rules.append,
      withMessage({ name: null, toolCallId: null, usage: null, metadata: null }),
    ],
    ['update', rules.update, { sessionId: 'a', title: null, metadata: { k: null } }],
    ['delete', rules.delete, { sessionId: 'a', mode: 'CASCADE', dryRun: false }],
  ])('passes where only what must be there is: %s', (_name, rule, input) => {
    expect(checkInput(rule, input)).toStrictEqual(input);
  });

  it('keeps __proto__ in metadata as an own key', () => {
    const metadata = JSON.parse('{"__proto__":1}');
    expect(JSON.stringify(checkInput(rules.create, { metadata }))).toBe('{"metadata":{"__proto__":1}}');
  });
});

describe('metadata that is changed in two ways', () => {
  const changed = (metadata: string, setMetadata: string) =>
    faults(rules.update, {
      sessionId: 'a',
      metadata: JSON.parse(metadata),
      setMetadata: JSON.parse(setMetadata),
    });

  it('is refused if both name a key, also to remove it', () => {
    const expected =
      'expected a key that "metadata" does not name, got one that it names. Name each key in one of them';
    expect(changed('{"a":1}', '{"b":1,"a":1}')).toStrictEqual([`input.setMetadata.a: ${expected}`]);
    expect(changed('{"a":null}', '{"a":{}}')).toStrictEqual([`input.setMetadata.a: ${expected}`]);
    expect(changed('{"__proto__":1}', '{"__proto__":1}')).toStrictEqual([
      `input.setMetadata.__proto__: ${expected}`,
    ]);
  });

  it('passes if they name different keys, whatever is beneath these', () => {
    expect(changed('{"a":{"b":1}}', '{"b":{"a":1}}')).toStrictEqual([]);
    expect(changed('{"a":1}', '{"toString":1,"__proto__":1}')).toStrictEqual([]);
  });
});

describe('an id of a bad form is refused wherever one is taken', () => {
  it.each([
    ['create', rules.create, { id: 'a/b' }, 'id', 'a string of 3 characters with "/" as character 2'],
    [
      'spawn',
      rules.spawn,
      { parentId: '..' },
      'parentId',
      'a string of 2 characters with "." as character 1',
    ],
    ['spawn, own id', rules.spawn, { parentId: 'a', id: '' }, 'id', 'an empty string'],
    [
      'send',
      rules.send,
      { sessionId: 'a:0', message: '', response: '' },
      'sessionId',
      'a string of 3 characters with ":" as character 2',
    ],
    [
      'append',
      rules.append,
      { sessionId: 'ä', messages: [message] },
      'sessionId',
      'a string of 1 character with "ä" as character 1',
    ],
    ['update', rules.update, { sessionId: 'a'.repeat(129) }, 'sessionId', 'a string of 129 characters'],
    [
      'delete',
      rules.delete,
      { sessionId: 'a\n', mode: 'RESTRICT', dryRun: false },
      'sessionId',
      'a string of 2 characters with "\\n" as character 2',
    ],
  ])('%s', (_name, rule, input, path, got) => {
    expect(faults(rule, input)).toStrictEqual([`input.${path}: ${ID_FAULT}, got ${got}`]);
  });
});

describe('text that no store can keep is refused wherever text is taken', () => {
  const places: [string, z.ZodType, (text: string) => object][] = [
    ['userId', rules.create, (userId) => ({ userId })],
    ['title', rules.update, (title) => ({ sessionId: 'a', title })],
    ['operationId', rules.create, (operationId) => ({ operationId })],
    ['message', rules.send, (text) => ({ sessionId: 'a', message: text, response: '' })],
    ['response', rules.send, (text) => ({ sessionId: 'a', message: '', response: text })],
    ['messages.1.content', rules.append, (content) => withMessage({ content })],
    ['messages.1.name', rules.append, (name) => withMessage({ name })],
    ['messages.1.toolCallId', rules.append, (toolCallId) => withMessage({ toolCallId })],
    ['messages.1.reasoning', rules.append, (reasoning) => withMessage({ reasoning })],
    ['messages.1.model', rules.append, (model) => withMessage({ model })],
    ['agentName', rules.create, (agentName) => ({ agentName })],
    ['project', rules.create, (project) => ({ project })],
    ['statusMessage', rules.create, (statusMessage) => ({ statusMessage })],
  ];
  type JsonPlaces = [string, z.ZodType, (json: JsonValue) => object][];
  const metadataPlaces: JsonPlaces = [
    ['metadata', rules.create, (k) => ({ metadata: { k } })],
    ['messages.1.metadata', rules.append, (k) => withMessage({ metadata: { k } })],
  ];
  const call = { toolCallId: 'c', name: 'n' };
  const payloadPlaces: JsonPlaces = [
    ['messages.1.payload', rules.append, (payload) => withMessage({ payload })],
    [
      'messages.1.toolCalls.0.arguments',
      rules.append,
      (given) => withMessage({ toolCalls: [{ ...call, arguments: given }] }),
    ],
  ];
  const jsonPlaces = [...metadataPlaces, ...payloadPlaces];

  for (const [what, bad, flaw] of [
    ['NUL', 'a\0', 'NUL as character 2'],
    ['a lone high surrogate', 'a\ud800', 'half of a surrogate pair as character 2'],
    ['a lone low surrogate', '\udc00a', 'half of a surrogate pair as character 1'],
  ] as const) {
    it.each(places)(`${what} in %s`, (path, rule, input) => {
      expect(faults(rule, input('ok'))).toStrictEqual([]);
      expect(faults(rule, input(bad))).toStrictEqual([
        `input.${path}: ${TEXT_FAULT}, got a string of 2 characters with ${flaw}`,
      ]);
    });

    it.each(metadataPlaces)(`${what} in a string and in a key in %s`, (path, rule, input) => {
      expect(faults(rule, input('ok'))).toStrictEqual([]);
      for (const json of [bad, [bad], { [bad]: 1 }])
        expect(faults(rule, input(json))).toStrictEqual([
          `input.${path}: ${TEXT_FAULT} in every string and key, got one with ${flaw}`,
        ]);
    });

    it.each(payloadPlaces)(`but not ${what} in %s, which JSON escapes`, (_path, rule, input) => {
      for (const json of [bad, [bad], { [bad]: 1 }]) expect(faults(rule, input(json))).toStrictEqual([]);
    });
  }

  it.each(jsonPlaces)('a number that JSON cannot write in %s', (path, rule, input) => {
    const infinite: JsonValue = JSON.parse('[1e999]');
    expect(faults(rule, input(infinite))).toStrictEqual([
      `input.${path}: expected every number within the range of a 64-bit float, got a larger one`,
    ]);
  });
});

describe('a value of another type is refused', () => {
  it.each([
    ['no input', rules.create, null, 'input: expected an object, got null'],
    ['id', rules.create, { id: 7 }, 'input.id: expected a string, got 7'],
    [
      'metadata, array',
      rules.create,
      { metadata: [] },
      'input.metadata: expected a JSON object, got an empty list',
    ],
    [
      'metadata, text',
      rules.update,
      { sessionId: 'a', metadata: 'x' },
      'input.metadata: expected a JSON object, got a string of 1 character',
    ],
    [
      'role',
      rules.append,
      withMessage({ role: 'user' }),
      'input.messages.1.role: expected one of SYSTEM, USER, ASSISTANT, TOOL, EVENT, got a string of 4 characters',
    ],
    [
      'content',
      rules.append,
      withMessage({ content: 1 }),
      'input.messages.1.content: expected a string, got 1',
    ],
    [
      'mode',
      rules.delete,
      { sessionId: 'a', mode: 'ORPHAN', dryRun: false },
      'input.mode: expected one of RESTRICT, CASCADE, REPARENT, got a string of 6 characters',
    ],
    [
      'tokens, fraction',
      rules.append,
      withMessage({ usage: { inputTokens: 0.5, outputTokens: 0 } }),
      'input.messages.1.usage.inputTokens: expected a whole number up to 2^53 - 1, got 0.5',
    ],
  ])('%s', (_name, rule, input, fault) => {
    expect(faults(rule, input)).toStrictEqual([fault]);
  });
});

describe('jsonFault', () => {
  const faultOf = (value: JsonValue, bytes: number, depth: number, isText = true) => {
    const fault = jsonFault(
      value,
      { limit: 'payloadBytes', max: bytes },
      { limit: 'payloadDepth', max: depth },
      isText,
    );
    return fault && faultMessage(fault, value);
  };

  it('finds none in a value that comes back as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
        const fault = faultOf(value as JsonValue, 1_000_000, 100);
        if (fault === null) expect(JSON.stringify(value).isWellFormed()).toBe(true);
        expect(fault === null).toBe(!JSON.stringify(value).includes('\\u0000'));
      }),
    );
  });

  it('finds none in NUL and half surrogate pairs, which JSON escapes, unless all must be text', () => {
    const value = JSON.parse('{"a\\u0000":["\\ud800","\\udc00x"]}') as JsonValue;
    expect(faultOf(value, 100, 3, false)).toBeNull();
    expect(JSON.parse(Buffer.from(JSON.stringify(value)).toString())).toEqual(value);
    expect(faultOf(value, 100, 3)).toContain(
      'expected well-formed Unicode without NUL in every string and key',
    );
  });

  it('answers for a value a million levels deep', () => {
    let deep: JsonValue = [];
    for (let level = 1; level < 1_000_000; level += 1) deep = [deep];
    expect(faultOf(deep, 100, 32)).toBe(
      'expected at most 32 levels of nesting (the limit payloadDepth), got more',
    );
  });

  it('measures depth and bytes at exactly the limit', () => {
    expect(faultOf([['€']], 9, 2)).toBeNull();
    expect(faultOf([['€']], 8, 2)).toBe('expected at most 8 bytes as JSON (the limit payloadBytes), got 9');
    expect(faultOf([['€']], 9, 1)).toBe(
      'expected at most 1 levels of nesting (the limit payloadDepth), got more',
    );
  });
});

describe('every fault says what was expected and what came, and repeats no text of the input', () => {
  const SECRET = 'hunter2-';
  const values = [
    `${SECRET}\0`,
    SECRET.repeat(200_000),
    { [SECRET]: `${SECRET}\ud800` },
    [[SECRET]],
    new Date(NaN),
  ];
  const { create, filter, fork, move, append, truncate, message } = rules;

  it.each(Object.entries({ create, filter, fork, move, append, truncate, message }))('%s', (_name, rule) => {
    for (const value of values) {
      const input = Object.fromEntries(Object.keys(rule.shape).map((member) => [member, value]));
      const found = faults(rule, input);
      expect(found).not.toStrictEqual([]);
      expect(found.filter((fault) => !/: expected .+, got .+/.test(fault))).toStrictEqual([]);
      expect(found.filter((fault) => fault.includes(SECRET))).toStrictEqual([]);
    }
  });
});
