import { mkdir, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { lab, PROJECT } from './support.ts';
import { call, Transcript, writeFiles } from './transcript.ts';

const ID = 'aaaa1111-0000-4000-8000-000000000001';
const FILE = `${ID}.jsonl`;

it('takes the time of the line before for times that the store cannot hold', async () => {
  const transcript = new Transcript(ID);
  const times = [
    '+010000-01-01T00:00:00.000Z',
    '2026-03-01T10:00:02Z',
    '0000-01-01T00:00:00Z',
    '+275760-09-13T00:00:00.000Z',
    'tomorrow',
  ];
  for (const [n, timestamp] of times.entries()) {
    transcript.user(`Line ${n}`);
    transcript.lines.push(JSON.stringify({ ...JSON.parse(transcript.lines.pop()!), timestamp }));
  }
  const { run, history } = await lab({ [FILE]: transcript.text });
  expect((await run()).complete).toBe(true);
  const expected = times.map(() => new Date('2026-03-01T10:00:02Z'));
  expect((await history(ID)).map(({ createdAt }) => createdAt)).toEqual(expected);
});

it('bounds counts of tokens that the store cannot hold, and counts them', async () => {
  const most = Number.MAX_SAFE_INTEGER;
  const transcript = new Transcript(ID);
  transcript.say('One', { usage: { input: most, cacheRead: most, cacheWrite: 0, output: -3 } });
  const { run, history } = await lab({ [FILE]: transcript.text });
  const report = await run();
  expect(report.complete).toBe(true);
  expect(report.dropped).toEqual(new Map([['count of tokens out of range', 1]]));
  expect((await history(ID))[0]!.usage).toMatchObject({ inputTokens: most, outputTokens: 0 });
});

it('keeps messages apart whose ids begin with the same thousand characters', async () => {
  const transcript = new Transcript(ID, { prefix: 'x'.repeat(1_000) });
  for (const text of ['One', 'Two', 'Three']) transcript.user(text);
  const { run, write, history } = await lab({ [FILE]: transcript.text });
  await run();
  expect((await history(ID)).map(({ content }) => content)).toEqual(['One', 'Two', 'Three']);
  await write({ [FILE]: transcript.text.replace('Two', 'Twice') });
  expect((await run()).notes).toEqual([]);
  expect((await history(ID)).map(({ content }) => content)).toEqual(['One', 'Twice', 'Three']);
});

it('takes a line that names itself as its parent for the first of the conversation', async () => {
  const transcript = new Transcript(ID);
  transcript.head = 'aaaa-0001';
  transcript.user('One');
  transcript.user('Two');
  const { run, history } = await lab({ [FILE]: transcript.text });
  expect((await run()).sessions.new).toBe(1);
  expect((await history(ID)).map(({ content }) => content)).toEqual(['One', 'Two']);
});

it('counts lines with an empty uuid as lines that have no place', async () => {
  const transcript = new Transcript(ID);
  transcript.user('One');
  for (const text of ['Two', 'Three'])
    transcript.raw(JSON.stringify({ type: 'user', uuid: '', message: { content: text } }));
  const { run, history } = await lab({ [FILE]: transcript.text });
  expect((await run()).dropped).toEqual(new Map([['user', 2]]));
  expect(await history(ID)).toHaveLength(1);
});

it('imports names that are members of every object', async () => {
  const transcript = new Transcript('proto', { prefix: '__proto__' });
  transcript.user('One');
  transcript.raw(transcript.lines.pop()!.replace('{', '{"__proto__":{"polluted":1},'));
  transcript.assistant([call('constructor', 'toString', {})], { id: '__proto__' });
  transcript.result('constructor', 'ok');
  const { run, history } = await lab({ 'proto.jsonl': transcript.text });
  expect((await run()).complete).toBe(true);
  const messages = await history('proto');
  expect(messages).toMatchObject([
    { role: 'USER', key: '__proto__-0001' },
    { role: 'ASSISTANT', toolCalls: [{ toolCallId: 'constructor', name: 'toString', arguments: {} }] },
    { role: 'TOOL', name: 'toString' },
  ]);
  expect(Object.entries(messages[0]!.payload as object)).toContainEqual(['__proto__', { polluted: 1 }]);
});

it('lists a line that nests too deep, and imports the others', async () => {
  const transcript = new Transcript(ID);
  transcript.user('One');
  transcript.user('DEEP');
  transcript.raw(transcript.lines.pop()!.replace('"DEEP"', `${'['.repeat(100_000)}${']'.repeat(100_000)}`));
  transcript.user('Two');
  const { run, history } = await lab({
    [FILE]: transcript.text,
    [`${ID}/subagents/agent-a1.jsonl`]: transcript.text.replaceAll('aaaa-', 'aaab-'),
    [`${ID}/subagents/agent-a1.meta.json`]: `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  });
  expect((await run()).faults).toMatchObject([{ line: 2 }, { line: 2 }, { line: null }]);
  expect((await history(ID)).map(({ content }) => content)).toEqual(['One', 'Two']);
});

it('lists faults by file and line, whichever session is read first', async () => {
  const cut = '{"type":"user"';
  const long = new Transcript('aa', { prefix: 'aa' });
  for (let n = 0; n < 3_000; n += 1) long.user('One of many');
  for (let n = 0; n < 2; n += 1) long.raw(cut).user('Last');
  const short = new Transcript('bb', { prefix: 'bb' });
  short.raw(cut).user('Only');
  const { run } = await lab({ 'aa.jsonl': long.text, 'bb.jsonl': short.text });
  expect((await run()).faults.map(({ path, line }) => `${basename(path)}:${line}`)).toEqual([
    'aa.jsonl:3001',
    'aa.jsonl:3003',
    'bb.jsonl:1',
  ]);
});

it('follows no symbolic links, and counts them', async () => {
  const transcript = new Transcript(ID);
  transcript.user('One');
  const { run, folder } = await lab({ [FILE]: transcript.text });
  await mkdir(join(folder, 'elsewhere'));
  await symlink(join(folder, PROJECT), join(folder, PROJECT, 'loop'));
  await symlink('/nowhere', join(folder, PROJECT, 'gone.jsonl'));
  const report = await run();
  expect(report.sessions.new).toBe(1);
  expect(report.dropped).toEqual(new Map([['symbolic link', 2]]));
});

it('counts the files beside transcripts that no session is read from, and lists a description of a subagent that is damaged', async () => {
  const transcript = new Transcript(ID);
  transcript.user('Hi');
  const agent = new Transcript(ID, { prefix: 'sub' });
  agent.user('Count');
  const { folder, run, write } = await lab({
    [`${ID}.jsonl`]: transcript.text,
    'sessions-index.json': '{}',
    'memory/MEMORY.md': 'Remember',
    [`${ID}/tool-results/toolu_1.txt`]: 'a long output',
    [`${ID}/tool-results/toolu_2.txt`]: 'another',
    [`${ID}/subagents/agent-a1.jsonl`]: agent.text,
    [`${ID}/subagents/agent-a1.meta.json`]: '{"agentType":"coun',
    [`${ID}/subagents/agent-a2.meta.json`]: '{}',
  });
  await writeFiles(folder, { [`todos/${ID}-agent-${ID}.json`]: '[]' });
  const { dropped, faults } = await run();
  expect(Object.fromEntries(dropped)).toEqual({
    'file *.json': 1,
    'file memory/*.md': 1,
    'file tool-results/*.txt': 2,
    'file subagents/*.json': 1,
    'file todos/*.json': 1,
  });
  expect(faults).toMatchObject([
    { path: expect.stringContaining('agent-a1.meta.json'), reason: 'the file holds no JSON object' },
  ]);
  await write({ [`${ID}/subagents/agent-a1.meta.json`]: '{"agentType":"counter"}' });
  expect((await run()).faults).toEqual([]);
});

it('does not list a description of a subagent that is being written', async () => {
  const agent = new Transcript(ID, { prefix: 'sub' });
  agent.user('Count');
  const { folder, run } = await lab({ [`${ID}/subagents/agent-a1.jsonl`]: agent.text });
  const meta = `${PROJECT}/${ID}/subagents/agent-a1.meta.json`;
  await writeFiles(folder, { [meta]: '{"agentType":"coun' }, new Date());
  expect((await run()).faults).toEqual([]);
});

it('keeps what is no block of a message: a text as a block of text, all else in the payload', async () => {
  const transcript = new Transcript(ID);
  transcript.user([{ type: 'text', text: 'One' }, 'Two', 3, null, ['four']]);
  transcript.user({ type: 'text', text: 'Five' });
  transcript.user(6);
  transcript.result('call', 7);
  const { run, history } = await lab({ [FILE]: transcript.text });
  const report = await run();
  expect(report.dropped).toEqual(new Map());
  const messages = await history(ID);
  expect(messages.map(({ content }) => content)).toEqual(['One\n\nTwo', 'Five', '', '']);
  expect(messages[0]!.payload).toMatchObject({
    content: [{ value: 3 }, { value: null }, { value: ['four'] }],
  });
  expect(messages[2]!.payload).toMatchObject({ content: [{ value: 6 }] });
  expect(messages[3]!.payload).toMatchObject({ content: [{ type: 'tool_result', content: [7] }] });
});
