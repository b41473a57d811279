import { expect, it } from 'vitest';
import { lab, sessionsIn } from './support.ts';
import { call, Transcript } from './transcript.ts';

const ID = 'aaaa1111-0000-4000-8000-000000000001';
const FORK = 'bbbb2222-0000-4000-8000-000000000002';
const AT_FORK = Date.parse('2026-03-01T12:00:00Z');

/** A parent that starts a subagent by a call. */
function spawning(toolCallId = 'toolu_1', more: object = {}): Transcript {
  const transcript = new Transcript(ID);
  transcript.user('Ask a helper');
  const input = { description: 'Count files', subagent_type: 'Explore', prompt: 'Count the files' };
  transcript.assistant([call(toolCallId, 'Task', input)]);
  transcript.result(toolCallId, '3 files', JSON.parse(JSON.stringify(more)));
  transcript.say('There are three.');
  return transcript;
}

/** The transcript of a subagent: its lines have the id of the session above it. */
function agent(agentId: string, prefix: string, prompt = 'Count the files'): Transcript {
  const transcript = new Transcript(ID, { prefix });
  transcript.common = { ...transcript.common, isSidechain: true, agentId };
  transcript.user(prompt);
  transcript.say('3');
  return transcript;
}

it('imports a subagent with a folder and a description of its own (2.1)', async () => {
  const meta = {
    agentType: 'general-purpose',
    description: 'count',
    toolUseId: 'toolu_1',
    spawnDepth: 1,
    finished: true,
  };
  const { run, session, history } = await lab({
    [`${ID}.jsonl`]: spawning().text,
    [`${ID}/subagents/agent-a1.jsonl`]: agent('a1', 'sub').text,
    [`${ID}/subagents/agent-a1.meta.json`]: JSON.stringify(meta),
  });
  await run();
  expect(await session(`${ID}.a1`)).toMatchObject({
    key: `claude:${ID}.a1`,
    parentId: ID,
    title: 'count',
    agentName: 'general-purpose',
    project: '/home/eve/lab',
    status: 'COMPLETED',
    spawnedBy: { sessionId: ID, toolCallId: 'toolu_1' },
    metadata: { agentId: 'a1', meta: { spawnDepth: 1 } },
    messageCount: 1,
  });
  expect(await history(`${ID}.a1`)).toHaveLength(2);
});

it('finds the parent of a nested subagent by the call that started it', async () => {
  const outer = agent('a1', 'sub');
  outer.assistant([call('toolu_2', 'Task', { prompt: 'Deeper' })]);
  const { run, session, repository } = await lab({
    [`${ID}.jsonl`]: spawning().text,
    [`${ID}/subagents/agent-a1.jsonl`]: outer.text,
    [`${ID}/subagents/agent-a1.meta.json`]: JSON.stringify({ toolUseId: 'toolu_1' }),
    [`${ID}/subagents/workflows/wf_1/agent-a0.jsonl`]: agent('a0', 'deep', 'Deeper').text,
    [`${ID}/subagents/workflows/wf_1/agent-a0.meta.json`]: JSON.stringify({
      toolUseId: 'toolu_2',
      spawnDepth: 2,
    }),
  });
  await run();
  expect(await session(`${ID}.a0`)).toMatchObject({
    parentId: `${ID}.a1`,
    depth: 2,
    rootId: ID,
    spawnedBy: { toolCallId: 'toolu_2' },
  });
  const [rollup] = await repository.rollupsOf([ID]);
  expect(rollup!.usage.outputTokens).toBe(25);
});

it('finds the call of a subagent whose file lies beside that of its session (2.0)', async () => {
  const { run, session } = await lab({
    [`${ID}.jsonl`]: spawning('toolu_1', { toolUseResult: { agentId: 'a1' } }).text,
    'agent-a1.jsonl': agent('a1', 'sub').text,
  });
  await run();
  expect(await session(`${ID}.a1`)).toMatchObject({
    parentId: ID,
    title: 'Count files',
    agentName: 'Explore',
    spawnedBy: { toolCallId: 'toolu_1' },
  });
});

it('makes a session of the inline lines of a subagent (1.x)', async () => {
  const transcript = new Transcript(ID);
  transcript.user('Ask a helper');
  const asked = transcript.assistant([
    call('toolu_1', 'Task', { description: 'Count files', prompt: 'Count the files' }),
  ]);
  transcript.head = null;
  transcript.common = { ...transcript.common, isSidechain: true };
  const first = transcript.user('Count the files');
  transcript.say('3');
  transcript.common = { ...transcript.common, isSidechain: false };
  transcript.head = asked;
  transcript.result('toolu_1', '3');
  const { run, session, history } = await lab({ [`${ID}.jsonl`]: transcript.text });
  await run();
  expect((await history(ID)).map(({ role }) => role)).toEqual(['USER', 'ASSISTANT', 'TOOL']);
  expect((await history(`${ID}.${first}`)).map(({ role, content }) => [role, content])).toEqual([
    ['USER', 'Count the files'],
    ['ASSISTANT', '3'],
  ]);
  expect(await session(`${ID}.${first}`)).toMatchObject({
    parentId: ID,
    title: 'Count files',
    spawnedBy: { toolCallId: 'toolu_1' },
  });
});

it('makes a session of the progress lines of a subagent, unless it has a file (early 2.1)', async () => {
  const files = (withFile: boolean) => {
    const inner = agent('a1', 'sub');
    const transcript = new Transcript(ID);
    transcript.user('Ask a helper');
    const asked = transcript.assistant([call('toolu_1', 'Task', { prompt: 'Count the files' })]);
    for (const line of inner.lines) {
      const { type, message, uuid, timestamp, requestId } = JSON.parse(line);
      const held = JSON.parse(JSON.stringify({ type, message, uuid, timestamp, requestId }));
      transcript.add({
        type: 'progress',
        parentToolUseID: 'toolu_1',
        data: { type: 'agent_progress', agentId: 'a1', prompt: 'Count the files', message: held },
      });
    }
    transcript.result('toolu_1', '3');
    transcript.head = asked;
    return { [`${ID}.jsonl`]: transcript.text, ...(withFile && { 'agent-a1.jsonl': inner.text }) };
  };
  const alone = await lab(files(false));
  const report = await alone.run();
  expect(report.dropped.size).toBe(0);
  expect(await alone.session(`${ID}.a1`)).toMatchObject({
    parentId: ID,
    spawnedBy: { toolCallId: 'toolu_1' },
    metadata: { prompt: 'Count the files' },
  });
  expect((await alone.history(`${ID}.a1`)).map(({ content }) => content)).toEqual(['Count the files', '3']);
  expect((await alone.history(ID)).map(({ role }) => role)).toEqual(['USER', 'ASSISTANT', 'TOOL']);
  const both = await lab(files(true));
  expect([...(await both.run()).dropped]).toEqual([['progress/agent_progress', 2]]);
  expect(await both.history(`${ID}.a1`)).toHaveLength(2);
  expect(await sessionsIn(both.repository)).toHaveLength(2);
});

it('finds a fork by uuids that two files share, and pays its copies once', async () => {
  const origin = new Transcript(ID);
  origin.user('One');
  const shared = origin.say('First');
  const fork = new Transcript(FORK, { start: AT_FORK });
  for (const line of origin.lines) fork.raw(line.replaceAll(ID, FORK));
  fork.head = shared;
  fork.user('Other');
  fork.say('Second');
  origin.user('Two');
  origin.say('Third');
  const { run, session, history } = await lab({ [`${FORK}.jsonl`]: fork.text, [`${ID}.jsonl`]: origin.text });
  await run();
  expect(await session(ID)).toMatchObject({ parentId: null, forkedFrom: null, usage: { outputTokens: 10 } });
  expect(await session(FORK)).toMatchObject({
    parentId: ID,
    forkedFrom: { sessionId: ID, historyLength: 2 },
    createdAt: new Date(AT_FORK + 1_000),
    usage: { outputTokens: 5 },
  });
  expect((await history(FORK)).map(({ content, isCopy }) => [content, isCopy])).toEqual([
    ['One', true],
    ['First', true],
    ['Other', false],
    ['Second', false],
  ]);
});

it('takes the session whose lines are all in another for the origin', async () => {
  const origin = new Transcript(ID);
  origin.user('One');
  const fork = new Transcript(FORK, { start: AT_FORK });
  fork.raw(origin.lines[0]!.replaceAll(ID, FORK));
  fork.user('Two');
  const { run, session } = await lab({ [`${ID}.jsonl`]: origin.text, [`${FORK}.jsonl`]: fork.text });
  await run();
  expect((await session(FORK)).forkedFrom?.sessionId).toBe(ID);
});

it('finds a fork by lines that name their origin, and a fork of a fork', async () => {
  const origin = new Transcript(ID);
  origin.user('One');
  origin.say('First');
  const THIRD = 'cccc3333-0000-4000-8000-000000000003';
  const copies = (from: Transcript, to: string) =>
    from.lines.map((line, n) => {
      const entry = JSON.parse(line);
      return JSON.stringify({
        ...entry,
        uuid: `${to}-${n}`,
        sessionId: to,
        forkedFrom: { sessionId: from.sessionId, messageUuid: entry.uuid },
      });
    });
  const fork = new Transcript(FORK, { start: AT_FORK });
  for (const line of copies(origin, FORK)) fork.raw(line);
  fork.user('Two');
  fork.say('Second');
  const third = new Transcript(THIRD, { start: AT_FORK + 3_600_000 });
  for (const line of copies(fork, THIRD)) third.raw(line);
  third.user('Three');
  const { run, session, repository } = await lab({
    [`${ID}.jsonl`]: origin.text,
    [`${FORK}.jsonl`]: fork.text,
    [`${THIRD}.jsonl`]: third.text,
  });
  await run();
  expect((await session(FORK)).forkedFrom).toMatchObject({ sessionId: ID, historyLength: 2 });
  expect((await session(THIRD)).forkedFrom).toMatchObject({ sessionId: FORK, historyLength: 4 });
  const [rollup] = await repository.rollupsOf([ID]);
  expect(rollup!.usage.outputTokens).toBe(10);
});

it('does not pay again for what a subagent replays of its parent', async () => {
  const parent = spawning();
  const replaying = agent('a1', 'sub');
  const answer = JSON.parse(parent.lines.at(-1)!);
  replaying.raw(JSON.stringify({ ...answer, uuid: 'replay-1', isSidechain: true, agentId: 'a1' }));
  const { run, repository } = await lab({
    [`${ID}.jsonl`]: parent.text,
    [`${ID}/subagents/agent-a1.jsonl`]: replaying.text,
  });
  await run();
  const [rollup] = await repository.rollupsOf([ID]);
  expect(rollup!.usage.outputTokens).toBe(15);
});

it('makes forks of the branches that a rewind left: the session is the one that lives', async () => {
  const transcript = new Transcript(ID);
  transcript.user('One');
  const branching = transcript.say('First');
  const left = transcript.user('Two');
  transcript.say('Second');
  transcript.head = branching;
  transcript.user('Other');
  transcript.say('Third');
  const { run, session, history, repository } = await lab({ [`${ID}.jsonl`]: transcript.text });
  await run();
  expect((await history(ID)).map(({ content }) => content)).toEqual(['One', 'First', 'Other', 'Third']);
  expect((await history(`${ID}.${left}`)).map(({ content, isCopy }) => [content, isCopy])).toEqual([
    ['One', true],
    ['First', true],
    ['Two', false],
    ['Second', false],
  ]);
  expect(await session(`${ID}.${left}`)).toMatchObject({
    parentId: ID,
    title: 'Two',
    forkedFrom: { sessionId: ID, historyLength: 2 },
  });
  const [rollup] = await repository.rollupsOf([ID]);
  expect(rollup!.usage.outputTokens).toBe(15);
});

it('imports a fork whose origin is gone as a root, without paying for the copies', async () => {
  const fork = new Transcript(FORK);
  const entry = {
    type: 'assistant',
    message: { id: 'msg_1', model: 'model-a', content: 'Old', usage: { input_tokens: 1, output_tokens: 1 } },
  };
  fork.add({ ...entry, requestSessionId: ID });
  fork.user('New');
  const { run, session } = await lab({ [`${FORK}.jsonl`]: fork.text });
  const report = await run();
  expect(await session(FORK)).toMatchObject({ parentId: null, usage: { outputTokens: 0 } });
  expect(report.notes).toEqual([
    expect.stringContaining(
      `the parent "claude:${ID}" of session "claude:${FORK}" is neither there nor in the store`,
    ),
  ]);
});

it('finds the call of an inline subagent (1.x) by a prompt of any length', async () => {
  const prompt = 'Count the files. '.repeat(300);
  const transcript = new Transcript(ID);
  transcript.user('Ask a helper');
  const asked = transcript.assistant([call('toolu_1', 'Task', { description: 'Count files', prompt })]);
  transcript.head = null;
  transcript.common = { ...transcript.common, isSidechain: true };
  const first = transcript.user(prompt);
  transcript.head = asked;
  transcript.common = { ...transcript.common, isSidechain: false };
  transcript.result('toolu_1', '3');
  const { run, session } = await lab({ [`${ID}.jsonl`]: transcript.text });
  await run();
  expect((await session(`${ID}.${first}`)).spawnedBy).toMatchObject({ toolCallId: 'toolu_1' });
});
