import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import packageLock from '../package-lock.json' with { type: 'json' };
import adaptersLock from '../packages/adapters/package-lock.json' with { type: 'json' };
import { PAGES, ROOT } from './support/documentation.ts';

const run = promisify(execFile);

// npm and the compiler run: on a busy machine that takes long.
vi.setConfig({ testTimeout: 120_000 });

let project: string;
let tarballs: string[];

/** The tarballs that would be published, of the client too, installed into a project that has nothing but graphql. */
beforeAll(async () => {
  project = await openProject(packageJson.peerDependencies.graphql);
  const { stdout } = await run('npm', ['run', 'tarballs', '--', '--to', project], { cwd: ROOT });
  expect(stdout).toContain(`npm install ${project}/*.tgz\n`);
  const files = await readdir(project);
  tarballs = files.filter((file) => file.endsWith('.tgz')).map((file) => join(project, file));
  await run('npm', [...INSTALL, ...tarballs], { cwd: project });
}, 300_000);

const INSTALL = ['install', '--prefer-offline', '--no-audit', '--no-fund'];

/** An empty project that depends on this version of graphql. */
async function openProject(graphql: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sessiontree-test-'));
  const manifest = { private: true, type: 'module', dependencies: { graphql } };
  await writeFile(join(directory, 'package.json'), JSON.stringify(manifest));
  return directory;
}

afterAll(() => rm(project, { recursive: true, force: true }));

test('the installed package has a command', async () => {
  const { stdout } = await run('npx', ['--no-install', 'sessiontree', '--help'], { cwd: project });
  expect(stdout).toContain('Usage: sessiontree');
  const version = await run('npx', ['--no-install', 'sessiontree', '--version'], { cwd: project });
  expect(version.stdout).toBe(`${packageJson.version}\n`);
  const check = run('npx', ['--no-install', 'sessiontree', 'serve', '--port', 'http'], { cwd: project });
  await expect(check).rejects.toMatchObject({ code: 2 });
});

test('what the command compiled is kept beside the package, for its next start', async () => {
  // The tests have a cache of their own, or none: while Vitest measures coverage, it disables that of child processes.
  const env = { ...process.env, NODE_COMPILE_CACHE: undefined, NODE_DISABLE_COMPILE_CACHE: undefined };
  await run('npx', ['--no-install', 'sessiontree', '--help'], { cwd: project, env });
  const kept = await readdir(join(project, 'node_modules/sessiontree/node_modules/.cache/sessiontree'));
  expect(kept).toEqual([expect.stringContaining(process.version)]);
});

const PROGRAM = `
import { createSessiontreeYoga, openFileRepository, type Session } from 'sessiontree';


const repository = await openFileRepository({ directory: 'data' });
const session: Session = await repository.create({ id: 'made-by-a-program' });
const yoga = createSessiontreeYoga({ repository });
const query = encodeURIComponent(\`{ session(id: "\${session.id}") { id depth } }\`);
const response = await yoga.fetch(\`http://localhost/graphql?query=\${query}\`);
process.stdout.write(await response.text());
await repository.close();
`;

test('a program that imports the package runs, and its types are right', async () => {
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

test('a program executes the schema with its own graphql', async () => {
  const file = join(project, 'own-graphql.js');
  await writeFile(
    file,
    `
      import { graphql } from 'graphql';
      import { createContext, openFileRepository, schema } from 'sessiontree';

      const repository = await openFileRepository({ directory: 'own-graphql' });
      const contextValue = createContext({ repository });
      console.log(JSON.stringify(await graphql({ schema, contextValue, source: '{ store { sessionCount } }' })));
      await repository.close();
    `,
  );
  const { stdout } = await run(process.execPath, [file], { cwd: project });
  expect(JSON.parse(stdout)).toEqual({ data: { store: { sessionCount: 0 } } });
});

test('npm refuses to install it beside another major version of graphql: two copies would not work together', async () => {
  const other = await openProject(packageJson.devDependencies.graphql16.replace('npm:graphql@', ''));
  onTestFinished(() => rm(other, { recursive: true }));
  await expect(run('npm', [...INSTALL, '--dry-run', ...tarballs], { cwd: other })).rejects.toMatchObject({
    stderr: expect.stringMatching(/ERESOLVE[\s\S]*peer graphql@"\^17/),
  });
});

test('`npm ci --omit=dev` installs graphql, though it is a peer and a development dependency', () => {
  expect(packageLock.packages['node_modules/graphql']).not.toHaveProperty('dev');
});

test('the commands find the client of their own version', async () => {
  expect(packageJson.dependencies['@sessiontree/client']).toBe(packageJson.version);
  // Port 9 is that of the discard protocol, which nobody serves.
  const args = ['--no-install', 'sessiontree', 'tree', 'trip', '--url', 'http://127.0.0.1:9'];
  await expect(run('npx', args, { cwd: project })).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Is a server running there?'),
  });
});

test('the installed command serves MCP, with libraries that come with the package', () => {
  const params = {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'test', version: '1' },
  };
  const input = `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`;
  const options = { cwd: project, input, encoding: 'utf8' } as const;
  const output = execFileSync('npx', ['--no-install', 'sessiontree', 'mcp'], options);
  const serverInfo = { name: 'sessiontree', version: packageJson.version };
  expect(JSON.parse(output)).toMatchObject({ id: 1, result: { serverInfo } });
});

test('`npm ci` builds the client and the explorer in a fresh clone, and neither without devDependencies nor in the published package', async () => {
  const clone = await mkdtemp(join(tmpdir(), 'sessiontree-test-'));
  onTestFinished(() => rm(clone, { recursive: true }));
  const files = ['package.json', 'tsconfig.json', 'packages/client/package.json', 'packages/client/build.ts'];
  for (const file of [...files, 'packages/client/tsconfig.json', 'packages/client/tsconfig.build.json']) {
    await mkdir(dirname(join(clone, file)), { recursive: true });
    await copyFile(join(ROOT, file), join(clone, file));
  }
  for (const folder of ['packages/client/src', 'src/explorer'])
    await cp(join(ROOT, folder), join(clone, folder), { recursive: true });
  await run('npm', ['run', 'prepare'], { cwd: clone });
  expect(existsSync(join(clone, 'packages/client/dist'))).toBe(false);
  await symlink(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
  await run('npm', ['run', 'prepare'], { cwd: clone });
  expect(existsSync(join(clone, 'packages/client/dist/index.js'))).toBe(true);
  expect(existsSync(join(clone, 'dist/explorer/index.html'))).toBe(true);
  await run('npm', ['run', 'prepare'], { cwd: join(project, 'node_modules/sessiontree') });
});

test.each([
  ['package-lock.json', packageLock],
  ['packages/adapters/package-lock.json', adaptersLock],
])('%s names no registry: each machine installs from its own', (_, { packages }) => {
  const entries: [string, object][] = Object.entries(packages);
  // Of a workspace, `resolved` is its folder.
  const downloaded = entries.filter(([, entry]) => !('link' in entry));
  expect(downloaded.filter(([, entry]) => 'resolved' in entry).map(([path]) => path)).toEqual([]);
});

interface AdapterManifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
}

const ADAPTERS = ['ai-sdk', 'claude-agent-sdk', 'langgraph', 'openai-agents'];

test.each(ADAPTERS)(
  'the adapter %s is released with the client, and `npm ci` installs no SDK for it',
  async (name) => {
    const file = join(ROOT, 'packages/adapters', name, 'package.json');
    const adapter = JSON.parse(await readFile(file, 'utf8')) as AdapterManifest;
    expect(adapter).toMatchObject({ name: `@sessiontree/${name}`, version: packageJson.version });
    expect(adapter.dependencies).toEqual({ '@sessiontree/client': packageJson.version });
    const sdks = Object.keys(adapter.peerDependencies);
    expect(sdks).not.toEqual([]);
    for (const sdk of sdks) {
      expect(adapter.peerDependenciesMeta[sdk]).toEqual({ optional: true });
      expect(packageLock.packages).not.toHaveProperty([`node_modules/${sdk}`]);
    }
  },
);

test('the package has nothing of the workspaces, which are packages of their own', () => {
  expect(existsSync(join(project, 'node_modules/sessiontree/dist'))).toBe(true);
  expect(existsSync(join(project, 'node_modules/sessiontree/packages'))).toBe(false);
});

test.each(['schema.graphql', ...PAGES, 'SECURITY.md', 'deploy/nginx.conf', 'bench/chart.svg'])(
  'the package has %s',
  (file) => {
    expect(existsSync(join(project, 'node_modules/sessiontree', file))).toBe(true);
  },
);

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

test('on a Node that is too old `npm ci` has no complaint: all scripts run on the Node that it installs', async ({
  skip,
}) => {
  const old = findOldNode();
  skip(old === undefined, 'there is no Node older than 24 in the PATH');
  const npm = join(dirname(old!), 'npm');
  skip(!existsSync(npm), 'it has no npm');
  const clone = await mkdtemp(join(tmpdir(), 'sessiontree-test-'));
  onTestFinished(() => rm(clone, { recursive: true }));
  await mkdir(join(clone, 'packages/client'), { recursive: true });
  for (const file of ['package.json', 'package-lock.json', '.npmrc', 'packages/client/package.json'])
    await copyFile(join(ROOT, file), join(clone, file));
  // The environment of this test may have npm settings of its own.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  const { stderr } = await run(old!, [await realpath(npm), 'ci', '--dry-run'], { cwd: clone, env });
  expect(stderr).toBe('');
});

/** The machine's own Node.js, if npm has put a newer one before it in PATH. */
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
