import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openFileRepository } from '../../src/repository/files/open.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';

/** A temporary directory, removed after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sessiontree-test-'));
  // A process that the test has just killed can still be writing there.
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }));
  return directory;
}

/** An empty store, closed and removed after the test. */
export async function openTestRepository(): Promise<SessionRepository> {
  const repository = await openFileRepository({ directory: await temporaryDirectory() });
  onTestFinished(() => repository.close());
  return repository;
}
