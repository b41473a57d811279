import { expect, it } from 'vitest';
import { chatgpt } from '../../src/import/chatgpt/chatgpt.ts';
import { claude } from '../../src/import/claude/claude.ts';
import { claudeAi } from '../../src/import/claude-ai/claude-ai.ts';
import { codex } from '../../src/import/codex/codex.ts';
import type { Format } from '../../src/import/format.ts';
import { gemini } from '../../src/import/gemini/gemini.ts';
import { opencode } from '../../src/import/opencode/opencode.ts';
import { Transcript } from './claude/transcript.ts';
import { Rollout } from './codex/rollout.ts';
import { OpencodeWriter } from './opencode/store-writer.ts';
import { outline, sourceLab } from './source-lab.ts';

const TEXT = 'Rivers and lakes';
const CODEX_ID = '0aa11111-0000-7000-8000-000000000001';

const transcript = new Transcript('one');
transcript.user(TEXT);
const rollout = new Rollout(CODEX_ID).turn('t').user(TEXT);
const GEMINI = { sessionId: 'g', startTime: '2026-03-01T10:00:00Z' };
const record = { id: 'm', timestamp: '2026-03-01T10:00:00Z', type: 'user', content: TEXT };
const node = {
  id: 'n',
  parent: null,
  children: [],
  message: { id: 'n', author: { role: 'user' }, content: { content_type: 'text', parts: [TEXT] } },
};

/** For each format: a session with the one message `TEXT`. */
const SOURCES: [title: string, format: Format, id: string, files: Record<string, string>][] = [
  ['lines of Claude Code', claude, 'one', { 'projects/-lab/one.jsonl': transcript.text }],
  ['lines of Codex', codex, CODEX_ID, { [rollout.name]: rollout.text }],
  [
    'lines of Gemini CLI',
    gemini,
    'g',
    { 'lab/chats/session-1.jsonl': `${JSON.stringify(GEMINI)}\n${JSON.stringify(record)}\n` },
  ],
  [
    'an export of ChatGPT',
    chatgpt,
    'c',
    { 'conversations.json': JSON.stringify([{ id: 'c', mapping: { n: node }, current_node: 'n' }]) },
  ],
  [
    'an export of claude.ai',
    claudeAi,
    'u',
    {
      'conversations.json': JSON.stringify([
        { uuid: 'u', chat_messages: [{ uuid: 'm', sender: 'human', text: TEXT }] },
      ]),
    },
  ],
  [
    'a chat of Gemini CLI in one object',
    gemini,
    'g',
    { 'lab/chats/session-1.json': JSON.stringify({ ...GEMINI, messages: [record] }) },
  ],
  ['files of opencode', opencode, 'ses_a', new OpencodeWriter().session('ses_a').user(TEXT).files()],
];

const edited = (files: Record<string, string>, edit: (text: string) => Buffer) =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [name, edit(text)]));

it.each(SOURCES)('reads %s that begins with a byte order mark', async (_, format, id, files) => {
  const marked = edited(files, (text) => Buffer.from(`\ufeff${text}`));
  const { folder, run, history } = await sourceLab(format, marked);
  expect(await format.recognises(folder)).toBe(true);
  expect(await run()).toMatchObject({ complete: true, sessions: { new: 1 } });
  expect(outline(await history(id))).toEqual([`USER: ${TEXT}`]);
  expect(await run()).toMatchObject({ complete: true, sessions: { unchanged: 1 } });
});

it.each(SOURCES.slice(0, 5))(
  'replaces bytes of %s that are no UTF-8, and counts that',
  async (_, format, id, files) => {
    // The beginning of a character of three bytes.
    const broken = edited(files, (text) => Buffer.from(text.replaceAll('lakes', 'la\xe2es'), 'latin1'));
    const { run, history } = await sourceLab(format, broken);
    const report = await run();
    expect(report.complete).toBe(true);
    const lines = Object.values(files).flatMap((text) => text.split('\n'));
    const count = lines.filter((line) => line.includes('lakes')).length;
    expect(report.dropped.get('bytes that are no UTF-8 (replaced)')).toBe(count);
    expect(outline(await history(id))).toEqual(['USER: Rivers and la\ufffdes']);
  },
);
