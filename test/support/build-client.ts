import { join } from 'node:path';

/** Vitest's global setup: builds `@sessiontree/client`, which the commands import, so that no test sees an earlier build. */
export default async function buildClient(): Promise<void> {
  await import(join(import.meta.dirname, '../../packages/client/build.ts'));
}
