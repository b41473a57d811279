import { type DocumentNode, parse } from 'graphql';
import { expect, test } from 'vitest';
import { createDocumentCache } from '../../src/server/document-cache.ts';

test('what was parsed is kept under its source', () => {
  const cache = createDocumentCache<{ name: string }>();
  cache.set('{ a }', { name: 'a' });
  expect(cache.get('{ a }')).toEqual({ name: 'a' });
  expect(cache.get('{ b }')).toBeUndefined();
});

test('a document of megabytes, which comes once, is not kept', () => {
  const cache = createDocumentCache<{ name: string }>();
  const source = `{ a(text: "${'x'.repeat(20_000)}") }`;
  cache.set(source, { name: 'a' });
  expect(cache.get(source)).toBeUndefined();
});

test('documents that take much when parsed are kept as far as 64 MiB go, the latest ones', () => {
  const cache = createDocumentCache<DocumentNode>();
  // Two megabytes each.
  const sources = Array.from({ length: 60 }, (_, n) => `{ ${'a '.repeat(4_900)} a${n} }`);
  for (const source of sources) cache.set(source, parse(source));
  const kept = sources.map((source) => cache.get(source) !== undefined);
  expect(kept.at(-1)).toBe(true);
  expect(kept.filter(Boolean).length).toBeLessThan(30);
  expect(kept.lastIndexOf(false)).toBeLessThan(kept.indexOf(true));
});

test('a thousand documents of a program are kept', () => {
  const cache = createDocumentCache<DocumentNode>();
  const sources = Array.from(
    { length: 1_000 },
    (_, n) => `query Q${n} { session(id: "a") { id title history { nodes { id } } } }`,
  );
  for (const source of sources) cache.set(source, parse(source));
  expect(sources.every((source) => cache.get(source))).toBe(true);
});
