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
