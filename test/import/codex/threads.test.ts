import { expect, it } from 'vitest';
import { codex } from '../../../src/import/codex/codex.ts';
import type { Format, Resume } from '../../../src/import/format.ts';
import { importSessions } from '../../../src/import/import-sessions.ts';
import { RepositoryTarget } from '../../../src/import/target/repository-target.ts';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import { outline, setClock, sourceLab } from '../source-lab.ts';
import { filesOf, Rollout, spawn } from './rollout.ts';

const ID = (n: number) => `0aa11111-0000-7000-8000-00000000000${n}`;

function parentRollout(): Rollout {
  const parent = new Rollout(ID(1)).turn('t1').user('Ask a helper');
  parent.call('c1', 'spawn_agent', { message: 'count' }).record('r1', { input: 100, output: 10 });
  const item = { type: 'CollabAgentToolCall', id: 'c1', receiver_thread_ids: [ID(2)] };
  parent.event({ type: 'item_completed', item }).output('c1', `{"agent_id":"${ID(2)}"}`);
  return parent.say('Asked.').record('r2', { input: 110, output: 5 }).event({ type: 'task_complete' });
}

it('makes a subagent a child of the thread that called it, with its call, and a nested one a child of that', async () => {
  const child = new Rollout(ID(2), spawn(ID(1))).turn('t1').user('count').say('3').record('r3', { input: 7 });
  child.event({ type: 'task_complete' });
  const nested = new Rollout(ID(3), spawn(ID(2))).turn('t1').user('more');
  const { run, session } = await sourceLab(codex, filesOf(nested, child, parentRollout()));
  expect((await run()).complete).toBe(true);
  expect(await session(ID(2))).toMatchObject({
    parentId: ID(1),
    spawnedBy: { sessionId: ID(1), toolCallId: 'c1' },
    agentName: 'counter',
    status: 'COMPLETED',
    forkedFrom: null,
  });
  expect(await session(ID(3))).toMatchObject({ parentId: ID(2), rootId: ID(1), depth: 2, spawnedBy: null });
});

it('leaves out the lines of its parent that a v2 subagent begins with', async () => {
  const parent = parentRollout();
  const meta = spawn(ID(1), { forked_from_id: ID(1), subagent_history_start_ordinal: 10 });
  const child = new Rollout(ID(2), meta).copy(parent, 7);
  while (child.ordinal! < 10) child.event({ type: 'thread_settings_applied' });
  child.turn('t9').say('3').record('r3', { input: 7, output: 2 });
  const { run, session, history } = await sourceLab(codex, filesOf(parent, child));
  await run();
  expect(outline(await history(ID(2)))).toEqual(['ASSISTANT: 3']);
  expect(await session(ID(2))).toMatchObject({
    parentId: ID(1),
    forkedFrom: null,
    usage: { inputTokens: 7 },
  });
});

it('begins a fork since 0.171 with the lines of its base, as copies', async () => {
  const base = parentRollout();
  const end = base.ordinal!;
  base.turn('t2').user('Later').say('Not in the fork').record('r9', { input: 1000 });
  const meta = { forked_from_id: ID(1), history_base: { thread_id: ID(1), end_ordinal_exclusive: end } };
  const fork = new Rollout(ID(4), meta, end)
    .turn('t3')
    .user('Elsewhere')
    .say('Here')
    .record('r4', { input: 50 });
  const second = {
    forked_from_id: ID(4),
    history_base: { thread_id: ID(4), end_ordinal_exclusive: fork.ordinal! },
  };
  const again = new Rollout(ID(5), second, fork.ordinal).turn('t4').user('Again');
  const { run, session, history } = await sourceLab(codex, filesOf(again, fork, base));
  expect((await run()).complete).toBe(true);
  const shared = [
    'USER (copy): Ask a helper',
    'ASSISTANT (copy): ',
    `TOOL (copy): {"agent_id":"${ID(2)}"}`,
    'ASSISTANT (copy): Asked.',
  ];
  expect(outline(await history(ID(4)))).toEqual([...shared, 'USER: Elsewhere', 'ASSISTANT: Here']);
  expect(outline(await history(ID(5)))).toEqual([
    ...shared,
    'USER (copy): Elsewhere',
    'ASSISTANT (copy): Here',
    'USER: Again',
  ]);
  expect(await session(ID(4))).toMatchObject({
    parentId: ID(1),
    title: 'Elsewhere',
    forkedFrom: { sessionId: ID(1), historyLength: 4 },
    usage: { inputTokens: 50 },
  });
  expect(await session(ID(5))).toMatchObject({ forkedFrom: { sessionId: ID(4) }, usage: { inputTokens: 0 } });
});

it('does not read a fork again because its origin goes on (since 0.171)', async () => {
  const base = new Rollout(ID(1)).turn('t1').user('One').say('1').record('r1', { input: 100 });
  const meta = {
    forked_from_id: ID(1),
    history_base: { thread_id: ID(1), end_ordinal_exclusive: base.ordinal! },
  };
  const fork = new Rollout(ID(4), meta, base.ordinal)
    .turn('t2')
    .user('Two')
    .say('2')
    .record('r2', { input: 5 });
  const { run, write } = await sourceLab(codex, filesOf(base, fork));
  await run();
  await write(filesOf(base.turn('t3').user('Three')));
  expect((await run()).sessions).toMatchObject({ changed: 1, unchanged: 1 });
});

it('says if the base of a fork is not there', async () => {
  const meta = { history_base: { thread_id: ID(1), end_ordinal_exclusive: 9 } };
  const fork = new Rollout(ID(4), meta, 9).turn('t3').user('Elsewhere');
  const { run, history } = await sourceLab(codex, filesOf(fork));
  expect((await run()).faults).toMatchObject([{ line: 1, reason: expect.stringContaining(ID(1)) }]);
  expect(outline(await history(ID(4)))).toEqual(['USER: Elsewhere']);
});

it('does not pay twice what an earlier version copied into a fork', async () => {
  const origin = new Rollout(ID(1), { cli_version: '0.40.0' }, null).turn('t1').user('One').say('1');
  origin.tokenCount({ input: 100, output: 10 });
  const fork = new Rollout(ID(4), { cli_version: '0.40.0' }, null)
    .copy(origin)
    .turn('t2')
    .user('Two')
    .say('2');
  fork.tokenCount({ input: 30, output: 3 });
  origin.turn('t2').user('Other').say('o').tokenCount({ input: 7 });
  const { run, session, history } = await sourceLab(codex, filesOf(origin, fork));
  await run();
  expect(outline(await history(ID(4)))).toEqual([
    'USER (copy): One',
    'ASSISTANT (copy): 1',
    'USER: Two',
    'ASSISTANT: 2',
  ]);
  expect(await session(ID(4))).toMatchObject({
    forkedFrom: { sessionId: ID(1), historyLength: 2 },
    usage: { inputTokens: 30, outputTokens: 3 },
  });
});

it('keeps what a fork says and pays itself apart from a response that was copied without its price', async () => {
  const origin = new Rollout(ID(1), { cli_version: '0.40.0' }, null).turn('t1').user('One').say('1');
  const fork = new Rollout(ID(4), { cli_version: '0.40.0' }, null).copy(origin).say('2');
  fork.tokenCount({ input: 30, output: 3 });
  origin.say('Other').tokenCount({ input: 100, output: 10 });
  const { run, session, history } = await sourceLab(codex, filesOf(origin, fork));
  await run();
  expect(outline(await history(ID(4)))).toEqual(['USER (copy): One', 'ASSISTANT (copy): 1', 'ASSISTANT: 2']);
  expect((await session(ID(4))).usage).toMatchObject({ inputTokens: 30, outputTokens: 3 });
});

it('takes back what a fork was paid for once its origin is there', async () => {
  const origin = new Rollout(ID(1), { cli_version: '0.40.0' }, null).turn('t1').user('One').say('1');
  origin.tokenCount({ input: 100, output: 10 });
  const meta = { cli_version: '0.40.0', forked_from_id: ID(1) };
  const fork = new Rollout(ID(4), meta, null).copy(origin).turn('t2').user('Two').say('2');
  fork.tokenCount({ input: 30, output: 3 });
  const { run, write, session, history } = await sourceLab(codex, filesOf(fork));
  await run();
  expect((await session(ID(4))).usage).toMatchObject({ inputTokens: 130 });
  await write(filesOf(origin));
  await run();
  expect(outline(await history(ID(4)))).toEqual([
    'USER (copy): One',
    'ASSISTANT (copy): 1',
    'USER: Two',
    'ASSISTANT: 2',
  ]);
  expect(await session(ID(4))).toMatchObject({
    parentId: ID(1),
    usage: { inputTokens: 30, outputTokens: 3 },
  });
});

it('drops nothing where the title is the beginning of the prompt', async () => {
  const rollout = new Rollout(ID(1)).turn('t').user(`${'x'.repeat(499)}\u{1f30a} and more`);
  const { run, session } = await sourceLab(codex, filesOf(rollout));
  const { dropped } = await run();
  expect((await session(ID(1))).title).toBe('x'.repeat(499));
  expect([...dropped.keys()].filter((kind) => !kind.startsWith('event_msg/'))).toEqual([]);
});

it('reads archived sessions, and says that they are', async () => {
  const rollout = new Rollout(ID(1)).turn('t').user('Old');
  const name = `archived_sessions/${rollout.name.split('/').at(-1)}`;
  const { run, session } = await sourceLab(codex, { [name]: rollout.text });
  await run();
  expect((await session(ID(1))).archivedAt).toEqual(new Date('2026-03-02T00:00:00Z'));
});

it('stops to call a thread running once its file is a minute old, though nothing else has changed', async () => {
  const rollout = new Rollout(ID(1)).turn('t1').user('Go').call('c1', 'shell', { command: 'ls' });
  rollout.record('r1', { input: 1 }).output('c1', 'a.txt');
  const { run, write, session, history } = await sourceLab(codex);
  const at = new Date('2026-03-01T10:00:00Z');
  await write({ [rollout.name]: rollout.text }, at);
  setClock(new Date(at.getTime() + 10_000));
  expect((await run()).unfinished).toBe(0);
  expect((await session(ID(1))).status).toBe('RUNNING');
  const { version } = await session(ID(1));
  setClock(new Date(at.getTime() + 30_000));
  expect(await run()).toMatchObject({ messages: 0, sessions: { changed: 0, unchanged: 1 } });
  expect((await session(ID(1))).version).toBe(version);
  setClock(new Date(at.getTime() + 60_000));
  expect(await run()).toMatchObject({ unfinished: 0, messages: 0, sessions: { changed: 1 } });
  expect((await session(ID(1))).status).toBe('IDLE');
  expect(await history(ID(1))).toHaveLength(3);
  expect((await run()).sessions).toMatchObject({ unchanged: 1 });
});

it('leaves an archived thread archived that says the same again', async () => {
  const rollout = new Rollout(ID(1)).turn('t1').user('Go');
  const name = `archived_sessions/${rollout.name.split('/').at(-1)}`;
  const { run, write, session } = await sourceLab(codex);
  const at = new Date('2026-03-01T10:00:00Z');
  await write({ [name]: rollout.text }, at);
  setClock(new Date(at.getTime() + 10_000));
  await run();
  const { status, archivedAt, version } = await session(ID(1));
  expect({ status, archivedAt }).toEqual({ status: 'RUNNING', archivedAt: at });
  expect((await run()).sessions).toMatchObject({ unchanged: 1 });
  expect((await session(ID(1))).version).toBe(version);
});

it('holds a response back while it is being written', async () => {
  const rollout = new Rollout(ID(1)).turn('t1').user('Go').think('hm');
  const { run, write, history } = await sourceLab(codex);
  await write({ [rollout.name]: `${rollout.text}{"timestamp":"2026-03-0` }, new Date());
  const report = await run();
  expect(report).toMatchObject({ unfinished: 1, faults: [] });
  expect(outline(await history(ID(1)))).toEqual(['USER: Go']);
  await write({ [rollout.name]: rollout.say('Gone.').record('r', { input: 3 }).text });
  expect((await run()).complete).toBe(true);
  expect(outline(await history(ID(1)))).toEqual(['USER: Go', 'ASSISTANT: Gone.']);
});

it('reads a file again that was rewritten while it was read', async () => {
  const rollout = new Rollout(ID(1)).turn('t1').user('One').say('First').record('r1', { input: 1 });
  rollout.event({ type: 'task_complete' });
  const { run, write, history, repository, folder } = await sourceLab(codex, filesOf(rollout));
  const rewriting: Format = {
    ...codex,
    async *survey(path, options) {
      for await (const item of codex.survey(path, options)) {
        if (item.type !== 'session') continue;
        async function* read(from: Resume | null) {
          yield* item.type === 'session' ? item.read(from) : [];
          await write({ [rollout.name]: rollout.text.replaceAll('First', 'Best!') });
        }
        yield { ...item, read };
      }
    },
  };
  await importSessions(
    [{ format: rewriting, path: folder }],
    new RepositoryTarget(repository, DEFAULT_LIMITS),
  );
  expect(outline(await history(ID(1)))).toEqual(['USER: One', 'ASSISTANT: First']);
  await run();
  expect(outline(await history(ID(1)))).toEqual(['USER: One', 'ASSISTANT: Best!']);
});
