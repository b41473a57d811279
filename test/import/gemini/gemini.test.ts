import { execFileSync } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { gemini } from '../../../src/import/gemini/gemini.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import { expectAsWhole, LONG_FORM_MS } from '../cuts.ts';
import { outline, sourceLab } from '../source-lab.ts';

const info = (sessionId: string, more: JsonObject = {}) => ({
  sessionId,
  projectHash: 'abc',
  startTime: '2026-03-01T10:00:00.000Z',
  lastUpdated: '2026-03-01T10:00:09.000Z',
  kind: 'main',
  ...more,
});
const at = (second: number) => `2026-03-01T10:00:0${second}.000Z`;
const user = (id: string, content: unknown, second = 1) => ({
  id,
  timestamp: at(second),
  type: 'user',
  content,
});
const answer = (id: string, content: string, more: JsonObject = {}) => ({
  id,
  timestamp: at(2),
  type: 'gemini',
  content,
  model: 'model-g',
  tokens: { input: 100, output: 10, cached: 60, thoughts: 5, tool: 2, total: 117 },
  ...more,
});
const call = (id: string, status: string, output: string, more: JsonObject = {}) => ({
  id,
  name: 'run',
  args: { command: 'ls' },
  status,
  timestamp: at(3),
  result: [{ functionResponse: { id, name: 'run', response: { output } } }],
  ...more,
});
const lines = (...records: unknown[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('');
const IMAGE = { inlineData: { mimeType: 'image/png', data: 'AAAA' } };
const CHAT = 'lab/chats/session-2026-03-01T10-00-aaaa1111.jsonl';

async function imported(text: string, name = CHAT) {
  const lab = await sourceLab(gemini, { [name]: text });
  expect(await gemini.recognises(lab.folder)).toBe(true);
  return { ...lab, report: await lab.run() };
}

it.each(['jsonl', 'json'])(
  'imports a plain session: prompts, answers, times, usage, title, project (%s)',
  async (form) => {
    const messages = [
      user('m1', [{ text: 'Name three rivers' }]),
      answer('m2', 'Ebro, Po, Oder', { thoughts: [{ subject: 'Rivers', description: 'in Europe' }] }),
    ];
    const text =
      form === 'json' ? JSON.stringify({ ...info('g1'), messages }) : lines(info('g1'), ...messages);
    const { report, session, history } = await imported(text, CHAT.replace('jsonl', form));
    expect(report.complete).toBe(true);
    expect(await session('g1')).toMatchObject({
      key: 'gemini:g1',
      title: 'Name three rivers',
      project: 'lab',
      createdAt: new Date('2026-03-01T10:00:00Z'),
      usage: { inputTokens: 102, outputTokens: 15, cacheReadTokens: 60, reasoningTokens: 5 },
    });
    expect(outline(await history('g1'))).toEqual(['USER: Name three rivers', 'ASSISTANT: Ebro, Po, Oder']);
    expect((await history('g1'))[1]).toMatchObject({ model: 'model-g', reasoning: 'Rivers\nin Europe' });
  },
);

it('makes a message of each output of a tool, and events of what nobody said', async () => {
  const toolCalls = [call('c1', 'success', 'a.txt'), call('c2', 'error', 'no'), call('c3', 'executing', '')];
  const note = { id: 'm3', timestamp: at(4), type: 'error', content: 'rate limited' };
  const { history } = await imported(
    lines(info('g1'), user('m1', 'Go'), answer('m2', '', { toolCalls }), note),
  );
  const [, response, ...others] = await history('g1');
  expect(response!.toolCalls).toMatchObject([
    { toolCallId: 'c1', name: 'run', arguments: { command: 'ls' } },
    {},
    {},
  ]);
  expect(others).toMatchObject([
    { role: 'TOOL', toolCallId: 'c1', content: 'a.txt', isError: false },
    { role: 'TOOL', toolCallId: 'c2', content: 'no', isError: true },
    { role: 'EVENT', kind: 'error', content: 'rate limited' },
  ]);
});

it('takes the last form of a record, in the place of the first, and the last title', async () => {
  const replaced = answer('m2', 'Whole', { toolCalls: [call('c1', 'success', 'a.txt')] });
  const text = lines(info('g1'), user('m1', 'Go'), answer('m2', 'Ha'), user('m3', 'And?'), replaced, {
    $set: { summary: 'Going' },
  });
  const { session, history } = await imported(text);
  expect(outline(await history('g1'))).toEqual(['USER: Go', 'ASSISTANT: Whole', 'TOOL: a.txt', 'USER: And?']);
  expect(await session('g1')).toMatchObject({ title: 'Going', usage: { inputTokens: 102 } });
});

it('takes back what was rewound; it stays paid for', async () => {
  const text = lines(
    info('g1'),
    user('m1', 'One'),
    answer('m2', '1'),
    user('m3', 'Two'),
    answer('m4', '2'),
    { $rewindTo: 'm3' },
    user('m5', 'Three'),
  );
  const { session, history, write, run } = await imported(text);
  expect(outline(await history('g1'))).toEqual(['USER: One', 'ASSISTANT: 1', 'USER: Three']);
  expect((await session('g1')).usage.inputTokens).toBe(204);
  await write({ [CHAT]: text + lines(answer('m6', '3')) });
  await run();
  expect(outline(await history('g1'))).toEqual(['USER: One', 'ASSISTANT: 1', 'USER: Three', 'ASSISTANT: 3']);
  expect((await session('g1')).usage.inputTokens).toBe(306);
});

it('does not pay twice what follows a message that was taken back in a file that was rewritten', async () => {
  const said = [user('m1', 'One'), answer('m2', '1'), user('m3', 'Two'), answer('m4', '2')];
  const { session, history, write, run } = await imported(lines(info('g1'), ...said));
  const rewritten = lines(
    info('g1', { kind: 'other' }),
    ...said.slice(0, 2),
    { $rewindTo: 'm2' },
    ...said.slice(2),
  );
  await write({ [CHAT]: rewritten });
  await run();
  expect(outline(await history('g1'))).toEqual(['USER: One', 'USER: Two', 'ASSISTANT: 2']);
  expect((await session('g1')).usage.inputTokens).toBe(204);
});

it('does not pay twice what a resumed chat repeats, and keeps what a compaction leaves out', async () => {
  const said = [user('m1', 'One'), answer('m2', '1'), user('m3', 'Two'), answer('m4', '2')];
  const shorter = [user('m5', 'Summary'), said[3]];
  const text = lines(
    info('g1'),
    ...said,
    { $set: { messages: said } },
    { $set: { messages: shorter } },
    user('m6', 'Three'),
  );
  const { session, history, write, run } = await imported(text);
  const whole = [
    'USER: One',
    'ASSISTANT: 1',
    'USER: Two',
    'ASSISTANT: 2',
    'compaction: ',
    'USER: Summary',
    'USER: Three',
  ];
  expect(outline(await history('g1'))).toEqual(whole);
  expect((await session('g1')).usage.inputTokens).toBe(204);
  // A turn that was aborted is taken back.
  const kept = [...said, shorter[0]];
  await write({ [CHAT]: text + lines({ $set: { messages: kept } }) });
  await run();
  expect(outline(await history('g1'))).toEqual(whole.slice(0, -1));
  expect((await session('g1')).usage.inputTokens).toBe(204);
});

it('makes a subagent a child of the chat that called it, with its call, and a nested one a child of that', async () => {
  const calls = (id: string, agentId: string) =>
    answer('m2', '', { toolCalls: [call(id, 'success', 'ok', { agentId })] });
  const { folder, run, write, session } = await imported(
    lines(info('g1'), user('m1', 'Ask'), calls('c1', 'g2')),
  );
  await write({
    'lab/chats/g1/g2.jsonl': lines(info('g2', { kind: 'subagent' }), user('m1', 'help'), calls('c2', 'g3')),
    'lab/chats/g2/g3.jsonl': lines(info('g3', { kind: 'subagent' }), user('m1', 'more')),
    'lab/.project_root': '/home/eve/lab\n',
  });
  expect((await run()).complete).toBe(true);
  expect(await session('g2')).toMatchObject({
    parentId: 'g1',
    spawnedBy: { toolCallId: 'c1' },
    project: '/home/eve/lab',
  });
  expect(await session('g3')).toMatchObject({ parentId: 'g2', depth: 2, spawnedBy: { toolCallId: 'c2' } });
  expect(await gemini.recognises(`${folder}/lab/chats/g1/g2.jsonl`)).toBe(true);
});

it('keeps an image in the payload', async () => {
  const { history } = await imported(lines(info('g1'), user('m1', [{ text: 'See' }, IMAGE])));
  expect((await history('g1'))[0]).toMatchObject({
    content: 'See',
    payload: { content: [{ text: 'See' }, IMAGE] },
  });
});

it('ends as the whole file does, wherever it was cut before it was completed', {
  timeout: LONG_FORM_MS,
}, async () => {
  const said = [
    user('m1', [{ text: 'Ünï 💡' }, IMAGE]),
    answer('m2', 'Whole', { toolCalls: [call('c1', 'error', 'x')] }),
  ];
  const chat = (number: string) =>
    lines(
      info(`g${number}`),
      said[0],
      answer('m2', 'Ha'),
      said[1],
      user('m3', 'Two'),
      answer('m4', '2'),
      { $rewindTo: 'm3' },
      user('m5', 'Three'),
      { $set: { messages: [user('m6', 'Summary')] } },
      answer('m7', '3'),
    );
  await expectAsWhole(gemini, (number) => ({ [`lab/chats/session-${number}.jsonl`]: chat(number) }));
});

it('ends as the whole files do, wherever that of a chat or of a subagent was cut', {
  timeout: LONG_FORM_MS,
}, async () => {
  await expectAsWhole(gemini, (number) => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => `${number}-${name}`) as [string, string, string];
    const asks = (callId: string, agentId: string) =>
      answer('m2', '', { toolCalls: [call(callId, 'success', 'ok', { agentId })] });
    const ofSubagent = { kind: 'subagent' };
    return {
      [`lab/chats/session-${number}.jsonl`]: lines(
        info(a),
        user('m1', 'Ask'),
        asks('c1', b),
        user('m3', 'Thanks'),
      ),
      [`lab/chats/${a}/${b}.jsonl`]: lines(info(b, ofSubagent), user('m1', 'help'), asks('c2', c)),
      [`lab/chats/${b}/${c}.jsonl`]: lines(info(c, ofSubagent), user('m1', 'more'), answer('m2', '3')),
      'lab/.project_root': '/home/eve/lab\n',
    };
  });
});

it('ends as the whole file does, wherever a chat of one object was cut', {
  timeout: LONG_FORM_MS,
}, async () => {
  const chat = (number: string) =>
    JSON.stringify({ ...info(`g${number}`), messages: [user('m1', 'Ünï 💡'), answer('m2', 'Ha')] });
  await expectAsWhole(gemini, (number) => ({ [`lab/chats/session-${number}.json`]: chat(number) }));
});

it('goes on where a chat that grew ended', async () => {
  const text = lines(info('g1'), user('m1', 'One'), answer('m2', '1'));
  const { history, write, run } = await imported(text);
  await write({ [CHAT]: text + lines(user('m3', 'Two'), answer('m4', '2')) });
  expect(await run()).toMatchObject({ messages: 2, sessions: { changed: 1 } });
  expect(outline(await history('g1'))).toEqual(['USER: One', 'ASSISTANT: 1', 'USER: Two', 'ASSISTANT: 2']);
  expect((await run()).sessions).toMatchObject({ unchanged: 1 });
});

it('lists what is no chat, does not wait for a pipe, and counts links', async () => {
  const chats = 'lab/chats';
  const { folder, run, write } = await sourceLab(gemini, {
    [`${chats}/a.json`]: '{"sessionId":"cut',
    [`${chats}/b.jsonl`]: '',
    [`${chats}/c.jsonl`]: '{"kind":"main"}\n',
    [`${chats}/d.jsonl`]: `${lines(info('g1'), user('m1', 'Hi'))}\ud800\n`,
  });
  execFileSync('mkfifo', [join(folder, chats, 'e.jsonl'), join(folder, 'lab/.project_root')]);
  await symlink('..', join(folder, chats, 'f'));
  await symlink('.', join(folder, 'lab2'));
  const report = await run();
  expect(report.faults.map(({ path, line, reason }) => `${basename(path)}:${line}: ${reason}`)).toEqual([
    '.project_root:null: the file cannot be read: it is not a regular file',
    'a.json:null: the file holds no JSON object',
    'b.jsonl:null: the file holds no JSON object',
    'c.jsonl:1: the file does not begin with a sessionId',
    'd.jsonl:3: the line is no JSON object',
    'e.jsonl:null: the file cannot be read: it is not a regular file',
  ]);
  expect(Object.fromEntries(report.dropped)).toEqual({ 'symbolic link': 2 });
  expect(report.sessions.new).toBe(1);
  await write({ [`${chats}/a.json`]: JSON.stringify(info('g2')) });
  expect((await run()).sessions).toMatchObject({ new: 1, unchanged: 1 });
});

it('counts files of a project by a few kinds, however many names there are', async () => {
  const others = ['logs.json', 'a1.output', 'a2.output', 'bash.1764567890', 'bash.1764567891'];
  const { run } = await sourceLab(gemini, {
    'lab/chats/a.jsonl': lines(info('g1'), user('m1', 'Hi')),
    ...Object.fromEntries(others.map((name) => [`lab/${name}`, 'x'])),
  });
  expect(Object.fromEntries((await run()).dropped)).toEqual({
    'file logs.json': 1,
    'file *.output': 2,
    'file *': 2,
  });
});

it('stores records with odd values', async () => {
  const odd = [
    { id: '__proto__', timestamp: -1, type: 7, content: { text: 'a' } },
    { id: 5, timestamp: 'never', type: 'gemini', content: null, toolCalls: [null, { status: 'success' }] },
    { type: 'user', content: ['b', 7, { text: {} }], tokens: { input: -5, output: 1e300 } },
    { id: '', timestamp: 1e20, type: 'gemini', content: 'c', thoughts: 'x', tokens: 'none' },
    { $rewindTo: 7 },
    { id: 'm9', type: 'user', content: 'd', deep: 'DEEP' },
    { $set: { deep: 'DEEP' } },
  ];
  const deep = `${'['.repeat(400)}${']'.repeat(400)}`;
  const { report, history } = await imported(lines(info('g1'), ...odd).replaceAll('"DEEP"', deep));
  expect(report.faults).toEqual([]);
  expect(report.sessions.new).toBe(1);
  expect(outline(await history('g1'))).toEqual(['USER: d']);
  expect(Object.fromEntries(report.dropped)).toEqual({
    'count of tokens out of range': 1,
    'payload too large or not storable': 1,
    'metadata too large or not storable': 1,
  });
});
