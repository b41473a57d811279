import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { compileLiteral } from '../src/compile-literal.ts';

test.each([
  'a',
  '__proto__',
  'constructor',
  'toJSON',
  'then',
  '"',
  '\\',
  "'",
  '\n',
  '\u2028',
  '`',
  '});',
  '',
])('the key %j is one of the object itself', (key) => {
  const make = compileLiteral<(value: number) => object>({
    parameters: ['value'],
    members: [
      ['before', '1'],
      [key, 'value'],
      ['after', 'null'],
    ],
  })!;
  const expected = JSON.stringify(
    Object.fromEntries([
      ['before', 1],
      [key, 7],
      ['after', null],
    ]),
  );
  expect(JSON.stringify(make(7))).toBe(expected);
  expect(Object.getPrototypeOf(make(7))).toBe(Object.prototype);
});

test('a compiled expression may call what is bound', () => {
  const make = compileLiteral<(value: string) => object>({
    parameters: ['value'],
    bound: { upper: (text: string) => text.toUpperCase() },
    members: [['said', 'upper(value)']],
  })!;
  expect(make('no')).toEqual({ said: 'NO' });
});

test('where no text may be compiled, a store is opened, written and read all the same', () => {
  const program = `
    import { mkdtempSync, rmSync } from 'node:fs';
    import { tmpdir } from 'node:os';
    import { join } from 'node:path';
    import { openFileRepository } from './src/index.ts';
    const directory = mkdtempSync(join(tmpdir(), 'sessiontree-'));
    const repository = await openFileRepository({ directory });
    await repository.create({ id: 'a', title: 'kept' });
    await repository.create({ id: 'b', parentId: 'a' });
    const page = { limit: 5, from: 'start' };
    const [{ items }] = await repository.descendantsOf(['a'], page, null);
    const [a] = await repository.findMany(['a']);
    console.log(JSON.stringify([a.title, items.map(({ id }) => id)]));
    await repository.close();
    rmSync(directory, { recursive: true });
  `;
  const options = ['--disallow-code-generation-from-strings', '--input-type=module', '--eval', program];
  const cwd = new URL('..', import.meta.url);
  expect(execFileSync(process.execPath, options, { cwd, encoding: 'utf8' })).toBe('["kept",["b"]]\n');
});
