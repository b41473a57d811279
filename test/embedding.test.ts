import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ROOT, readBlocks } from './support/documentation.ts';
import { freePort } from './support/free-port.ts';
import { temporaryDirectory } from './support/repository.ts';

// Programs are started, and types checked: on a busy machine that takes long.
vi.setConfig({ testTimeout: 120_000 });

const blocks = await readBlocks('docs/embedding.md');
const programs = blocks.filter(({ language }) => language === 'ts').map(({ code }) => code);
const nameOf = (program: string) => program.slice('// '.length, program.indexOf('\n'));

/** A project that uses this package and has the programs of the page, each on the given port. */
async function openProject(port: number): Promise<string> {
  const directory = await temporaryDirectory();
  await mkdir(join(directory, 'node_modules/sessiontree'), { recursive: true });
  for (const name of ['express', 'fastify', 'hono', '@hono', '@types'])
    await symlink(join(ROOT, 'node_modules', name), join(directory, 'node_modules', name));
  const source = JSON.stringify(join(ROOT, 'src/index.ts'));
  const files = {
    'package.json': '{ "private": true, "type": "module" }',
    // test/package.test.ts tests the published package; this test uses the source.
    'node_modules/sessiontree/package.json': '{ "type": "module", "exports": "./index.js" }',
    'node_modules/sessiontree/index.js': `export * from ${source};`,
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        ...{ noEmit: true, strict: true, skipLibCheck: true, module: 'nodenext', target: 'esnext' },
        ...{ allowImportingTsExtensions: true, erasableSyntaxOnly: true },
        ...{ types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')] },
        paths: { sessiontree: [join(ROOT, 'src/index.ts')] },
      },
      files: programs.map(nameOf),
    }),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  for (const program of programs)
    await writeFile(join(directory, nameOf(program)), program.replaceAll('4000', String(port)));
  return directory;
}

/** Starts a program. Resolves once its own route answers. */
async function start(directory: string, name: string, port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [name], { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  while (child.exitCode === null && child.signalCode === null) {
    const hello = await fetch(`http://127.0.0.1:${port}/hello`).catch(() => null);
    if (hello) {
      expect(await hello.text()).toBe('Hello from the program itself\n');
      return child;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${name} ended before it listened.`);
}

async function stop(child: ChildProcess): Promise<number | null> {
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  return closed;
}

const FRAMEWORKS = ['express.ts', 'fastify.ts', 'hono.ts'];

test('the programs of docs/embedding.md have no type errors', async () => {
  expect(programs.map(nameOf)).toEqual([
    'node-http.ts',
    'authenticated.ts',
    'in-process.ts',
    'store.ts',
    ...FRAMEWORKS,
  ]);
  const directory = await openProject(4000);
  await promisify(execFile)(join(ROOT, 'node_modules/.bin/tsc'), ['-p', '.'], { cwd: directory }).catch(
    ({ stdout }) => expect.fail(stdout),
  );
});

async function outputOf(directory: string, name: string): Promise<string> {
  return (await promisify(execFile)(process.execPath, [name], { cwd: directory })).stdout;
}

const shownAs = (language: string) => `${blocks.find((block) => block.language === language)!.code}\n`;

test('the program of docs/embedding.md without a socket prints what the page shows, and the same when it is run again', async () => {
  const directory = await openProject(4000);
  for (const _run of ['first', 'second'])
    expect(await outputOf(directory, 'in-process.ts')).toBe(shownAs('json'));
});

test('the program of docs/embedding.md that calls the store prints the fault that the page shows', async () => {
  expect(await outputOf(await openProject(4000), 'store.ts')).toBe(shownAs('text'));
});

test.each(['node-http.ts', ...FRAMEWORKS])(
  '%s serves the API and GraphiQL beside its own route, and closes the store when stopped',
  async (name) => {
    const port = await freePort();
    const directory = await openProject(port);
    const url = `http://127.0.0.1:${port}/graphql`;
    const child = await start(directory, name, port);
    const send = (query: string, headers: Record<string, string> = {}) =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query }),
      });

    const create = 'mutation { createSession(input: { id: "kept" }) { __typename } }';
    expect(await (await send(create)).json()).toEqual({
      data: { createSession: { __typename: 'CreateSessionPayload' } },
    });
    const page = await fetch(url, { headers: { accept: 'text/html' } });
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    const files = new Set((await page.text()).match(/\/graphql\/assets\/[\w.-]+/g));
    expect(files.size).toBe(2);
    for (const file of files) expect((await fetch(new URL(file, url))).status, file).toBe(200);
    const foreign = await send(create, { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' });
    expect(foreign.status).toBe(403);

    expect(await stop(child)).toBe(0);
    const again = await start(directory, name, port);
    expect(await (await send('{ session(id: "kept") { version } }')).json()).toEqual({
      data: { session: { version: 1 } },
    });
    expect(await stop(again)).toBe(0);
  },
);

test('authenticated.ts serves those whom it knows', async () => {
  const port = await freePort();
  const child = await start(await openProject(port), 'authenticated.ts', port);
  const statusOf = async (headers: Record<string, string>) => {
    const response = await fetch(`http://127.0.0.1:${port}/graphql?query={__typename}`, { headers });
    return response.status;
  };
  expect(await statusOf({})).toBe(401);
  expect(await statusOf({ 'x-session': 'other' })).toBe(401);
  expect(await statusOf({ 'x-session': '5d1c6dfa' })).toBe(200);
  expect(await stop(child)).toBe(0);
});
