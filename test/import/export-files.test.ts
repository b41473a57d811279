import { execFileSync } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { chatgpt } from '../../src/import/chatgpt/chatgpt.ts';
import { claudeAi } from '../../src/import/claude-ai/claude-ai.ts';
import type { SourceItem } from '../../src/import/format.ts';
import { SessionReport } from '../../src/import/report.ts';
import { outline, sourceLab } from './source-lab.ts';

const NAME = 'conversations.json';

const conversation = (uuid: unknown, text: string, more: object = {}) => ({
  uuid,
  name: 'Rivers',
  created_at: '2026-03-01T10:00:00Z',
  chat_messages: [{ uuid: 'm', sender: 'human', text, content: [] }],
  ...more,
});

async function imported(text: string | Buffer) {
  const lab = await sourceLab(claudeAi, { [NAME]: text });
  const report = await lab.run();
  return { ...lab, report, reasons: report.faults.map(({ reason }) => reason) };
}

it.each([
  ['', 'no list of conversations: expected a list'],
  [' \n ', 'no list of conversations: expected a list'],
  ['{"uuid":"u"}', 'no list of conversations: expected a list'],
  ['null', 'no list of conversations: expected a list'],
  ['PK\u0003\u0004', 'the export is a zip archive: unpack it first'],
  ['[', 'no list of conversations: expected the end of the list, got that of the file'],
  ['[{"uuid":"u"},', 'no list of conversations: expected the end of the list, got that of the file'],
  ['[{"uuid":"u"}] x', 'no list of conversations: expected nothing behind the list'],
  ['[{"uuid":"u"', 'the conversation at byte 1 is cut'],
  ['[{"uuid":"u","name":"]', 'the conversation at byte 1 is cut'],
  ['[ {"uuid":}, {"uuid":"u"}]', 'the conversation at byte 2 is no JSON object'],
  ['[{"uuid":"u"} x, {"uuid":"v"}]', 'the conversation at byte 1 is no JSON object'],
  ['[null, {"uuid":"u"}]', 'the conversation at byte 1 is no JSON object'],
  ['["a, ]", {"uuid":"u"}]', 'the conversation at byte 1 is no JSON object'],
  ['[{"uuid":7}]', 'a conversation has no uuid'],
])('lists what is wrong with %j', async (text, reason) => {
  expect((await imported(text)).reasons).toEqual([reason]);
});

it('imports all else from a file with faults', async () => {
  const [one, two] = [conversation('one', 'First'), conversation('two', 'Second')];
  const text = `\ufeff [7, ${JSON.stringify(one)},, {"uuid": } ,${JSON.stringify(two, null, 2)}`;
  const { report, reasons, history } = await imported(text);
  expect(report.sessions.new).toBe(2);
  expect(reasons).toHaveLength(3);
  expect(outline(await history('one'))).toEqual(['USER: First']);
  expect(outline(await history('two'))).toEqual(['USER: Second']);
});

it('takes the larger of two conversations with one id, and says so', async () => {
  const text = JSON.stringify([conversation('one', 'The longer one'), conversation('one', 'Short')]);
  const { report, history } = await imported(text);
  expect(outline(await history('one'))).toEqual(['USER: The longer one']);
  expect(report.notes).toEqual([expect.stringContaining('"claude-ai:one" more than once')]);
});

it('keeps both of two messages with one id', async () => {
  const { chat_messages: said } = conversation('one', 'First');
  const twice = [...said, { ...said[0], text: 'Second' }];
  const { history } = await imported(JSON.stringify([conversation('one', '', { chat_messages: twice })]));
  expect(outline(await history('one'))).toEqual(['USER: First', 'USER: Second']);
});

it('stores odd values, or says what it left out', async () => {
  const text = JSON.stringify([
    conversation('one', 'lone \ud800, zero \0', {
      created_at: -1,
      updated_at: 1e300,
      account: { deep: 'x' },
    }),
    conversation('two/../three', 'Hi', { name: '', created_at: 'never', chat_messages: 'none' }),
    conversation('four', 'Hi', { chat_messages: [null, 7, { text: 8, content: 9, created_at: {} }] }),
  ]).replace('"deep":"x"', `"__proto__":{"x":1},"deep":${'['.repeat(400)}${']'.repeat(400)}`);
  const { report, reasons, history, session, repository } = await imported(text);
  expect(reasons).toEqual([]);
  expect(report.sessions.new).toBe(3);
  expect(Object.fromEntries(report.dropped)).toEqual({
    'character that cannot be stored (replaced)': 1,
    'chat_messages that are no objects': 3,
    'metadata too large or not storable': 1,
  });
  expect(outline(await history('one'))).toEqual(['USER: lone \ufffd, zero \ufffd']);
  expect(await session('one')).toMatchObject({ createdAt: new Date(-1) });
  expect(outline(await history('four'))).toEqual(['ASSISTANT: ']);
  expect(await repository.count({})).toBe(3);
});

it('lists a conversation that was changed while it was imported, and reads it again', async () => {
  const mapping = { a: { message: { author: { role: 'user' }, content: { parts: ['Hi'] } } } };
  const text = (title: string) => JSON.stringify([{ id: 'one', title, mapping, current_node: 'a' }]);
  for (const [format, before, after] of [
    [claudeAi, JSON.stringify([conversation('one', 'Hi')]), JSON.stringify([conversation('two', 'Ho')])],
    [chatgpt, text('A'), text('B')],
  ] as const) {
    const { folder, write } = await sourceLab(format, { [NAME]: before });
    const items: SourceItem[] = [];
    for await (const found of format.survey(folder, { onFile: () => {}, now: 0 })) {
      await write({ [NAME]: after });
      if (found.type !== 'session') continue;
      for await (const item of found.read(null)) items.push(item);
    }
    expect(items, format.name).toMatchObject([
      { type: 'fault', reason: expect.stringContaining('was changed while') },
      { type: 'end', isUnfinished: true },
    ]);
  }
});

it('does not wait for a pipe in the place of a file, and follows a link', async () => {
  const { folder, write, run } = await sourceLab(claudeAi);
  execFileSync('mkfifo', [join(folder, 'conversations-000.json')]);
  await write({ other: JSON.stringify([conversation('one', 'Hi')]) });
  await symlink(join(folder, 'other'), join(folder, 'conversations-001.json'));
  expect(await claudeAi.recognises(folder)).toBe(false);
  expect(await run()).toMatchObject({
    faults: [{ reason: 'the file cannot be read: it is not a regular file' }],
    sessions: { new: 1 },
  });
});

it('counts the other files of an export by a few kinds, however many names there are', async () => {
  const { run, write } = await sourceLab(claudeAi, {
    [NAME]: JSON.stringify([conversation('one', 'First')]),
  });
  await write({ 'users.json': '[]', 'note-1.json': '[]', 'note-2.json': '[]', 'page-1.html': 'x' });
  expect(Object.fromEntries((await run()).dropped)).toEqual({
    'file users.json': 1,
    'file *.json': 2,
    'file *.html': 1,
  });
});

it('lists the most frequent of many kinds that have no place, and the number of the others', () => {
  const report = new SessionReport();
  for (let n = 0; n < 1_500; n += 1) report.drop({ kind: `node.m${n}` });
  report.drop({ kind: 'node.often', count: 3 });
  const [line = ''] = report.lines();
  expect(line).toMatch(/^No place in the store: node\.often \(3\), .*, and 501 more\.$/);
  expect(line.split(', ')).toHaveLength(1_001);
});
