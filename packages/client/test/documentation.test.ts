import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startTestServer } from '../../../test/server/running.ts';
import { ROOT, readPage } from '../../../test/support/documentation.ts';
import { temporaryDirectory } from '../../../test/support/repository.ts';
import * as exported from '../src/index.ts';
import { Sessiontree } from '../src/index.ts';
import { docstringExamples, pageExamples, programOf } from './examples.ts';
import { methods } from './support.ts';

const run = promisify(execFile);
const SRC = join(ROOT, 'packages/client/src');

const EXAMPLES = [
  ...(await docstringExamples()),
  ...(await pageExamples('README.md')),
  ...(await pageExamples('docs/client.md')),
  ...(await pageExamples('packages/client/README.md')),
];

/** The sessions that an example speaks of, under ids of its own. */
async function createSessions(client: Sessiontree, n: number): Promise<void> {
  const messages = [{ role: 'USER', content: 'Is Lisbon warm in May?' }] as const;
  await client.sessions.create({ id: `trip-${n}`, title: 'Plan a trip', messages });
  await client.sessions.spawn(`trip-${n}`, { id: `flights-${n}`, title: 'Find flights' });
}

/** A folder in which `@sessiontree/client` is the source of this repository. */
async function openFolder(): Promise<string> {
  const directory = await temporaryDirectory();
  const home = join(directory, 'node_modules/@sessiontree/client');
  await mkdir(home, { recursive: true });
  // Node.js strips types only outside of node_modules: the real path of a link counts.
  await symlink(SRC, join(home, 'src'));
  const manifest = { name: '@sessiontree/client', type: 'module', exports: './src/index.ts' };
  await writeFile(join(home, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(directory, 'package.json'), '{ "private": true, "type": "module" }');
  return directory;
}

test('the documentation has an example for each method', async () => {
  const names = EXAMPLES.map(({ code }) => code).join('\n');
  for (const method of methods()) expect(names, method).toContain(`client.${method}`);
});

test('every example of the documentation runs', { timeout: 90_000 }, async () => {
  const { url } = await startTestServer();
  const client = new Sessiontree(url);
  const directory = await openFolder();
  const imports: string[] = [];
  for (const [n, example] of EXAMPLES.entries()) {
    await createSessions(client, n);
    const program = programOf(example, url).replaceAll(/(?<=')(trip|flights)\b/g, `$1-${n}`);
    await writeFile(join(directory, `example-${n}.ts`), program);
    imports.push(
      `await import('./example-${n}.ts').catch((error) => console.error(${JSON.stringify(example.place)}, error));`,
    );
  }
  await writeFile(join(directory, 'all.ts'), [...imports, 'export {};\n'].join('\n'));
  const { stdout, stderr } = await run(process.execPath, ['all.ts'], { cwd: directory });
  expect(stderr).toBe('');
  // What README.md prints.
  expect(stdout).toContain('USER Where to in June?\n');
  expect(stdout).toContain('true ticket-8 COMPLETED\n');
  // What packages/client/README.md prints.
  expect(stdout).toContain('USER Where to in May?\n');
  // What the errors of docs/client.md print.
  expect(stdout).toMatch(/^trip\S* is there already$/m);
  expect(stdout).toMatch(/^7 was expected, it is \d+$/m);
});

test('the examples have no type errors', async () => {
  const directory = await openFolder();
  for (const [n, example] of EXAMPLES.entries())
    await writeFile(join(directory, `example-${n}.ts`), programOf(example, 'http://localhost:4000/graphql'));
  const compilerOptions = {
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    target: 'es2024',
    module: 'nodenext',
    lib: ['es2024', 'dom'],
    types: [],
    allowImportingTsExtensions: true,
  };
  await writeFile(
    join(directory, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: ['example-*.ts'] }),
  );
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const { stdout } = await run(tsc, ['-p', directory]).catch((error: { stdout: string }) => error);
  expect(stdout).toBe('');
});

test('docs/client.md has a row for each method', async () => {
  const page = await readPage('docs/client.md');
  const rows = [...page.matchAll(/^\| (`[\w.]+\(.*?\)`.*?) \|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`([\w.]+)\(/g)].map(([, name]) => name!),
  );
  expect([...new Set(rows)].toSorted()).toEqual(methods().toSorted());
});

test('docs/client.md names everything that the package exports, and nothing else', async () => {
  const page = await readPage('docs/client.md');
  const index = await readFile(join(SRC, 'index.ts'), 'utf8');
  const named = [...index.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list]) =>
    list!.split(',').map((name) => name.replace('type ', '').trim()),
  );
  const names = named.filter((name) => name !== '');
  expect(names).toEqual(expect.arrayContaining(Object.keys(exported)));
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  const generated = await readFile(join(SRC, 'generated/types.ts'), 'utf8');
  const types = [...generated.matchAll(/^export (?:interface|type) (\w+)/gm)].map(([, name]) => name!);
  const capitals = [...page.matchAll(/`([A-Z][a-z]\w+)`/g)].map(([, name]) => name!);
  const others = new Set(['Date', 'Authorization', 'Retry', 'WebSocket']);
  expect(capitals.filter((name) => ![...names, ...types].includes(name) && !others.has(name))).toEqual([]);
});

test('docs/client.md has the fields of each error', async () => {
  const page = await readPage('docs/client.md');
  const generated = await readFile(join(SRC, 'generated/types.ts'), 'utf8');
  const errors = [...generated.matchAll(/interface (\w+Error)Fields \{(.*?)^\}/gms)];
  expect(errors.length).toBeGreaterThan(5);
  for (const [, name, body] of errors) {
    const fields = [...body!.matchAll(/^ {2}readonly (\w+)/gm)].map(([, field]) => field!);
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` |`));
    const shown = [
      ...row!
        .split('|')
        .at(-2)!
        .matchAll(/`(\w+)`/g),
    ].map(([, field]) => field!);
    // All errors have a message, and `isRetryable`.
    expect(shown.toSorted(), name).toEqual(
      fields.filter((field) => field !== 'message' && field !== 'isRetryable').toSorted(),
    );
  }
});
