import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { createVitest, type TestCase } from 'vitest/node';
import { PARTS } from './torture/parts.ts';

const ROOT = join(import.meta.dirname, '..');
const PAGE = readFileSync(join(ROOT, 'FORMAT.md'), 'utf8');

/** The rows of the table of faults: each with the tests that FORMAT.md names, as file and name. */
const faults = [
  ...PAGE.split('\n| fault |')[1]!
    .split('\n\n')[0]!
    .matchAll(/^\| (.+?) \|.*\| (.+?) \|$/gm),
].map(([, fault, heldBy]) => ({
  fault: fault!,
  tests: [...heldBy!.matchAll(/`(test\/[^`]+)`: (.+?)(?=; `test|$)/g)].map(([, file, name]) => ({
    file: file!,
    name: name!,
  })),
}));

const named = faults.flatMap(({ tests }) =>
  tests.map(({ file, name }): [file: string, name: string] => [file, name]),
);
const isPartOfTorture = ([file]: [string, string]) => file.startsWith('test/torture/');
const namedParts = named.filter(isPartOfTorture);
const namedTests = named.filter((each) => !isPartOfTorture(each));

/** The tests of all files that FORMAT.md names, read without running them: titles of `each` stand as they are written. */
let tests: readonly TestCase[] = [];

beforeAll(async () => {
  const files = new Set(namedTests.map(([file]) => file));
  const vitest = await createVitest('test', { root: ROOT, project: 'all', watch: false, reporters: [] });
  try {
    const specifications = await vitest.getRelevantTestSpecifications([...files]);
    tests = (await vitest.parseSpecifications(specifications)).flatMap((module) => [
      ...module.children.allTests(),
    ]);
  } finally {
    await vitest.close();
  }
});

it.each(faults)('FORMAT.md names tests that hold what it promises where $fault', ({ tests }) => {
  expect(tests.length).toBeGreaterThan(0);
});

it.each(namedTests)('%s has a test or a group "%s", which is run', (file, name) => {
  const held = tests.filter(
    ({ module, fullName }) => module.moduleId === join(ROOT, file) && fullName.split(' > ').includes(name),
  );
  expect(held.length).toBeGreaterThan(0);
  // One that only some machines can run (`skipIf`) is marked as skipped too.
  const isSwitchedOff = /\b(?:describe|it|test)\.(?:skip|todo|fails)\b/.test(
    readFileSync(join(ROOT, file), 'utf8'),
  );
  if (isSwitchedOff) expect(held.map(({ options }) => options.mode)).toEqual(held.map(() => 'run'));
});

it.each(namedParts)('%s has the part "%s" of the torture suite', (file, name) => {
  expect(readFileSync(join(ROOT, file), 'utf8')).toContain(name);
  expect(Object.values(PARTS).filter((part) => part.name.startsWith(name)).length).toBeGreaterThan(0);
});
