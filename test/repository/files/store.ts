import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { sessionPath } from '../../../src/repository/files/layout.ts';
import { openFileRepository } from '../../../src/repository/files/open.ts';
import type { Logger } from '../../../src/repository/observer.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { temporaryDirectory } from '../../support/repository.ts';

/** What a repository said, by level. */
export interface Said {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

/** A data directory of this test's own, which is opened and closed as the test likes. */
export class TestStore {
  readonly directory: string;
  readonly said: Said[] = [];

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async make(): Promise<TestStore> {
    return new TestStore(await temporaryDirectory());
  }

  async open(): Promise<SessionRepository> {
    const at = (level: Said['level']) => (fields: object, message: string) => {
      this.said.push({ level, fields, message });
    };
    const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
    const repository = await openFileRepository({ directory: this.directory, logger });
    onTestFinished(() => repository.close());
    return repository;
  }

  /** Opens it, does `work`, and closes it. */
  async during<T>(work: (repository: SessionRepository) => Promise<T>): Promise<T> {
    const repository = await this.open();
    try {
      return await work(repository);
    } finally {
      await repository.close();
    }
  }

  path(...parts: string[]): string {
    return join(this.directory, ...parts);
  }

  sessionFile(id: string): string {
    return this.path(sessionPath(id));
  }

  /** Changes the bytes of a session's file. */
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

/** The contents of a session's history. */
export async function contents(repository: SessionRepository, sessionId: string): Promise<string[]> {
  const [page] = await repository.historyOf([{ sessionId, page: { limit: 1_000, from: 'start' } }], 1e9);
  return page!.items.map(({ content }) => content);
}
