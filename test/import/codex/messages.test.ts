import { zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { codex } from '../../../src/import/codex/codex.ts';
import { outline, sourceLab } from '../source-lab.ts';
import { Rollout } from './rollout.ts';

const ID = '0aa11111-0000-7000-8000-000000000001';

async function imported(rollout: Rollout) {
  const { run, session, history } = await sourceLab(codex, { [rollout.name]: rollout.text });
  const report = await run();
  return { report, session: await session(ID), history: await history(ID) };
}

it('imports a plain session: prompts, answers, times, usage, title, project', async () => {
  const rollout = new Rollout(ID, { base_instructions: { text: 'You are terse.' }, git: { branch: 'main' } });
  rollout.turn('t1').user('Name three rivers.').think('Rivers…').say('Ebro, Po, Oder', 'msg_1');
  rollout.record('resp_1', { input: 140, cached: 100, output: 9, reasoning: 4 });
  rollout.event({ type: 'task_complete', turn_id: 't1' });
  const { report, session, history } = await imported(rollout);
  expect(report.complete).toBe(true);
  expect(session).toMatchObject({
    key: `codex:${ID}`,
    title: 'Name three rivers.',
    project: '/home/eve/lab',
    status: 'IDLE',
    messageCount: 1,
    createdAt: new Date('2026-03-01T10:00:00Z'),
    lastActiveAt: new Date('2026-03-01T10:00:06Z'),
    metadata: { git: { branch: 'main' }, cli_version: '0.171.0', turn_context: { model: 'model-a' } },
    usage: { inputTokens: 140, outputTokens: 9, cacheReadTokens: 100, reasoningTokens: 4, costUsd: null },
  });
  expect(outline(history)).toEqual([
    'SYSTEM: You are terse.',
    'USER: Name three rivers.',
    'ASSISTANT: Ebro, Po, Oder',
  ]);
  expect(history[2]).toMatchObject({
    reasoning: 'Rivers…',
    model: 'model-a',
    metadata: { turn_id: 't1', effort: 'high', response_id: 'resp_1' },
    payload: { items: [{ encrypted_content: 'c2VjcmV0' }, { id: 'msg_1' }] },
  });
});

it('counts a response once that is spread over several lines, and keeps parallel calls in the order of the file', async () => {
  const rollout = new Rollout(ID).turn('t1').user('Look around');
  rollout.think('two things').call('c1', 'shell', { cmd: 'ls' }).call('c2', 'shell', { cmd: 'pwd' });
  rollout.record('resp_1', { input: 10, output: 5 }).output('c2', '/home').output('c1', 'a.txt');
  const { history, session } = await imported(rollout);
  expect(history[1]).toMatchObject({
    content: '',
    reasoning: 'two things',
    toolCalls: [
      { toolCallId: 'c1', name: 'shell', arguments: { cmd: 'ls' } },
      { toolCallId: 'c2', name: 'shell', arguments: { cmd: 'pwd' } },
    ],
  });
  expect(history.slice(2).map(({ toolCallId, content }) => [toolCallId, content])).toEqual([
    ['c2', '/home'],
    ['c1', 'a.txt'],
  ]);
  expect(session.usage).toMatchObject({ inputTokens: 10, outputTokens: 5 });
});

it('counts token_count events of earlier versions once, also if they repeat, and if the total begins again', async () => {
  const rollout = new Rollout(ID, { cli_version: '0.104.0' }, null).turn('t1').user('Go');
  rollout.call('c1', 'shell', { cmd: 'ls' }).output('c1', 'a.txt').tokenCount({ input: 100, output: 10 });
  rollout.repeatTokenCount().say('One file.').tokenCount({ input: 120, output: 20 }).repeatTokenCount();
  rollout.event({ type: 'token_count', info: null });
  const total = { input_tokens: 7, cached_input_tokens: 0, output_tokens: 3, reasoning_output_tokens: 0 };
  rollout.turn('t2').user('More').say('Done.');
  rollout.event({ type: 'token_count', info: { total_token_usage: total } });
  const { history, session } = await imported(rollout);
  expect(session.usage).toMatchObject({ inputTokens: 227, outputTokens: 33 });
  const paid = history.filter(({ usage }) => usage).map(({ role, usage }) => [role, usage!.inputTokens]);
  expect(paid).toEqual([
    ['ASSISTANT', 100],
    ['ASSISTANT', 120],
    ['ASSISTANT', 7],
  ]);
});

it('does not count token_count beside token_usage_record', async () => {
  const rollout = new Rollout(ID).turn('t1').user('Go').say('Gone.');
  rollout.record('resp_1', { input: 30, output: 3 }).tokenCount({ input: 30, output: 3 });
  const { session } = await imported(rollout);
  expect(session.usage).toMatchObject({ inputTokens: 30, outputTokens: 3 });
});

it('keeps what a response cost that left no item', async () => {
  const rollout = new Rollout(ID).turn('t1').user('Go').say('Gone.').record('resp_1', { input: 30 });
  rollout.record('resp_2', { input: 500, output: 50 });
  const { session, history } = await imported(rollout);
  expect(session.usage).toMatchObject({ inputTokens: 530, outputTokens: 50 });
  expect(history.at(-1)).toMatchObject({ role: 'EVENT', kind: 'token_usage_record' });
});

it('takes messages of role user that no one typed as SYSTEM', async () => {
  const rollout = new Rollout(ID).turn('t1');
  rollout
    .user('<environment_context>\n  <cwd>/home/eve/lab</cwd>')
    .user('# AGENTS.md instructions for /home/eve');
  const provenance = { content_item_metadata: [{ provenance: { type: 'harness' } }] };
  const content = [{ type: 'input_text', text: 'Told by the program' }];
  rollout.item({
    type: 'message',
    role: 'user',
    content,
    internal_chat_message_metadata_passthrough: provenance,
  });
  rollout.item({ type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Be kind' }] });
  rollout.item({
    type: 'agent_message',
    author: '/root',
    recipient: '/root/a',
    content: [{ type: 'input_text', text: 'Task' }],
  });
  rollout.user('Typed');
  const { session, history } = await imported(rollout);
  expect(session.messageCount).toBe(1);
  expect(history.map(({ role, name }) => name ?? role)).toEqual([
    'SYSTEM',
    'SYSTEM',
    'SYSTEM',
    'SYSTEM',
    '/root',
    'USER',
  ]);
});

it.each([
  [
    'Process exited with code 3',
    'Chunk ID: 1\nWall time: 0.1 seconds\nProcess exited with code 3\nOutput:\nno',
    true,
  ],
  [
    'Process exited with code 0',
    'Chunk ID: 1\nWall time: 0.1 seconds\nProcess exited with code 0\nOutput:\nok',
    false,
  ],
  ['Exit code: 1', 'Exit code: 1\nWall time: 1 seconds\nOutput:\nno', true],
  ['JSON with an exit code', '{"output":"no","metadata":{"exit_code":2,"duration_seconds":0.1}}', true],
  ['aborted', 'aborted by user after 2.0s', true],
  [
    'an output that quotes an exit code',
    'The log says:\nsome\nlines\nthen\nProcess exited with code 1',
    false,
  ],
])('knows whether a tool failed: %s', async (_name, output, isError) => {
  const rollout = new Rollout(ID)
    .turn('t1')
    .user('Go')
    .call('c1', 'shell', {})
    .record('r', {})
    .output('c1', output);
  const { history } = await imported(rollout);
  expect(history.at(-1)).toMatchObject({ role: 'TOOL', name: 'shell', toolCallId: 'c1', isError });
});

it('puts what the program says of a command into the payload of its output', async () => {
  const rollout = new Rollout(ID).turn('t1').user('Go').call('c1', 'exec_command', {}).record('r', {});
  const item = { type: 'CommandExecution', id: 'c1', status: 'failed', exit_code: 3, duration: { secs: 1 } };
  rollout.event({ type: 'item_completed', item }).output('c1', 'no such file');
  const { history } = await imported(rollout);
  expect(history).toHaveLength(3);
  expect(history[2]).toMatchObject({ content: 'no such file', isError: true, payload: { item } });
});

it('keeps compactions, aborts and errors as events', async () => {
  const rollout = new Rollout(ID).turn('t1').user('Go').say('Going');
  rollout.add('compacted', { message: 'Went.', replacement_history: [{ type: 'message' }] });
  rollout.event({ type: 'error', message: 'rate limited' });
  rollout.event({ type: 'turn_aborted', turn_id: 't1', reason: 'interrupted' });
  const { session, history } = await imported(rollout);
  expect(outline(history.slice(2))).toEqual([
    'compaction: Went.',
    'error: rate limited',
    'interruption: interrupted',
  ]);
  expect(history[2]!.payload).toMatchObject({ replacement_history: [{ type: 'message' }] });
  expect(session.status).toBe('CANCELLED');
});

it('takes turns back that were rolled back; they stay paid for', async () => {
  const rollout = new Rollout(ID).turn('t1').user('One').say('1').record('r1', { input: 10 });
  rollout.turn('t2').user('Two').say('2').record('r2', { input: 20 });
  rollout.event({ type: 'thread_rolled_back', num_turns: 1 });
  rollout.turn('t3').user('Three').say('3').record('r3', { input: 40 });
  const { session, history } = await imported(rollout);
  expect(outline(history)).toEqual([
    'USER: One',
    'ASSISTANT: 1',
    'thread_rolled_back: ',
    'USER: Three',
    'ASSISTANT: 3',
  ]);
  expect(session.usage.inputTokens).toBe(70);
});

it('keeps an image in the payload', async () => {
  const image = { type: 'input_image', image_url: 'data:image/png;base64,AAAA' };
  const rollout = new Rollout(ID).turn('t1');
  rollout.item({ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'See' }, image] });
  const { history } = await imported(rollout);
  expect(history[0]).toMatchObject({ role: 'USER', content: 'See', payload: { content: [{}, image] } });
});

it('reads compressed rollouts', async () => {
  const rollout = new Rollout(ID).turn('t1').user('Packed').say('Indeed').record('r', { input: 5 });
  const packed = zstdCompressSync(Buffer.from(rollout.text));
  const { run, history } = await sourceLab(codex, { [`${rollout.name}.zst`]: packed });
  expect((await run()).complete).toBe(true);
  expect(outline(await history(ID))).toEqual(['USER: Packed', 'ASSISTANT: Indeed']);
});

it('reads a compressed rollout of several frames', async () => {
  const rollout = new Rollout(ID).turn('t1').user('One').say('1').record('r1', { input: 5 });
  const half = rollout.lines.length;
  rollout.turn('t2').user('Two');
  const frames = [rollout.lines.slice(0, half), rollout.lines.slice(half)].map((lines) =>
    zstdCompressSync(Buffer.from(lines.map((line) => `${line}\n`).join(''))),
  );
  const { run, history } = await sourceLab(codex, { [`${rollout.name}.zst`]: Buffer.concat(frames) });
  expect((await run()).complete).toBe(true);
  expect(outline(await history(ID))).toEqual(['USER: One', 'ASSISTANT: 1', 'USER: Two']);
});

it('imports what can be read of a compressed rollout that is cut', async () => {
  const rollout = new Rollout(ID).turn('t1').user('Packed');
  for (let n = 0; n < 20_000; n += 1) rollout.say(`${n} ${(n * 7919) % 1009}`);
  const packed = zstdCompressSync(Buffer.from(rollout.text));
  const { run, history } = await sourceLab(codex, { [`${rollout.name}.zst`]: packed.subarray(0, -100) });
  expect((await run()).faults).toMatchObject([{ reason: expect.stringContaining('cannot be decompressed') }]);
  expect(outline((await history(ID)).slice(0, 1))).toEqual(['USER: Packed']);
});

it('lists a line that is no JSON with file and line, and imports all else', async () => {
  const rollout = new Rollout(ID).turn('t1').user('Before').raw('\0\0{').user('After');
  const other = new Rollout('0aa11111-0000-7000-8000-000000000002');
  const lab = await sourceLab(codex, { [rollout.name]: rollout.text, [other.name]: 'no rollout\n' });
  const report = await lab.run();
  expect(report.faults.map(({ line, reason }) => [line, reason])).toEqual([
    [6, 'the line is no JSON object with a type'],
    [1, 'the first line is no session_meta with an id'],
  ]);
  expect(outline(await lab.history(ID))).toEqual(['USER: Before', 'USER: After']);
});

it('counts what has no place by kind', async () => {
  const rollout = new Rollout(ID).turn('t1').user('Go').add('world_state', { full: true });
  const { report } = await imported(rollout);
  expect(Object.fromEntries(report.dropped)).toEqual({
    'event_msg/task_started': 1,
    'event_msg/user_message': 1,
    world_state: 1,
  });
});
