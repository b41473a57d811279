import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFileRepository } from '../../src/repository/files/open.ts';
import { storeWithTree } from '../export/tree.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { hasCommand, runCli } from './run.ts';

const SEED = join(import.meta.dirname, '../fixtures/seed');
const CLI = join(import.meta.dirname, '../../src/cli.ts');

interface Line {
  readonly id: string;
  readonly historyLength: number;
  readonly history: readonly { id: string; position: number; content: string }[];
}

const linesOf = (stdout: string): Line[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

/** A store with the sessions of the seed, which tests only read. */
let seeded: string;

beforeAll(async () => {
  seeded = await mkdtemp(join(tmpdir(), 'sessiontree-test-'));
  await runCli(['import', SEED, '--data', seeded]);
});
afterAll(() => rm(seeded, { recursive: true }));

describe('sessiontree export', () => {
  it('writes a subtree, one JSON line a session, in pre-order', async () => {
    const data = seeded;
    const whole = await runCli(['export', 'planner-main', '--data', data]);
    expect({ code: whole.code, stderr: whole.stderr }).toEqual({ code: 0, stderr: '' });
    expect(linesOf(whole.stdout).map(({ id }) => id)).toEqual([
      'planner-main',
      'ce0e18db',
      'b7d041f5',
      '013cbf8c',
      '9a396944',
      'af2ad912',
    ]);
    const part = await runCli(['export', '013cbf8c', '--data', data]);
    expect(linesOf(part.stdout).map(({ id }) => id)).toEqual(['013cbf8c', '9a396944']);
    expect(whole.stdout).toContain(part.stdout);
  });

  it('writes every member of a session and its messages, and leaves out what a message has not', async () => {
    const data = await temporaryDirectory();
    const repository = await openFileRepository({ directory: data });
    const at = new Date('2026-03-01T10:00:00.123Z');
    await repository.create({ id: 'p', userId: 'ada', createdAt: at });
    await repository.create({
      id: 's',
      parentId: 'p',
      title: 'A title\n',
      agentName: 'planner',
      project: 'ours',
      status: 'WAITING',
      statusMessage: 'for Ada',
      spawnedBy: { toolCallId: 'call-0' },
      metadata: JSON.parse('{"__proto__":{"x":1}}'),
      createdAt: at,
      messages: [
        { role: 'USER', content: 'hi ✓', createdAt: at },
        {
          role: 'TOOL',
          content: '',
          name: 'grep',
          toolCallId: 'call-1',
          isError: true,
          isCopy: true,
          payload: [1, null],
          usage: { inputTokens: 1, outputTokens: 2, costUsd: 0.5 },
          metadata: { k: 'v' },
          createdAt: at,
        },
        {
          role: 'ASSISTANT',
          content: '',
          kind: 'k',
          reasoning: 'hm',
          toolCalls: [{ toolCallId: 'call-2', name: 'read', arguments: { path: '\0' } }],
          model: 'm',
          usage: { inputTokens: 1, outputTokens: 2, cacheReadTokens: 1, costUsd: 0.5 },
          createdAt: at,
        },
      ],
    });
    const updatedAt = (await repository.findMany(['s']))[0]!.updatedAt.toISOString();
    await repository.close();
    const { stdout } = await runCli(['export', 's', '--data', data]);
    const createdAt = '2026-03-01T10:00:00.123Z';
    expect(stdout).toBe(
      `{"id":"s","parentId":"p","rootId":"p","depth":1,"userId":"ada","title":"A title\\n",` +
        `"agentName":"planner","project":"ours","status":"WAITING","statusMessage":"for Ada",` +
        `"statusChangedAt":"${createdAt}",` +
        `"spawnedBy":{"sessionId":"p","messageId":null,"toolCallId":"call-0"},` +
        `"metadata":{"__proto__":{"x":1}},"createdAt":"${createdAt}","lastActiveAt":"${createdAt}",` +
        `"updatedAt":"${updatedAt}","messageCount":1,"historyLength":3,"usage":{"inputTokens":1,"outputTokens":2,` +
        `"cacheReadTokens":1,"cacheWriteTokens":0,"reasoningTokens":0,"costUsd":0.5},"version":1,"nextOrdinal":3,` +
        `"paid":[{"day":"2026-03-01","model":"m","responseCount":1,"inputTokens":1,"outputTokens":2,"cacheReadTokens":1,` +
        `"cacheWriteTokens":0,"reasoningTokens":0,"pricedCount":1,"costUsd":"0.5"}],"history":[` +
        `{"id":"s:0","position":0,"role":"USER","content":"hi ✓","createdAt":"${createdAt}"},` +
        `{"id":"s:1","position":1,"role":"TOOL","content":"","name":"grep","toolCallId":"call-1",` +
        `"isError":true,"isCopy":true,"payload":[1,null],"usage":{"inputTokens":1,"outputTokens":2,` +
        `"cacheReadTokens":0,"cacheWriteTokens":0,"reasoningTokens":0,"costUsd":0.5},` +
        `"metadata":{"k":"v"},"createdAt":"${createdAt}"},` +
        `{"id":"s:2","position":2,"role":"ASSISTANT","content":"","kind":"k","reasoning":"hm",` +
        `"toolCalls":[{"toolCallId":"call-2","name":"read","arguments":{"path":"\\u0000"}}],"model":"m",` +
        `"usage":{"inputTokens":1,"outputTokens":2,"cacheReadTokens":1,"cacheWriteTokens":0,"reasoningTokens":0,` +
        `"costUsd":0.5},"createdAt":"${createdAt}"}]}\n`,
    );
  });

  it('writes histories and trees of more than one page, each entry once', async () => {
    const data = await temporaryDirectory();
    const repository = await openFileRepository({ directory: data });
    const contents = Array.from({ length: 350 }, (_, n) => `entry ${n}`);
    await repository.create({ id: 'top', messages: contents.map((content) => ({ role: 'USER', content })) });
    const ids = Array.from({ length: 1_005 }, (_, n) => `s${n}`);
    await Promise.all(ids.map((id) => repository.create({ id, parentId: 'top' })));
    await repository.close();
    const lines = linesOf((await runCli(['export', 'top', '--data', data])).stdout);
    expect(lines[0]!.history.map(({ content }) => content)).toEqual(contents);
    expect(lines.slice(1).map(({ id }) => id)).toEqual(ids);
  });

  it('writes several subtrees, each session once, or every tree of the store', async () => {
    const data = join(await temporaryDirectory(), 'data');
    await cp(seeded, data, { recursive: true });
    const several = await runCli(['export', '013cbf8c', 'orphan-1', 'b7d041f5', '013cbf8c', '--data', data]);
    expect(linesOf(several.stdout).map(({ id }) => id)).toEqual([
      'orphan-1',
      'b7d041f5',
      '013cbf8c',
      '9a396944',
    ]);
    const repository = await openFileRepository({ directory: data });
    await repository.archive({ sessionId: 'planner-main', archived: true, subtree: false });
    const { items } = await repository.list(
      { archived: 'INCLUDE' },
      { field: 'CREATED_AT', direction: 'ASC' },
      { limit: 100, from: 'start' },
    );
    await repository.close();
    const lines = linesOf((await runCli(['export', '--all', '--data', data])).stdout);
    expect(lines.map(({ id }) => id).toSorted()).toEqual(items.map(({ id }) => id).toSorted());
    const roots = items.filter(({ parentId }) => parentId === null).map(({ id }) => id);
    expect(lines.flatMap(({ id }) => (roots.includes(id) ? [id] : []))).toEqual(roots);
    expect(roots.length).toBeGreaterThan(2);
  });

  it('writes a file, which takes the place of an earlier one once it is complete', async () => {
    const data = seeded;
    const folder = await temporaryDirectory();
    const file = join(folder, 'tree.jsonl');
    const printed = await runCli(['export', 'planner-main', '--data', data]);
    await writeFile(join(folder, 'earlier'), 'earlier');
    await symlink('earlier', file);
    expect(await runCli(['export', 'planner-main', '--data', data, '--output', file])).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
    expect(await readFile(join(folder, 'earlier'), 'utf8')).toBe(printed.stdout);
    expect((await runCli(['export', 'nobody', '--data', data, '--output', file])).code).toBe(1);
    expect(
      (await runCli(['export', 'planner-main', '--data', data, '--output', join(folder, 'none/tree')])).code,
    ).toBe(1);
    expect(await readFile(file, 'utf8')).toBe(printed.stdout);
    expect((await readdir(folder)).toSorted()).toEqual(['earlier', 'tree.jsonl']);
  });

  it('reads beside a running process, with and without its index', async () => {
    const data = await temporaryDirectory();
    const repository = await openFileRepository({ directory: data });
    await repository.create({ id: 's', messages: [{ role: 'USER', content: 'just now' }] });
    const beside = await runCli(['export', 's', '--data', data]);
    await repository.close();
    await rm(join(data, 'index.db'));
    const without = await runCli(['export', 's', '--data', data]);
    expect(linesOf(beside.stdout)).toMatchObject([{ id: 's', history: [{ content: 'just now' }] }]);
    expect(without).toEqual(beside);
  });

  it('writes what can be read of a damaged session, and says what cannot; exit code 1', async () => {
    const data = await temporaryDirectory();
    const repository = await openFileRepository({ directory: data });
    await repository.create({ id: 's' });
    for (const content of ['first', 'second', 'third']) {
      await repository.append({ sessionId: 's', messages: [{ role: 'USER', content }] });
    }
    await repository.close();
    const names = await readdir(join(data, 'sessions'), { recursive: true });
    const file = join(data, 'sessions', names.find((name) => name.endsWith('s.jsonl'))!);
    await writeFile(file, (await readFile(file, 'utf8')).replace('second', 'sEcond'));
    const { code, stdout, stderr } = await runCli(['export', 's', '--data', data]);
    expect(code).toBe(1);
    expect(linesOf(stdout)).toMatchObject([
      { historyLength: 3, history: [{ position: 0 }, { position: 2 }] },
    ]);
    expect(stderr).toMatch(/^s: 1 of 3 messages cannot be read\.$/m);
  });

  it.runIf(hasCommand('bash'))('ends without a word when its reader has seen enough', async () => {
    const data = await temporaryDirectory();
    const repository = await openFileRepository({ directory: data });
    const content = 'x'.repeat(100_000);
    await repository.create({ id: 's', messages: Array(200).fill({ role: 'USER', content }) });
    await repository.close();
    const piped = `"$0" "${CLI}" export s --data "$1" | head -c 20; echo " $\{PIPESTATUS[0]}"`;
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', piped, process.execPath, data]);
    expect({ stdout, stderr }).toEqual({ stdout: '{"id":"s","parentId" 0\n', stderr: '' });
  });

  it('writes documents, and leaves out parts of these alone', async () => {
    const data = await storeWithTree();
    const args = ['export', 'trip', '--data', data, '--redact'];
    const [html, refused] = await Promise.all([runCli([...args, '--format', 'html']), runCli(args)]);
    expect(html).toMatchObject({ code: 0, stderr: '' });
    expect(html.stdout).toMatch(/^<!doctype html>\n.*left out.*<\/html>\n$/s);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain(
      'error: --redact: expected --format markdown or html, got sessiontree, from which an import restores everything',
    );
  });

  it('says that there is no such session, or no such store; exit code 1', async () => {
    const data = await temporaryDirectory();
    const repository = await openFileRepository({ directory: data });
    await repository.close();
    expect(await runCli(['export', 'nobody', '--data', data])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'There is no session "nobody".\n',
    });
    const elsewhere = await runCli(['export', 's', '--data', join(data, 'nothing')]);
    expect(elsewhere).toMatchObject({ code: 1, stdout: '' });
    expect(elsewhere.stderr).toMatch(/^There is no Sessiontree store at .*\n$/);
  });

  it('ends with 2 for a wrong command line', async () => {
    const wrong = [[], ['a', '--all'], ['a', '--format', 'x'], ['a', '--output']];
    const results = await Promise.all(wrong.map((args) => runCli(['export', ...args])));
    expect(results.map(({ code, stdout }) => ({ code, stdout }))).toEqual(
      wrong.map(() => ({ code: 2, stdout: '' })),
    );
  });
});
