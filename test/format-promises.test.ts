import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const held = [
  ...readFileSync(join(root, 'FORMAT.md'), 'utf8').matchAll(/`(test\/[^`]+\.ts)`: ([^;|]+?)(?=;| \|)/g),
];

it('FORMAT.md names a test for each fault', () => {
  expect(held.length).toBeGreaterThan(10);
});

it.each(held.map(([, file, name]) => [file!, name!]))('%s holds "%s"', (file, name) => {
  expect(readFileSync(join(root, file), 'utf8')).toContain(name);
});
