import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const run = promisify(execFile);

let project: string;

/** The tarball that would be published, installed into an empty project. */
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'sessiontree-test-'));
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  await run('npm', ['pack', '--pack-destination', project], { cwd: ROOT });
  const tarball = (await readdir(project)).find((name) => name.endsWith('.tgz'));
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`], {
    cwd: project,
  });
}, 120_000);

afterAll(() => rm(project, { recursive: true, force: true }));

test('the installed package has a command', async () => {
  const { stdout } = await run('npx', ['--no-install', 'sessiontree', '--help'], { cwd: project });
  expect(stdout).toContain('Usage: sessiontree');
  const check = run('npx', ['--no-install', 'sessiontree', 'serve', '--port', 'http'], { cwd: project });
  await expect(check).rejects.toMatchObject({ code: 2 });
});

test('what the command compiled is kept beside it, for its next start', async () => {
  // Vitest has what it starts keep nothing while it measures coverage.
  const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: undefined };
  await run('npx', ['--no-install', 'sessiontree', '--help'], { cwd: project, env });
  const kept = await readdir(join(project, 'node_modules/sessiontree/node_modules/.cache/sessiontree'));
  expect(kept).toEqual([expect.stringContaining(process.version)]);
});

const PROGRAM = `
import { createSessiontreeYoga, DEFAULT_LIMITS, openFileRepository, type Session } from 'sessiontree';
import { pino } from 'pino';

const repository = await openFileRepository({ directory: 'data' });
const session: Session = await repository.create({ id: 'made-by-a-program' });
const yoga = createSessiontreeYoga({
  repository,
  limits: DEFAULT_LIMITS,
  logger: pino({ level: 'silent' }),
  allowedHosts: [],
  allowedOrigins: [],
});
const query = encodeURIComponent(\`{ session(id: "\${session.id}") { id depth } }\`);
const response = await yoga.fetch(\`http://localhost/graphql?query=\${query}\`);
process.stdout.write(await response.text());
await repository.close();
`;

test('a program that imports it runs, and its types are right', async () => {
  const file = join(project, 'program.ts');
  await writeFile(file, PROGRAM);
  const { stdout } = await run(process.execPath, [file], { cwd: project });
  expect(JSON.parse(stdout)).toEqual({ data: { session: { id: 'made-by-a-program', depth: 0 } } });
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const types = ['--typeRoots', join(ROOT, 'node_modules/@types'), '--types', 'node', '--skipLibCheck'];
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', ...types];
  await run(tsc, [...options, file], { cwd: project });
  await writeFile(file, PROGRAM.replace('const session: Session', 'const session: number'));
  await expect(run(tsc, [...options, file], { cwd: project })).rejects.toMatchObject({
    stdout: expect.stringContaining("Type 'Session' is not assignable to type 'number'"),
  });
});

test('the schema comes along', () => {
  expect(existsSync(join(project, 'node_modules/sessiontree/schema.graphql'))).toBe(true);
});

test('on a Node that is too old the command says so in one line', async ({ skip }) => {
  const old = findOldNode();
  skip(old === undefined, 'there is no Node older than 24 in the PATH');
  const bin = join(project, 'node_modules/.bin/sessiontree');
  await expect(run(old!, [bin, 'serve'])).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^sessiontree needs Node\.js 24 or newer; this is v\d+\.\d+\.\d+\.\n$/),
  });
});

/** The machine's own Node, where npm has put a newer one before it. */
function findOldNode(): string | undefined {
  return process.env
    .PATH!.split(delimiter)
    .filter((directory) => !directory.includes('node_modules'))
    .map((directory) => join(directory, 'node'))
    .filter((path) => existsSync(path))
    .find(
      (path) =>
        Number(execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).split('.')[0]) < 24,
    );
}
