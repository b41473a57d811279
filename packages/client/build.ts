import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * Compiles the package into `dist/`. A file that stays the same is not written, and another one is replaced in one step: programs that
 * import the package meanwhile, such as the tests of the commands, never find it missing or half written.
 */
const PACKAGE = import.meta.dirname;
const DIST = join(PACKAGE, 'dist');

const compiled = mkdtempSync(join(tmpdir(), 'sessiontree-client-'));
try {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', join(PACKAGE, 'tsconfig.build.json'), '--outDir', compiled], {
    stdio: 'inherit',
  });
  const files = filesIn(compiled);
  for (const file of files) replace(join(DIST, file), readFileSync(join(compiled, file)));
  for (const file of filesIn(DIST)) if (!files.includes(file)) rmSync(join(DIST, file));
} finally {
  rmSync(compiled, { recursive: true });
}

function filesIn(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(directory.length + 1));
}

function replace(path: string, content: Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  try {
    if (readFileSync(path).equals(content)) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const next = `${path}.${process.pid}`;
  writeFileSync(next, content);
  renameSync(next, path);
}
