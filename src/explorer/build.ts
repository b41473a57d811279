import { randomUUID } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';

/** Builds the page into `dist/explorer`, which is replaced in one step: a server that starts meanwhile finds all of it. */
const DIST = join(import.meta.dirname, '../../dist');
const TARGET = join(DIST, 'explorer');
const outDir = join(DIST, `explorer.${randomUUID()}`);

try {
  await build({ configFile: join(import.meta.dirname, 'vite.config.ts'), build: { outDir } });
  const former = `${outDir}.former`;
  if (existsSync(TARGET)) renameSync(TARGET, former);
  renameSync(outDir, TARGET);
  rmSync(former, { recursive: true, force: true });
} finally {
  rmSync(outDir, { recursive: true, force: true });
}
