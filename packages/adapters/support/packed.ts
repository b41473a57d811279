import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const run = promisify(execFile);

const ADAPTERS = join(import.meta.dirname, '..');
const CLIENT = join(ADAPTERS, '../client');

export interface PackedProject {
  /** The files of the installed package, from its folder on. */
  readonly files: readonly string[];
  /** Runs a program with these arguments in the project, and resolves with what it printed. */
  run(program: string, ...args: string[]): Promise<string>;
}

/**
 * Packs an adapter and the client as `npm publish` would, and installs both into an empty project without the SDK, which is the program's own
 * matter. The project is gone after the test.
 */
export async function packedProject(adapter: string): Promise<PackedProject> {
  const project = await mkdtemp(join(tmpdir(), 'sessiontree-adapters-'));
  onTestFinished(() => rm(project, { recursive: true }));
  await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const folder = join(ADAPTERS, adapter);
  for (const cwd of [CLIENT, folder]) await run('npm', ['pack', '--pack-destination', project], { cwd });
  const tarballs = (await readdir(project))
    .filter((file) => file.endsWith('.tgz'))
    .map((file) => `./${file}`);
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', ...tarballs], { cwd: project });
  const { name } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { name: string };
  return {
    files: await readdir(join(project, 'node_modules', name), { recursive: true }),
    async run(program, ...args) {
      await writeFile(join(project, 'program.js'), program);
      return (await run(process.execPath, ['program.js', ...args], { cwd: project })).stdout;
    },
  };
}
