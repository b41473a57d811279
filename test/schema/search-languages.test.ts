import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openFileRepository } from '../../src/repository/files/open.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { graphql } from '../generated/index.ts';
import { type Api, createApi } from '../support/api.ts';

const SEARCH = graphql(`
  query SearchInLanguages($query: String!) {
    searchMessages(query: $query) { edges { snippet node { content } } }
  }
`);

/** Texts, and the queries that find them. */
const TEXTS: readonly (readonly [language: string, content: string, ...queries: string[]])[] = [
  ['English', 'the naïve café', 'NAIVE cafe', '"naive café"'],
  ['German', 'Größe der Straße', 'grosse', 'STRASSE', 'straß*'],
  ['French', "l'avion et son équipage, un cœur", 'avion', 'equipage', 'coeur', 'cœur', 'l’avion'],
  ['Spanish', 'El niño comió piñas', 'nino', 'comio pinas'],
  ['Portuguese', 'A informação já chegou', 'informacao'],
  ['Polish', 'Łódź i żółte źródło', 'lodz', 'zolte zrodlo'],
  ['Czech', 'Příliš žluťoučký kůň', 'prilis', 'zlutoucky kun'],
  ['Turkish', 'İSTANBUL ve IĞDIR, ılık çay', 'istanbul', 'ıstanbul', 'Iğdır', 'igdir', 'ILIK', 'cay'],
  ['Vietnamese', 'Đường phố Việt Nam', 'duong pho', 'viet', 'Việt'.normalize('NFD')],
  ['Icelandic', 'Þórður fór í Ærlæk', 'thordur', 'aerlaek'],
  ['Danish', 'Rødgrød med fløde', 'rodgrod', 'flode'],
  ['Greek', 'Ο ΔΡΟΜΟΣ και η οδός', 'δρομος', 'οδοσ', 'ΟΔΟΣ'],
  ['Russian', 'Ещё ёлка и йод', 'еще', 'елка', 'иод'],
  ['Ukrainian', 'п’ять ґанків', "п'ять", 'п\u02bcять', 'ганків'],
  ['Hebrew', 'שָׁלוֹם עֲלֵיכֶם', 'שלום', 'עליכם'],
  ['Arabic', 'مُحَمَّدٌ كَتَبَ كِتـــابًا', 'محمد', 'كتابا', 'كتب'],
  ['Persian', 'می\u200cخواهم کتاب ۱۲', 'میخواهم', 'كتاب 12'],
  ['Hindi', 'हिन्दी में फ़िल्म', 'हिन्दी', 'फिल्म'],
  ['Thai', 'ฉันรักภาษาไทย', 'ภาษา', 'รัก'],
  ['Chinese', '请帮我分析这份数据报告', '数据', '分析 报告'],
  ['Japanese', '東京タワーに行きました ｶﾞｲﾄﾞ', 'タワー', 'ガイド', '行き'],
  ['Korean', '데이터베이스를 고쳐 주세요', '베이스', '데이터'.normalize('NFD')],
  ['Georgian', 'საქართველო', 'საქართველო', 'ᲡᲐᲥᲐᲠᲗᲕᲔᲚᲝ'],
  ['Armenian', 'Բարեւ Ձեզ', 'բարեւ', 'ձեզ'],
  [
    'names in code',
    'call parseQueryText or read_file_sync with utf8',
    'query',
    'parsequerytext',
    'file',
    'read_file',
    'utf',
    'sync',
  ],
  ['what nobody sees', 'soft\u00adhyphen and zero\u200bspace', 'softhyphen', 'zerospace', 'zero\u200bspace'],
  ['emoji', 'well done 👍🏽 🎉🇩🇪', '👍', '🎉', '🇩🇪', 'done👍'],
];

let directory: string;
let store: SessionRepository;
let api: Api;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sessiontree-test-'));
  store = await openFileRepository({ directory });
  const messages = TEXTS.map(([, content]) => ({ role: 'USER' as const, content }));
  await store.create({ messages });
  api = createApi(store);
});

afterAll(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

test.each(
  TEXTS.flatMap(([language, content, ...queries]) => queries.map((query) => ({ language, content, query }))),
)('$language: "$content" is found by "$query", and shown so', async ({ content, query }) => {
  const { edges } = (await api.query(SEARCH, { query })).searchMessages;
  expect(edges.map(({ node }) => node.content)).toContain(content);
  for (const { snippet } of edges) expect(snippet).toMatch(/<<.+>>/s);
});

test.each([
  ['ue for ü', 'Größe', 'groesse'],
  ['an apostrophe left out', "l'avion", 'lavion'],
  ['what an underscore joins, in one', 'read_file_sync', 'readfilesync'],
  ['a single letter of a name', 'utf8', '8'],
])('a search does not find what is documented as not found: %s', async (_, __, query) => {
  expect((await api.query(SEARCH, { query })).searchMessages.edges).toEqual([]);
});
