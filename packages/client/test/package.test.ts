import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import serverPackage from '../../../package.json' with { type: 'json' };
import { hasCommand } from '../../../test/cli/run.ts';
import { openBrowser } from '../../../test/server/browser.ts';
import { startTestServer } from '../../../test/server/running.ts';
import { ROOT } from '../../../test/support/documentation.ts';
import clientPackage from '../package.json' with { type: 'json' };

const run = promisify(execFile);
const PACKAGE = join(ROOT, 'packages/client');
/** Bytes of the whole client, bundled, minified and compressed by gzip. */
const BYTES_MAX = 6 * 1024;

/** Uses the client in the same way everywhere. */
const PROGRAM = `
import { SessionExistsError, Sessiontree } from '@sessiontree/client';

export async function run(url) {
  const client = new Sessiontree(url);
  const { session } = await client.sessions.create({ title: 'Plan a trip' });
  await client.history.append(session.id, { role: 'USER', content: 'Where to in May?' });
  await client.sessions.update(session.id, ({ version }) => ({ metadata: { version } }));
  const contents = [];
  for await (const { content } of client.history.list(session.id)) contents.push(content);
  const error = await client.sessions.create({ id: session.id }).catch((error) => error);
  const isExpected = error instanceof SessionExistsError && error.requestId !== null;
  const { metadata } = await client.sessions.get(session.id);
  const changes = [];
  for await (const batch of client.sessions.watch(session.id)) {
    changes.push(...batch.changes.map(({ kind }) => kind));
    if (batch.isReset) client.sessions.delete(session.id);
  }
  return { title: session.title, contents, metadata, code: error.code, isExpected, changes };
}
`;

const RESULT = {
  title: 'Plan a trip',
  contents: ['Where to in May?'],
  metadata: { version: 2 },
  code: 'SESSION_EXISTS',
  isExpected: true,
  changes: ['DELETED'],
};

let project: string;

/** The tarball that would be published, installed into a project that has nothing else. */
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'sessiontree-test-'));
  await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  await run('npm', ['pack', '--pack-destination', project], { cwd: PACKAGE });
  const [tarball] = (await readdir(project)).filter((file) => file.endsWith('.tgz'));
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${tarball}`], { cwd: project });
  await writeFile(join(project, 'program.js'), PROGRAM);
  const main =
    "import { run } from './program.js';\nconsole.log(JSON.stringify(await run(process.argv[2])));\n";
  await writeFile(join(project, 'main.js'), main);
}, 120_000);

afterAll(() => rm(project, { recursive: true, force: true }));

test('the package has no dependencies, and is released together with sessiontree', () => {
  expect(clientPackage).not.toHaveProperty('dependencies');
  expect(clientPackage).not.toHaveProperty('peerDependencies');
  expect(clientPackage.version).toBe(serverPackage.version);
});

test('the package has its code, its types and its license, and no sources or tests', async () => {
  const directory = join(project, 'node_modules/@sessiontree/client');
  expect((await readdir(directory)).toSorted()).toEqual(['LICENSE', 'README.md', 'dist', 'package.json']);
  const files = await readdir(join(directory, 'dist'), { recursive: true });
  expect(files).toContain('index.d.ts');
  expect(files.filter((file) => !/\.js$|\.d\.ts$|^generated$/.test(file))).toEqual([]);
});

test(`bundled, minified and compressed it has at most ${BYTES_MAX} bytes`, async () => {
  const entry = join(project, 'node_modules/@sessiontree/client/dist/index.js');
  await build({
    root: project,
    configFile: false,
    logLevel: 'silent',
    build: {
      lib: { entry, formats: ['es'], fileName: 'client' },
      outDir: 'bundle',
      // Vite leaves the whitespace of a library to the program that bundles it.
      rolldownOptions: { output: { minify: true } },
    },
  });
  const [file] = (await readdir(join(project, 'bundle'))).filter((name) => /\.m?js$/.test(name));
  const bytes = gzipSync(await readFile(join(project, 'bundle', file!))).byteLength;
  expect(bytes).toBeGreaterThan(1_000);
  expect(bytes).toBeLessThanOrEqual(BYTES_MAX);
});

test('a program runs in this version of Node.js', async () => {
  const { url } = await startTestServer();
  const { stdout } = await run(process.execPath, ['main.js', url], { cwd: project });
  expect(JSON.parse(stdout)).toEqual(RESULT);
});

test('a program runs in Node.js 20', async ({ skip }) => {
  const node = nodes().find((path) => versionOf(path).startsWith('20.'));
  skip(node === undefined, 'there is no Node.js 20 in the PATH');
  const { url } = await startTestServer();
  const { stdout } = await run(node!, ['main.js', url], { cwd: project });
  expect(JSON.parse(stdout)).toEqual(RESULT);
});

test.for([
  ['Bun', 'bun', []],
  ['Deno', 'deno', ['run', '--allow-net']],
] as const)('a program runs in %s', async ([name, command, options], { skip }) => {
  skip(!hasCommand(command), `there is no ${name}`);
  const { url } = await startTestServer();
  const { stdout } = await run(command, [...options, 'main.js', url], { cwd: project });
  expect(JSON.parse(stdout)).toEqual(RESULT);
});

test('a page of an allowed origin uses it in a browser', { timeout: 90_000 }, async ({ skip }) => {
  const browser = await openBrowser(skip);
  const port = await serveProject();
  const { url } = await startTestServer({ allowedOrigins: [`http://127.0.0.1:${port}`] });
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${port}/`);
  // As a text: Vitest replaces `import()` in functions.
  const result = await page.evaluate(`import('/program.js').then(({ run }) => run('${url}'))`);
  expect(result).toEqual(RESULT);
});

/** The files of the project on a web site, with a page that finds the package by its name. Returns the port. */
async function serveProject(): Promise<number> {
  const imports = { '@sessiontree/client': '/node_modules/@sessiontree/client/dist/index.js' };
  const html = `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script>`;
  const server = createServer(async ({ url = '/' }, response) => {
    if (url === '/') return response.setHeader('content-type', 'text/html').end(html);
    const text = await readFile(join(project, url)).catch(() => null);
    if (text === null) return response.writeHead(404).end();
    return response.setHeader('content-type', 'text/javascript').end(text);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const TYPED = `
import { Sessiontree, type Session } from '@sessiontree/client';
const client = new Sessiontree('http://localhost:4000/graphql');
export const session: Session | null = await client.sessions.get('trip');
await client.history.append('trip', { role: 'USER', content: 'Hi' });
`;

test.each([
  ['NodeNext', ['--module', 'nodenext']],
  ['a bundler', ['--module', 'esnext', '--moduleResolution', 'bundler']],
])('its types are right for %s, without those of Node.js', async (_, module) => {
  const file = join(project, 'typed.ts');
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const options = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--target',
    'es2022',
    '--lib',
    'es2022,dom',
    '--types',
    '',
  ];
  await writeFile(file, TYPED);
  await run(tsc, [...options, ...module, file], { cwd: project });
  await writeFile(file, TYPED.replace("'USER'", "'NOBODY'").replace('Session | null', 'Session'));
  await expect(run(tsc, [...options, ...module, file], { cwd: project })).rejects.toMatchObject({
    stdout: expect.stringMatching(/Session \| null[\s\S]*"NOBODY"/),
  });
});

function nodes(): string[] {
  const paths = process.env.PATH!.split(delimiter).map((directory) => join(directory, 'node'));
  return [...new Set(paths)].filter((path) => existsSync(path));
}

function versionOf(node: string): string {
  return execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim();
}
