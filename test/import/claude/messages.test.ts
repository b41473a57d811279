import { expect, it } from 'vitest';
import { lab } from './support.ts';
import { call, Transcript, text, thinking } from './transcript.ts';

const ID = 'aaaa1111-0000-4000-8000-000000000001';

async function imported(transcript: Transcript) {
  const { run, session, history } = await lab({ [`${ID}.jsonl`]: transcript.text });
  const report = await run();
  return { report, session: await session(ID), history: await history(ID) };
}

it('imports a plain session: prompts, answers, times, usage, title, project', async () => {
  const transcript = new Transcript(ID);
  const prompt = transcript.user('Name three rivers.\nShortly.');
  transcript.say('Ebro, Po, Oder', {
    id: 'msg_1',
    usage: { input: 7, cacheWrite: 40, cacheRead: 100, output: 9, thinking: 4 },
  });
  const { report, session, history } = await imported(transcript);
  expect(report.lines()).toEqual([
    'Imported 1 new session, 0 changed, 0 unchanged, 0 faults; 2 messages written.',
  ]);
  expect(session).toMatchObject({
    key: `claude:${ID}`,
    title: 'Name three rivers.',
    project: '/home/eve/lab',
    userId: null,
    messageCount: 1,
    createdAt: new Date('2026-03-01T10:00:01Z'),
    lastActiveAt: new Date('2026-03-01T10:00:02Z'),
    metadata: { gitBranch: 'main', version: '2.1.40' },
    usage: {
      inputTokens: 147,
      outputTokens: 9,
      cacheReadTokens: 100,
      cacheWriteTokens: 40,
      reasoningTokens: 4,
      costUsd: null,
    },
  });
  expect(history).toMatchObject([
    {
      role: 'USER',
      content: 'Name three rivers.\nShortly.',
      key: prompt,
      createdAt: new Date('2026-03-01T10:00:01Z'),
    },
    {
      role: 'ASSISTANT',
      content: 'Ebro, Po, Oder',
      model: 'model-a',
      metadata: { messageId: 'msg_1', requestId: 'req_msg_1' },
    },
  ]);
});

it('counts a response once that is spread over several lines: the last line says what it used', async () => {
  const transcript = new Transcript(ID);
  transcript.user('Look around');
  const response = { id: 'msg_1', requestId: 'req_1' };
  transcript.assistant([thinking('Where to look?')], { ...response, usage: { output: 1 } });
  transcript.assistant([text('I look.')], { ...response, usage: { output: 2 } });
  transcript.assistant([call('toolu_1', 'Read', { path: 'a.txt' })], { ...response, usage: { output: 30 } });
  const { session, history } = await imported(transcript);
  expect(history).toHaveLength(2);
  expect(history[1]).toMatchObject({
    role: 'ASSISTANT',
    content: 'I look.',
    reasoning: 'Where to look?',
    toolCalls: [{ toolCallId: 'toolu_1', name: 'Read', arguments: { path: 'a.txt' } }],
    payload: { content: [{ type: 'thinking', signature: 'c2ln' }], usage: { service_tier: 'standard' } },
  });
  expect(session.usage).toMatchObject({ inputTokens: 330, outputTokens: 30 });
});

it('keeps the order of the file for parallel tool calls, whose results come between the lines of the response', async () => {
  const transcript = new Transcript(ID);
  transcript.user('Read both');
  const response = { id: 'msg_1', requestId: 'req_1' };
  const first = transcript.assistant([call('toolu_1', 'Read', { path: 'a' })], response);
  transcript.result('toolu_1', 'A');
  transcript.head = first;
  transcript.assistant([call('toolu_2', 'Read', { path: 'b' })], response);
  transcript.result('toolu_2', 'B');
  transcript.say('Both read');
  const { history } = await imported(transcript);
  expect(history.map(({ role, content }) => [role, content])).toEqual([
    ['USER', 'Read both'],
    ['ASSISTANT', ''],
    ['TOOL', 'A'],
    ['TOOL', 'B'],
    ['ASSISTANT', 'Both read'],
  ]);
  expect(history[1]!.toolCalls.map(({ toolCallId }) => toolCallId)).toEqual(['toolu_1', 'toolu_2']);
});

it('imports a failing tool, its structured result and an image', async () => {
  const transcript = new Transcript(ID);
  transcript.user('Run it');
  transcript.assistant([call('toolu_1', 'Bash', { command: 'false' })]);
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aWs=' } };
  transcript.result(
    'toolu_1',
    [text('exit code 1'), image],
    { toolUseResult: { stderr: 'no', code: 1 } },
    true,
  );
  const { history } = await imported(transcript);
  expect(history[2]).toMatchObject({
    role: 'TOOL',
    content: 'exit code 1',
    name: 'Bash',
    toolCallId: 'toolu_1',
    isError: true,
    payload: {
      toolUseResult: { stderr: 'no', code: 1 },
      content: [{ type: 'tool_result', content: [image] }],
    },
  });
});

it('gives each result of a line with several a message of its own', async () => {
  const transcript = new Transcript(ID);
  transcript.user('Go');
  transcript.assistant([call('toolu_1', 'A'), call('toolu_2', 'B')]);
  const result = (id: string) => ({ type: 'tool_result', tool_use_id: id, content: id });
  const line = transcript.user([
    result('toolu_1'),
    result('toolu_2'),
    text('[Request interrupted by user for tool use]'),
  ]);
  const { history, session } = await imported(transcript);
  expect(history.slice(2)).toMatchObject([
    { role: 'TOOL', key: line, name: 'A' },
    { role: 'TOOL', key: `${line}/1`, name: 'B' },
    { role: 'EVENT', key: `${line}/text`, kind: 'interruption' },
  ]);
  expect(session.messageCount).toBe(1);
});

it('does not count as exchanges what no one typed', async () => {
  const transcript = new Transcript(ID);
  transcript.user('Caveat: The messages below were generated by the user while running local commands.', {
    isMeta: true,
  });
  transcript.user('<command-name>/lint</command-name>');
  transcript.user('<local-command-stdout>fine</local-command-stdout>');
  transcript.user('<task-notification>done</task-notification>', { origin: { kind: 'task-notification' } });
  transcript.user('A summary of it all', { isCompactSummary: true });
  transcript.user('Now you');
  const { history, session } = await imported(transcript);
  expect(history.map(({ role }) => role)).toEqual(['SYSTEM', 'USER', 'SYSTEM', 'SYSTEM', 'SYSTEM', 'USER']);
  expect(session.messageCount).toBe(2);
});

it('imports compactions, errors and aborts as events, and goes on after a compaction', async () => {
  const transcript = new Transcript(ID);
  transcript.user('First');
  const last = transcript.say('Yes');
  transcript.head = null;
  transcript.add({
    type: 'system',
    subtype: 'compact_boundary',
    content: 'Conversation compacted',
    logicalParentUuid: last,
    compactMetadata: { trigger: 'auto' },
  });
  transcript.user('The story so far', { isCompactSummary: true });
  transcript.add({ type: 'system', subtype: 'api_error', content: '', error: { status: 529 } });
  transcript.add({
    type: 'assistant',
    isApiErrorMessage: true,
    message: {
      id: 'x',
      model: '<synthetic>',
      content: [text('API Error: 529')],
      usage: { input_tokens: 0, output_tokens: 0 },
    },
  });
  transcript.user([text('[Request interrupted by user]')]);
  transcript.user('Second');
  const { history } = await imported(transcript);
  expect(history.map(({ role, kind }) => kind ?? role)).toEqual([
    'USER',
    'ASSISTANT',
    'compaction',
    'SYSTEM',
    'error',
    'error',
    'interruption',
    'USER',
  ]);
  expect(history[2]!.payload).toMatchObject({ compactMetadata: { trigger: 'auto' } });
  expect(history[4]!.payload).toMatchObject({ error: { status: 529 } });
  expect(history[5]).toMatchObject({ content: 'API Error: 529', model: null, usage: null });
});

it('imports an attachment as an event with what the model was shown', async () => {
  const transcript = new Transcript(ID);
  transcript.user('Hi');
  transcript.add({
    type: 'attachment',
    attachment: { type: 'date', date: '2026-03-01' },
    rendered: [{ content: 'Today is a day.' }],
  });
  const { history } = await imported(transcript);
  expect(history[1]).toMatchObject({
    role: 'EVENT',
    kind: 'attachment/date',
    content: 'Today is a day.',
    payload: { attachment: { date: '2026-03-01' } },
  });
});

it('takes the title from the best source, and a summary only for this session', async () => {
  const titleOf = async (...notes: object[]) => {
    const transcript = new Transcript(ID);
    const prompt = transcript.user('The prompt');
    for (const note of notes) transcript.note(JSON.parse(JSON.stringify(note).replace('LEAF', prompt)));
    return (await imported(transcript)).session.title;
  };
  const other = { type: 'summary', summary: 'Of another session', leafUuid: 'elsewhere' };
  const own = { type: 'summary', summary: 'Of this session', leafUuid: 'LEAF' };
  expect(await titleOf(other)).toBe('The prompt');
  expect(await titleOf(own, other)).toBe('Of this session');
  expect(await titleOf(own, { type: 'ai-title', aiTitle: 'By a model' })).toBe('By a model');
  expect(
    await titleOf(
      { type: 'custom-title', customTitle: 'By hand' },
      { type: 'ai-title', aiTitle: 'By a model' },
    ),
  ).toBe('By hand');
});

it('keeps times that go back, and the folder and branch of a message where they differ', async () => {
  const transcript = new Transcript(ID);
  transcript.user('One');
  transcript.user('Two', { timestamp: 'ignored' });
  transcript.lines[1] = transcript.lines[1]!.replace('10:00:02', '09:00:00');
  transcript.user('Three', { cwd: '/home/eve/other', gitBranch: 'side' });
  const { history } = await imported(transcript);
  expect(history.map(({ createdAt }) => createdAt.toISOString().slice(11, 19))).toEqual([
    '10:00:01',
    '09:00:00',
    '10:00:03',
  ]);
  expect(history.map(({ metadata }) => metadata)).toEqual([
    {},
    {},
    { cwd: '/home/eve/other', gitBranch: 'side' },
  ]);
});

it('keeps the cost of the session in its metadata, and counts what it drops by kind', async () => {
  const transcript = new Transcript(ID);
  transcript.user('Hi');
  transcript.note({ type: 'cost-state', totalCostUSD: 0.5, modelUsage: {} });
  transcript.note({ type: 'custom-title', customTitle: 'By hand', aiTitle: 'Misplaced' });
  transcript
    .note({ type: 'queue-operation', operation: 'enqueue' })
    .note({ type: 'queue-operation', operation: 'dequeue' });
  transcript.note({ type: 'file-history-snapshot', snapshot: {} });
  transcript.add({ type: 'progress', data: { type: 'hook_progress' } });
  transcript.user('Again');
  const { report, session, history } = await imported(transcript);
  expect(session.metadata.costState).toEqual({ totalCostUSD: 0.5, modelUsage: {} });
  expect([...report.dropped]).toEqual([
    ['custom-title.aiTitle', 1],
    ['queue-operation', 2],
    ['file-history-snapshot', 1],
    ['progress/hook_progress', 1],
  ]);
  expect(history).toHaveLength(2);
});

it('leaves out a line that a resume wrote again', async () => {
  const transcript = new Transcript(ID);
  transcript.user('Hi');
  transcript.say('Hello');
  transcript.raw(transcript.lines[0]!).raw(transcript.lines[1]!);
  transcript.user('Go on');
  const { report, history, session } = await imported(transcript);
  expect(history.map(({ content }) => content)).toEqual(['Hi', 'Hello', 'Go on']);
  expect(session.usage.outputTokens).toBe(5);
  expect([...report.dropped]).toEqual([['repeated line', 2]]);
});

it('lists lines that are no JSON, and a cut end, with file and line, and imports all else', async () => {
  const transcript = new Transcript(ID);
  transcript.user('One');
  transcript.raw('{"type":"user",').raw('[]');
  transcript.user('Two');
  const { run, history, folder } = await lab({ [`${ID}.jsonl`]: `${transcript.text}{"type":"assi` });
  const report = await run();
  const path = `${folder}/projects/-home-eve-lab/${ID}.jsonl`;
  expect(report.lines().slice(0, 4)).toEqual([
    'Not imported:',
    `  ${path}:2: the line is no JSON object`,
    `  ${path}:3: the line is no JSON object`,
    `  ${path}:5: the file ends within the line`,
  ]);
  expect(report.complete).toBe(false);
  expect((await history(ID)).map(({ content }) => content)).toEqual(['One', 'Two']);
});

it('imports lines whose parent is missing', async () => {
  const transcript = new Transcript(ID);
  transcript.head = 'gone';
  transcript.user('One');
  transcript.head = 'gone too';
  transcript.user('Two');
  expect((await imported(transcript)).history.map(({ content }) => content)).toEqual(['One', 'Two']);
});

it('replaces characters that the store cannot hold, and says so', async () => {
  const transcript = new Transcript(ID);
  transcript.user('a\u0000b\ud800c');
  const { report, history } = await imported(transcript);
  expect(history[0]!.content).toBe('a\ufffdb\ufffdc');
  expect([...report.dropped]).toEqual([['character that cannot be stored (replaced)', 1]]);
});

it('counts once what it cuts of a title, a project or a name, and what it leaves out of the metadata', async () => {
  const transcript = new Transcript(ID);
  transcript.common = {
    ...transcript.common,
    cwd: `/${'d'.repeat(5_000)}`,
    gitBranch: 'b'.repeat(300_000),
  };
  transcript.user('Hi');
  transcript.say('Hello', { model: 'm'.repeat(300) });
  transcript.note({ type: 'custom-title', customTitle: 't'.repeat(600) });
  const { report, session, history } = await imported(transcript);
  expect(session).toMatchObject({ title: 't'.repeat(500), project: `/${'d'.repeat(4_095)}` });
  expect(history[1]!.model).toBe('m'.repeat(256));
  expect(Object.fromEntries(report.dropped)).toEqual({
    'end of a title that is too long': 1,
    'end of a project that is too long': 1,
    'end of a name that is too long': 1,
    'metadata too large or not storable': 1,
  });
});

it('drops nothing where the title is the beginning of the prompt', async () => {
  const transcript = new Transcript(ID);
  transcript.user(`${'x'.repeat(199)}\u{1f30a} and more`);
  const { report, session } = await imported(transcript);
  expect(session.title).toBe('x'.repeat(199));
  expect(report.dropped.size).toBe(0);
});
