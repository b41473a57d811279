import { chmodSync, chownSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { Transcript, writeFiles } from '../import/claude/transcript.ts';
import { Rollout } from '../import/codex/rollout.ts';
import { OpencodeWriter } from '../import/opencode/store-writer.ts';
import { ACCOUNT } from '../support/postgres/account.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { runCli } from './run.ts';

const NO_PLACES = { CLAUDE_CONFIG_DIR: '', CODEX_HOME: '', XDG_DATA_HOME: '' };

/** Files, and those of them and of their folders that belong to another user. */
interface Source {
  readonly files: Record<string, string>;
  readonly locked: readonly string[];
  /** Makes what is no text. */
  readonly add?: (folder: string) => void;
}

const said = (id: string) => {
  const transcript = new Transcript(id);
  transcript.user('Hi');
  return transcript.text;
};
const CLAUDE: Source = {
  files: {
    '.claude/projects/-a/one.jsonl': said('one'),
    '.claude/projects/-a/one/subagents/agent-x.jsonl': said('x'),
    '.claude/projects/-a/one/subagents/agent-x.meta.json': '{"description":"Named"}',
    '.claude/projects/-a/two.jsonl': said('two'),
    '.claude/projects/-b/three.jsonl': said('three'),
  },
  locked: [
    '.claude/projects/-a/one/subagents/agent-x.meta.json',
    '.claude/projects/-a/two.jsonl',
    '.claude/projects/-b',
  ],
};

const thread = (id: string) => new Rollout(id).turn('t').user('Hi').text;
const CODEX: Source = {
  files: {
    '.codex/sessions/2026/03/01/rollout-1.jsonl': thread('codex-1'),
    '.codex/sessions/2026/03/01/rollout-2.jsonl': thread('codex-2'),
    '.codex/sessions/2026/03/02/rollout-3.jsonl': thread('codex-3'),
    '.codex/session_index.jsonl': '{"id":"codex-1","thread_name":"Named"}\n',
  },
  locked: [
    '.codex/sessions/2026/03/01/rollout-2.jsonl',
    '.codex/sessions/2026/03/02',
    '.codex/session_index.jsonl',
    '.codex/state_5.sqlite',
  ],
  add(folder) {
    using database = new DatabaseSync(join(folder, '.codex/state_5.sqlite'));
    database.exec('CREATE TABLE threads (id TEXT, title TEXT)');
  },
};

const OPENCODE_FILES = ['a', 'b', 'c', 'd']
  .reduce((writer, name) => writer.session(`ses_${name}`).user('Hi').say('Hello'), new OpencodeWriter())
  .files();
const underOpencode = (name: string) => `.local/share/opencode/${name}`;
const fileOf = (part: string, session: string) => {
  const [message] = Object.keys(OPENCODE_FILES).filter((name) => name.includes(`message/${session}/msg`));
  const id = message!.split('/').at(-1)!.replace('.json', '');
  return Object.keys(OPENCODE_FILES).find((name) =>
    name.includes(`${part}/${part === 'part' ? id : session}/`),
  )!;
};
const OPENCODE: Source = {
  files: Object.fromEntries(
    Object.entries(OPENCODE_FILES).map(([name, text]) => [underOpencode(name), text]),
  ),
  locked: [
    // A part of one, the parts of a message of another, the messages of a third; and a database.
    fileOf('part', 'ses_b'),
    dirname(fileOf('part', 'ses_c')),
    'storage/message/ses_d',
    'opencode.db',
  ].map(underOpencode),
  add(folder) {
    new OpencodeWriter()
      .session('ses_e')
      .user('Hi')
      .writeDatabase(join(folder, underOpencode('')));
  },
};

const chat = (id: string) =>
  [
    { sessionId: id, startTime: '2026-03-01T10:00:00Z' },
    { id: 'm1', type: 'user', content: 'Hi' },
  ]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
const GEMINI: Source = {
  files: {
    '.gemini/tmp/lab/chats/session-1.jsonl': chat('gemini-1'),
    '.gemini/tmp/lab/chats/session-2.jsonl': chat('gemini-2'),
    '.gemini/tmp/lab/.project_root': '/home/eve/lab',
    '.gemini/tmp/other/chats/session-3.jsonl': chat('gemini-3'),
    '.gemini/projects.json': '{}',
  },
  locked: [
    '.gemini/tmp/lab/chats/session-2.jsonl',
    '.gemini/tmp/lab/.project_root',
    '.gemini/tmp/other',
    '.gemini/projects.json',
  ],
};

const CHATGPT: Source = {
  files: {
    'conversations-000.json': JSON.stringify([{ id: 'chatgpt-1', mapping: {} }]),
    'conversations-001.json': JSON.stringify([{ id: 'chatgpt-2', mapping: {} }]),
  },
  locked: ['conversations-001.json'],
};

const CLAUDE_AI: Source = {
  files: {
    'conversations-000.json': JSON.stringify([{ uuid: 'claude-ai-1', chat_messages: [] }]),
    'conversations-001.json': JSON.stringify([{ uuid: 'claude-ai-2', chat_messages: [] }]),
  },
  locked: ['conversations-001.json'],
};

it.each([
  ['claude', CLAUDE, 2, 2],
  ['codex', CODEX, 1, 2],
  ['opencode', OPENCODE, 3, 2],
  ['gemini', GEMINI, 1, 2],
  ['chatgpt', CHATGPT, 1, null],
  ['claude-ai', CLAUDE_AI, 1, null],
] as const)(
  '%s: lists each file and folder that it may not read, and imports all else',
  async (format, { files, locked, add }, imported, more) => {
    const folder = await temporaryDirectory();
    await writeFiles(folder, files);
    add?.(folder);
    const everything = ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })];
    for (const name of everything) if (ACCOUNT) chownSync(join(folder, name), ACCOUNT.uid, ACCOUNT.gid);
    const lock = (isLocked: boolean) => {
      for (const name of locked) chmodSync(join(folder, name), isLocked ? 0 : 0o700);
    };
    lock(true);
    onTestFinished(() => lock(false));
    const place = format === 'chatgpt' || format === 'claude-ai' ? [folder] : [];
    const env = { ...NO_PLACES, HOME: folder };
    const run = () => runCli(['import', format, ...place, '--data', join(folder, 'data')], env, ACCOUNT);
    const { code, stdout, stderr } = await run();
    expect(stderr).toBe('');
    for (const name of locked) expect(stdout).toContain(join(folder, name));
    expect(stdout).toContain(`Imported ${imported} new sessions`.replace(/1 new sessions/, '1 new session'));
    expect(stdout).toContain(`${locked.length} fault`);
    expect(code).toBe(1);
    lock(false);
    if (more !== null)
      expect(await run()).toMatchObject({ code: 0, stdout: expect.stringContaining(` ${more} new session`) });
  },
);
