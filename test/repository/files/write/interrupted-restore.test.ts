import { cpSync, readFileSync, truncateSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ZERO_USAGE } from '../../../../src/model/usage.ts';
import { sessionPath } from '../../../../src/repository/files/format/layout.ts';
import type { RestoreSession } from '../../../../src/repository/mutations.ts';
import { contents, say, TestStore } from '../store.ts';

const AT = new Date('2026-01-02T03:04:05.006Z');
const COPY: RestoreSession = {
  id: 'copy',
  parentId: 'parent',
  userId: null,
  key: 'k',
  title: 't',
  agentName: null,
  project: null,
  status: 'IDLE',
  statusMessage: null,
  statusChangedAt: AT,
  spawnedBy: null,
  metadata: {},
  createdAt: AT,
  lastActiveAt: AT,
  updatedAt: AT,
  version: 7,
  archivedAt: AT,
  forkedFrom: null,
  historyLength: 2,
  nextOrdinal: 9,
  paid: [{ day: '2026-01-02', model: null, responseCount: 1, usage: { ...ZERO_USAGE, inputTokens: 3 } }],
  async *messages() {
    yield { ...say('first'), ordinal: 0, createdAt: AT, replacedAt: null };
    yield { ...say('second'), ordinal: 5, createdAt: AT, replacedAt: AT };
  },
};

/** A store as a crash left it, with the first `size` bytes of a file that a restore wrote. */
async function crashed(size: (lines: readonly string[]) => number, files: readonly string[]) {
  const store = await TestStore.make();
  await store.during((repository) => repository.create({ id: 'parent' }));
  const repository = await store.open();
  const restored = await repository.restore(COPY);
  const left = await TestStore.make();
  for (const name of files) cpSync(store.path(name), left.path(name), { recursive: true });
  const bytes = size(store.lines('copy'));
  expect(bytes).toBeLessThan(readFileSync(left.sessionFile('copy')).length);
  truncateSync(left.sessionFile('copy'), bytes);
  return { left, restored };
}

const lengthOf = (lines: readonly string[]) => Buffer.byteLength(lines.map((line) => `${line}\n`).join(''));

describe.each([
  ['nothing', () => 0],
  ['half a line', () => 100],
  ['the creation', (lines: readonly string[]) => lengthOf(lines.slice(0, 1))],
  ['all messages', (lines: readonly string[]) => lengthOf(lines.slice(0, -1))],
  ['nearly all', (lines: readonly string[]) => lengthOf(lines) - 10],
] as const)('a restored session of whose file a crash left %s', (_, size) => {
  it('comes back whole from the journal', async () => {
    const { left, restored } = await crashed(size, ['store.jsonl', 'sessions', 'journal']);
    const repository = await left.open();
    expect(await repository.findMany(['copy'])).toEqual([restored]);
    expect(await contents(repository, 'copy')).toEqual(['first', 'second']);
    expect((await repository.status()).quarantined).toEqual([]);
  });

  it('is not there, in part or whole, if nothing else has it', async () => {
    const { left } = await crashed(size, ['store.jsonl', 'sessions']);
    const repository = await left.open();
    expect(await repository.findMany(['copy'])).toEqual([null]);
    expect(await repository.status()).toMatchObject({
      sessionCount: 1,
      quarantined: [{ path: sessionPath('copy') }],
    });
  });
});
