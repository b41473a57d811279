import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { sessionPath } from '../../../src/repository/files/format/layout.ts';
import { openFileRepository } from '../../../src/repository/files/open.ts';
import { checkDataDirectory, type Problem } from '../../../src/repository/files/tools/check.ts';
import { type Mended, repairDataDirectory } from '../../../src/repository/files/tools/repair.ts';
import type { Logger } from '../../../src/repository/observer.ts';
import type { SessionReader, SessionStore } from '../../../src/repository/repository.ts';
import { temporaryDirectory } from '../../support/repository.ts';

/** The log messages of a repository, by level. */
export interface Said {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

/** A temporary data directory that the test can open and close. */
export class TestStore {
  readonly directory: string;
  readonly said: Said[] = [];

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async make(): Promise<TestStore> {
    return new TestStore(await temporaryDirectory());
  }

  /** The store in a directory that is there. The caller removes it. */
  static at(directory: string): TestStore {
    return new TestStore(directory);
  }

  async open(): Promise<SessionStore> {
    const at = (level: Said['level']) => (fields: object, message: string) => {
      this.said.push({ level, fields, message });
    };
    const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
    const repository = await openFileRepository({ directory: this.directory, logger });
    onTestFinished(() => repository.close());
    return repository;
  }

  /** Opens the store, runs `work`, and closes the store. */
  async during<T>(work: (repository: SessionStore) => Promise<T>): Promise<T> {
    const repository = await this.open();
    try {
      return await work(repository);
    } finally {
      await repository.close();
    }
  }

  /** The problems that `check` finds. */
  async problems(): Promise<readonly Problem[]> {
    return (await checkDataDirectory({ directory: this.directory })).problems;
  }

  /** Repairs the store as `sessiontree check --repair` does. */
  async repair(): Promise<Mended[]> {
    const paths = new Set((await this.problems()).map(({ path }) => path));
    return repairDataDirectory(
      { directory: this.directory },
      [...paths].filter((path) => path.endsWith('.jsonl')),
    );
  }

  path(...parts: string[]): string {
    return join(this.directory, ...parts);
  }

  sessionFile(id: string): string {
    return this.path(sessionPath(id));
  }

  /** Replaces the bytes of a session's file. */
  edit(id: string, change: (bytes: Buffer) => Buffer): void {
    writeFileSync(this.sessionFile(id), change(readFileSync(this.sessionFile(id))));
  }

  lines(id: string): string[] {
    return readFileSync(this.sessionFile(id), 'utf8').trimEnd().split('\n');
  }
}

export const say = (content: string) => ({ role: 'USER' as const, content });
export const exchange = (n: number) => [
  say(`question ${n}`),
  { role: 'ASSISTANT' as const, content: `answer ${n}` },
];

/** The contents of the messages in a session's history. */
export async function contents(repository: SessionReader, sessionId: string): Promise<string[]> {
  const [page] = await repository.historyOf([{ sessionId, page: { limit: 1_000, from: 'start' } }], 1e9);
  return page!.items.map(({ content }) => content);
}
