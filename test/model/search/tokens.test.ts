import { describe, expect, it } from 'vitest';
import { indexedText, type Token, tokensOf } from '../../../src/model/search/tokens.ts';

const tokens = (text: string) => [...tokensOf(text)].map((token) => token.text);
const partsIn = (text: string) => [...tokensOf(text)].flatMap((token) => token.parts);

/** Splits as the index's tokenizer does, which knows only ASCII. */
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
    ['ㅋㅋ', ['ㅋ', 'ㅋ']],
    ['ｶﾞｽ ﾊﾟ ＡＢ１', ['ガ', 'ス', 'パ', 'ab1']],
    ['привет МИР Ёлка', ['привет', 'мир', 'елка']],
    ['İstanbul IĞDIR ısı ili', ['istanbul', 'igdir', 'isi', 'ili']],
    ['Łódź Đường øl Ærø œuvre Þór', ['lodz', 'duong', 'ol', 'aero', 'oeuvre', 'thor']],
    ['שָׁלוֹם־עֲלֵיכֶם', ['שלום', 'עליכם']],
    ['مُحَمَّدٌ كتـــاب أحمد ۱۲', ['محمد', 'كتاب', 'احمد', '12']],
    ['می\u200cخواهم ی', ['ميخواهم', 'ي']],
    ['हिन्दी फ़िल्म १२', ['हिन्दी', 'फिल्म', '12']],
    ['ภาษาไทย', ['ภ', 'า', 'ษ', 'า', 'ไ', 'ท', 'ย']],
    ['Tiếng Việt', ['tieng', 'viet']],
    ['п\u02bcять п’ять', ['п', 'ять', 'п', 'ять']],
    ['soft\u00adhyphen zero\u200bwidth \ufeffmark', ['softhyphen', 'zerowidth', 'mark']],
    ['⑺ ⒈ 3½ ㏂ ﷺ', ['7', '1', '3', '1', '2', 'a', 'm', 'صلي', 'الله', 'عليه', 'وسلم']],
    ['Foo™ 5㎏ m²', ['foo', 'tm', '5', 'kg', 'm2']],
    ['😀→() 👍🏽 ❤️', ['😀', '👍', '❤']],
    ['👩‍💻 🇩🇪🇺🇸 1️⃣', ['👩', '💻', '🇩🇪', '🇺🇸', '1']],
    ['\ud800x', ['x']],
  ])('%j is cut into tokens', (text, expected) => {
    expect(tokens(text)).toEqual(expected);
    expect(cutByAscii(indexedText(text).body)).toEqual(expected);
  });

  it('is cut where its tokens stand', () => {
    const text = 'Ein 数据-Bäcker, ⑺ e\u0301te\u0301 soft\u00adhyphen 👍🏽';
    const standing = ({ start, end }: Token) => text.slice(start, end);
    expect([...tokensOf(text)].map(standing)).toEqual([
      'Ein',
      '数',
      '据',
      'Bäcker',
      '⑺',
      'e\u0301te\u0301',
      'soft\u00adhyphen',
      '👍🏽',
    ]);
  });

  it('is cut alike by index and query, whatever character is in it, and a token is cut into itself', () => {
    const odd: string[] = [];
    for (let codePoint = 0; codePoint < 0x30000; codePoint += 1) {
      const character = String.fromCodePoint(codePoint);
      // Unassigned, for private use, or a surrogate.
      if (/[\p{Cn}\p{Co}\p{Cs}]/u.test(character)) continue;
      const text = `a ${character} b`;
      const cut = tokens(text);
      const isSame = cutByAscii(indexedText(text).body).join(' ') === cut.join(' ');
      if (!isSame || tokens(cut.join(' ')).join(' ') !== cut.join(' ')) odd.push(codePoint.toString(16));
    }
    expect(odd).toEqual([]);
  });
});

describe('a word that is put together', () => {
  it.each([
    ['parseQuery', ['parse', 'query']],
    ['getHTTPResponse', ['get', 'http', 'response']],
    ['utf8 sha256sum x86', ['utf', 'sha', '256', 'sha256', 'sum', '86']],
    ['base64Encode', ['base', '64', 'base64', 'encode']],
    ['РазборЗапроса', ['разбор', 'запроса']],
    ['iPhone PDFs McDonald', ['phone', 'mc', 'donald']],
    ['parse_query word Word WORD 2024', []],
    ['3f9a2c1b7d da39a3ee5e6b4b0d3255bfef95601890afd80709', []],
    [`a${'aB'.repeat(50)}`, []],
  ])('%j has parts', (text, expected) => {
    expect(partsIn(text)).toEqual(expected);
    expect(indexedText(text).parts.split(' ').filter(Boolean)).toEqual(expected);
    // With a word that is not ASCII, the whole text takes another code path.
    expect(indexedText(`${text} é`).parts.split(' ').filter(Boolean)).toEqual(expected);
  });
});
