import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { JsonObject } from '../../src/model/json.ts';
import { MESSAGE_ROLES } from '../../src/model/message.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';

/** A store with sessions and messages of every kind, for all tests of a file. */
export function useVariedStore(): { readonly repository: SessionRepository } {
  let directory: string;
  let repository: SessionRepository;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sessiontree-test-'));
    repository = await openFileRepository({ directory, durability: 'os' });
    await fillVaried(repository);
  });

  afterAll(async () => {
    await repository.close();
    await rm(directory, { recursive: true });
  });

  return {
    get repository() {
      return repository;
    },
  };
}

/** Parsed from JSON, in which `__proto__` is an ordinary key. */
const ODD_METADATA = JSON.parse(
  '{"__proto__":{"a":1},"constructor":"c","toJSON":"no function","then":[],"":0,"__typename":"T","topic":"odd"}',
) as JsonObject;

async function fillVaried(repository: SessionRepository): Promise<void> {
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 31, 9, minute));
  const create = (id: string, parentId: string | null, more: object = {}) =>
    repository.create({ id, parentId, title: `The ${id}`, createdAt: at(0), ...more });
  await create('root', null, { userId: 'ada', metadata: ODD_METADATA });
  for (const id of ['a', 'b', 'c']) await create(id, 'root', { metadata: { topic: id } });
  for (const id of ['a-0', 'a-1']) await create(id, 'a', { title: null });
  await create('a-0-0', 'a-0', { userId: null });
  await create('b-0', 'b');
  await create('other', null, { userId: 'bob', createdAt: at(5) });
  await create('gone', 'b');
  for (const sessionId of ['root', 'a', 'a-0']) {
    await repository.append({
      sessionId,
      messages: MESSAGE_ROLES.flatMap((role, n) => [
        {
          role,
          content: `hello ${role} of ${sessionId} "quoted" 数据`,
          createdAt: at(n),
          payload: n % 2 ? { parts: [{ type: 'text', n }, null] } : [1, 'two', null],
          usage: n % 2 ? { inputTokens: 2 ** 40 + n, outputTokens: n, costUsd: 0.1 * n } : null,
          name: n === 3 ? 'search' : null,
          toolCallId: n === 3 ? 'call-1' : null,
          metadata: n === 1 ? ODD_METADATA : {},
        },
      ]),
    });
  }
  const throughMessage = { sessionId: 'a', ordinal: 1 };
  await repository.fork({ sessionId: 'a', id: 'fork', asRoot: false, throughMessage });
  await repository.fork({ sessionId: 'gone', id: 'fork-of-gone', asRoot: true });
  await repository.delete({ sessionId: 'gone', mode: 'CASCADE' });
  await repository.archive({ sessionId: 'b', archived: true, subtree: true });
}
