import { describe, expect, it } from 'vitest';
import { parseQuery } from '../../../src/model/search/query.ts';
import { markedText, snippetOf } from '../../../src/model/search/snippet.ts';

function snippet(content: string, query: string): string | null {
  const parts = snippetOf(content, parseQuery(query));
  return parts && markedText(parts);
}

describe('a snippet', () => {
  it('marks each match in its own words', () => {
    expect(snippet('A Fox, a FOX.', 'fox')).toBe('A <<Fox>>, a <<FOX>>.');
    expect(snippet('Red foxes', '"red fox"*')).toBe('<<Red foxes>>');
    expect(snippet('Le Renard brûlé', 'brule')).toBe('Le Renard <<brûlé>>');
    expect(snippet('see parseQuery()', 'query')).toBe('see <<parseQuery>>()');
    expect(snippet('请分析数据。', '数据')).toBe('请分析<<数据>>。');
    expect(snippet('item ⑺ of ½', '7')).toBe('item <<⑺>> of ½');
    expect(snippet('nothing', 'fox')).toBeNull();
    expect(snippet('foxes', 'fox')).toBeNull();
  });

  it.each(['fox', 'dos', '狐', 'query', '"the fox"'])(
    'for %j is the same wherever in a long text the match stands',
    (query) => {
      const word = { fox: 'fox', dos: 'dós', 狐: '狐', query: 'parseQuery', '"the fox"': 'the fox' }[query]!;
      for (const filler of ['before ', 'é before ', 'a-b_c ']) {
        const around = (count: number) =>
          snippet(`${filler.repeat(count)}${word} ${filler.repeat(count)}`, query)!;
        const far = around(20_000);
        expect(far).toBe(around(100));
        expect(far).toContain(`<<${word}>>`);
        expect(far.length).toBeLessThan(160);
        expect(far).toMatch(/^….*…$/);
      }
    },
  );

  it('is cut between words', () => {
    const content = `${'before '.repeat(50)}the fox ${'after '.repeat(50)}`;
    expect(snippet(content, 'fox')).toMatch(/^…(before )+the <<fox>>( after)+…$/);
  });

  it('is short, however long a match is', () => {
    expect(snippet('a'.repeat(1_000_000), 'aa*')!.length).toBeLessThan(300);
    expect(snippet('é'.repeat(1_000_000), 'ee*')!.length).toBeLessThan(300);
    expect(snippet(`red${' '.repeat(1_000_000)}fox`, '"red fox"')!.length).toBeLessThan(300);
    expect(snippet(`red${' '.repeat(1_000_000)}fox`, 'fox')!.length).toBeLessThan(300);
  });

  it('has parts of which each is a match or is not, whatever the text holds', () => {
    expect(snippetOf('a <<fox>> fox', parseQuery('fox'))).toEqual([
      { text: 'a <<', isMatch: false },
      { text: 'fox', isMatch: true },
      { text: '>> ', isMatch: false },
      { text: 'fox', isMatch: true },
    ]);
    expect(snippetOf('数据', parseQuery('数 据'))).toEqual([
      { text: '数', isMatch: true },
      { text: '据', isMatch: true },
    ]);
    expect(snippetOf(`fox ${'after '.repeat(50)}`, parseQuery('fox'))!.map(({ text }) => text)).toEqual([
      'fox',
      expect.stringMatching(/^ after.*…$/),
    ]);
  });
});
