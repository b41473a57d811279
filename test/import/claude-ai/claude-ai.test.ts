import { expect, it } from 'vitest';
import { claudeAi } from '../../../src/import/claude-ai/claude-ai.ts';
import { expectAsWhole, LONG_FORM_MS } from '../cuts.ts';
import { outline, sourceLab } from '../source-lab.ts';

const message = (uuid: string, sender: string, content: object[], more: object = {}) => ({
  uuid,
  sender,
  text: 'a repeat of the content',
  content,
  created_at: '2026-03-01T10:00:01.000000Z',
  attachments: [],
  files: [],
  ...more,
});
const text = (said: string) => ({ type: 'text', text: said, citations: [] });
const conversation = (uuid: string, ...messages: object[]) => ({
  uuid,
  name: 'Rivers',
  summary: 'About rivers',
  account: { uuid: 'acc' },
  created_at: '2026-03-01T10:00:00.000000Z',
  updated_at: `2026-03-01T10:00:0${messages.length}.000000Z`,
  chat_messages: messages,
});

async function imported(...conversations: object[]) {
  const lab = await sourceLab(claudeAi, { 'conversations.json': JSON.stringify(conversations) });
  expect(await claudeAi.recognises(lab.folder)).toBe(true);
  return { ...lab, report: await lab.run() };
}

it('imports a plain conversation, and again as it grows', async () => {
  const said = [
    message('m1', 'human', [text('Name three')]),
    message('m2', 'assistant', [text('Ebro'), text('Po')]),
  ];
  const { report, session, history, write, run } = await imported(conversation('u1', ...said));
  expect(report.complete).toBe(true);
  expect(await session('u1')).toMatchObject({
    key: 'claude-ai:u1',
    title: 'Rivers',
    createdAt: new Date('2026-03-01T10:00:00Z'),
    metadata: { summary: 'About rivers', account: { uuid: 'acc' } },
  });
  expect(outline(await history('u1'))).toEqual(['USER: Name three', 'ASSISTANT: Ebro\nPo']);
  const more = conversation('u1', ...said, message('m3', 'human', [], { text: 'Old form' }));
  await write({ 'conversations.json': JSON.stringify([more]) });
  expect((await run()).sessions.changed).toBe(1);
  expect(outline(await history('u1'))).toEqual(['USER: Name three', 'ASSISTANT: Ebro\nPo', 'USER: Old form']);
});

it('knows thoughts, calls of tools, their results, and attachments', async () => {
  const attachments = [{ file_name: 'a.txt', extracted_content: 'inside' }];
  const blocks = [
    { type: 'thinking', thinking: 'Hm' },
    { type: 'tool_use', id: 't1', name: 'search', input: { query: 'Po' } },
    { type: 'tool_result', tool_use_id: 't1', name: 'search', content: [text('found')], is_error: false },
    { type: 'tool_use', name: 'search', input: {} },
    { type: 'tool_result', name: 'search', content: [text('no')], is_error: true },
    text('The Po'),
  ];
  const { history } = await imported(
    conversation(
      'u1',
      message('m1', 'human', [text('See')], { attachments }),
      message('m2', 'assistant', blocks),
    ),
  );
  expect(await history('u1')).toMatchObject([
    { role: 'USER', content: 'See', payload: { attachments } },
    {
      role: 'ASSISTANT',
      content: 'The Po',
      reasoning: 'Hm',
      toolCalls: [{ toolCallId: 't1', name: 'search', arguments: { query: 'Po' } }, { toolCallId: 'm2:3' }],
    },
    { role: 'TOOL', toolCallId: 't1', content: 'found', isError: false },
    { role: 'TOOL', toolCallId: 'm2:3', content: 'no', isError: true },
  ]);
});

it('keeps images in the payload: blocks of a message and of a result, and the names of files', async () => {
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } };
  const files = [{ file_name: 'map.png', file_uuid: 'f1' }];
  const shown = { type: 'tool_result', tool_use_id: 't1', content: [text('drawn'), image] };
  const { history } = await imported(
    conversation(
      'u1',
      message('m1', 'human', [text('See'), image], { files }),
      message('m2', 'assistant', [{ type: 'tool_use', id: 't1', name: 'draw', input: {} }, shown]),
    ),
  );
  expect(await history('u1')).toMatchObject([
    { role: 'USER', content: 'See', payload: { files, content: [{ type: 'text' }, image] } },
    { role: 'ASSISTANT' },
    { role: 'TOOL', content: 'drawn', payload: { content: [text('drawn'), image] } },
  ]);
});

it('lists a conversation that is cut', async () => {
  const whole = JSON.stringify([
    conversation('u1', message('m1', 'human', [text('One')])),
    conversation('u2'),
  ]);
  const { run } = await sourceLab(claudeAi, { 'conversations.json': whole.slice(0, -3) });
  expect(await run()).toMatchObject({
    faults: [{ reason: expect.stringContaining('is cut') }],
    sessions: { new: 1 },
  });
});

it('ends as the whole export does, wherever it was cut before it was completed', {
  timeout: LONG_FORM_MS,
}, async () => {
  const answer = [
    { type: 'tool_use', id: 't1', name: 'search', input: {} },
    {
      type: 'tool_result',
      tool_use_id: 't1',
      is_error: true,
      content: [text('Ünï 💡 "[}'), { type: 'image', file_uuid: 'f1' }],
    },
  ];
  const said = [message('m1', 'human', [text('One')]), message('m2', 'assistant', answer)];
  const exported = (number: string) =>
    `[\n${[`u${number}`, `v${number}`].map((uuid) => JSON.stringify(conversation(uuid, ...said))).join(',\n')}\n]\n`;
  await expectAsWhole(claudeAi, (number) => ({ 'conversations.json': exported(number) }));
});

it('keeps what is no block of a message, and counts what is no message', async () => {
  const odd = message('m1', 'human', [text('Name three'), 'plain', 5, null] as object[]);
  const other = { ...message('m2', 'assistant', []), content: 'all of it', text: '' };
  const { report, history } = await imported({
    ...conversation('u1'),
    chat_messages: [odd, 'gone', other, null, 7],
  });
  const [first, second] = await history('u1');
  expect(first).toMatchObject({
    content: 'Name three',
    payload: { content: [{ type: 'text', citations: [] }, 'plain', 5, null] },
  });
  expect(second!.payload).toMatchObject({ content: ['all of it'] });
  expect(report.dropped).toEqual(new Map([['chat_messages that are no objects', 3]]));
});
