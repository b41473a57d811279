import { spawn } from 'node:child_process';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { openFileRepository } from '../../src/repository/files/open.ts';
import { exportOf } from '../import/sessiontree/lab.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { runCli } from './run.ts';

const CLI = join(import.meta.dirname, '../../src/cli.ts');

/** The export of a session with a child. */
async function anExport(): Promise<string> {
  const repository = await openFileRepository({ directory: await temporaryDirectory() });
  await repository.create({ id: 'top', messages: [{ role: 'USER', content: 'Hi' }] });
  await repository.create({ id: 'child', parentId: 'top' });
  const lines = await exportOf(repository);
  await repository.close();
  return lines;
}

it('recognises an export, and makes a store whose export is the same', async () => {
  const [folder, directory] = await Promise.all([temporaryDirectory(), temporaryDirectory()]);
  const lines = await anExport();
  const file = join(folder, 'all.jsonl');
  await writeFile(file, lines);
  const dry = await runCli(['import', folder, '--data', join(directory, 'none'), '--dry-run']);
  expect(dry.stdout).toBe(
    'Would import 2 new sessions, 0 changed, 0 unchanged, 0 faults; 1 message to write.\n',
  );
  expect(await runCli(['import', file, '--data', directory])).toEqual({
    code: 0,
    stdout: 'Imported 2 new sessions, 0 changed, 0 unchanged, 0 faults; 1 message written.\n',
    stderr: '',
  });
  const repository = await openFileRepository({ directory });
  expect(await exportOf(repository)).toBe(lines);
  await repository.close();
  await truncate(file, lines.length - 5);
  const cut = await runCli(['import', 'sessiontree', file, '--data', directory]);
  expect(cut).toMatchObject({
    code: 1,
    stdout: expect.stringContaining(`${file}:2: the file ends within the line\n`),
  });
});

it('reads an export from standard input', async () => {
  const directory = await temporaryDirectory();
  const child = spawn(process.execPath, [CLI, 'import', 'sessiontree', '-', '--data', directory]);
  child.stdin.end(await anExport());
  expect(await text(child.stdout)).toContain('Imported 2 new sessions, 0 changed, 0 unchanged, 0 faults');
});

it('refuses what does not go with exact copies; exit code 2', async () => {
  const folder = await temporaryDirectory();
  const wrong: [string[], string][] = [
    [[], 'sessiontree has no default place: name a file, a folder, or - for standard input'],
    [
      [folder, '--url', 'http://localhost:4000/graphql'],
      '--url is not for an export: exact copies are written by',
    ],
    [
      [folder, '--user', 'ada'],
      '--user is not for an export (sessiontree): its sessions come in as exact copies',
    ],
  ];
  const ended = await Promise.all(wrong.map(([args]) => runCli(['import', 'sessiontree', ...args])));
  expect(ended.map(({ code }) => code)).toEqual(wrong.map(() => 2));
  for (const [n, { stderr }] of ended.entries()) expect(stderr).toContain(`error: ${wrong[n]![1]}`);
});
