import { describe, expect, it } from 'vitest';
import { asciiText, parseQuery, snippetOf, tokensOf } from '../../src/model/search-text.ts';

const tokens = (text: string) => [...tokensOf(text)].map((token) => token.text);

/** As the index cuts what it is given: it knows of ASCII alone. */
const cutByAscii = (text: string) => text.toLowerCase().match(/[a-z0-9\u0080-\uffff]+/g) ?? [];

describe('text', () => {
  it.each([
    ['Hello, World-wide_web 3.14', ['hello', 'world', 'wide', 'web', '3', '14']],
    ['a\u0000b it\u2019s C++ (50%)', ['a', 'b', 'it', 's', 'c', '50']],
    ['Crème BRÛLÉE Straße ﬁne', ['creme', 'brulee', 'strasse', 'fine']],
    ['STRASSE ΟΔΟΣ οδός', ['strasse', 'οδοσ', 'οδοσ']],
    ['请分析data报告', ['请', '分', '析', 'data', '报', '告']],
    ['東京タワー、です', ['東', '京', 'タ', 'ワ', 'ー', 'で', 'す']],
    ['한국어', ['한', '국', '어']],
    ['한국어 a'.normalize('NFD'), ['한', '국', '어', 'a']],
    ['ｶﾞｽ ﾊﾟ', ['ガ', 'ス', 'パ']],
    ['привет МИР', ['привет', 'мир']],
    ['😀 → ()', []],
  ])('%j is cut into tokens', (text, expected) => {
    expect(tokens(text)).toEqual(expected);
    expect(cutByAscii(asciiText(text))).toEqual(expected);
  });

  it('is cut where its tokens stand', () => {
    const text = 'Ein 数据-Bäcker';
    expect([...tokensOf(text)].map(({ start, end }) => text.slice(start, end))).toEqual([
      'Ein',
      '数',
      '据',
      'Bäcker',
    ]);
  });
});

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
    ['数据', [{ tokens: ['数', '据'], isPrefix: false }]],
    ['"" * ()', []],
  ])('%j asks for phrases', (query, expected) => {
    expect(parseQuery(query)).toEqual(expected);
  });
});

describe('a snippet', () => {
  it('marks each match in its own words', () => {
    expect(snippetOf('A Fox, a FOX.', parseQuery('fox'))).toBe('A <<Fox>>, a <<FOX>>.');
    expect(snippetOf('Red foxes', parseQuery('"red fox"*'))).toBe('<<Red foxes>>');
    expect(snippetOf('nothing', parseQuery('fox'))).toBeNull();
  });

  it('is short, and cut between words', () => {
    const content = `${'before '.repeat(50)}the fox ${'after '.repeat(50)}`;
    const snippet = snippetOf(content, parseQuery('fox'))!;
    expect(snippet.length).toBeLessThan(160);
    expect(snippet).toMatch(/^…(before )+the <<fox>>( after)+…$/);
  });
});
