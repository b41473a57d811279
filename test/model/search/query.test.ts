import { describe, expect, it } from 'vitest';
import { parseQuery } from '../../../src/model/search/query.ts';

describe('a query', () => {
  it.each([
    ['fox', [{ tokens: ['fox'], isPrefix: false }]],
    [
      'Red fox*',
      [
        { tokens: ['red'], isPrefix: false },
        { tokens: ['fox'], isPrefix: true },
      ],
    ],
    ['"red fox"', [{ tokens: ['red', 'fox'], isPrefix: false }]],
    ['"red fo"*', [{ tokens: ['red', 'fo'], isPrefix: true }]],
    ['"red fox', [{ tokens: ['red', 'fox'], isPrefix: false }]],
    ['foo-bar', [{ tokens: ['foo', 'bar'], isPrefix: false }]],
    ['parseQuery', [{ tokens: ['parsequery'], isPrefix: false }]],
    ['数据', [{ tokens: ['数', '据'], isPrefix: false }]],
    ['zero\ufeffwidth', [{ tokens: ['zerowidth'], isPrefix: false }]],
    ['fox FOX fóx', [{ tokens: ['fox'], isPrefix: false }]],
    ['"" * ()', []],
  ])('%j asks for phrases, each once', (query, expected) => {
    expect(parseQuery(query)).toEqual(expected);
  });
});
