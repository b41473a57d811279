import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** Vitest's global setup: builds `@sessiontree/client`, which the commands import, and the explorer, so that no test sees an earlier build. */
export default async function buildPackages(): Promise<void> {
  await import(join(ROOT, 'packages/client/build.ts'));
  await import(join(ROOT, 'src/explorer/build.ts'));
}
