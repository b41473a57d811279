import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { opencode } from '../../../src/import/opencode/opencode.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import { writeFiles } from '../claude/transcript.ts';
import { type Sample, type SampleRecord, writeDatabase } from './sample.ts';

const START = Date.parse('2026-03-01T10:00:00Z');

const SESSION: JsonObject = {
  id: 'ses_a',
  projectID: 'project-1',
  directory: '/home/eve/lab',
  title: 'Title of it',
  version: '1.1.65',
  agent: 'build',
  time: { created: START, updated: START + 90_001, compacting: START + 80_002 },
  summary: { additions: 6611, diffs: [{ file: 'a.txt' }] },
  share: { url: 'https://example.com/share' },
};
const PROMPT: JsonObject = {
  id: 'msg_1',
  sessionID: 'ses_a',
  role: 'user',
  time: { created: START + 1_001 },
  agent: 'planner',
  model: { providerID: 'provider-a', modelID: 'model-a' },
  tools: { bash: false },
};
const ANSWER: JsonObject = {
  id: 'msg_2',
  sessionID: 'ses_a',
  parentID: 'msg_1',
  role: 'assistant',
  time: { created: START + 2_002, completed: START + 9_003 },
  agent: 'coder',
  mode: 'build',
  modelID: 'model-b',
  providerID: 'provider-b',
  path: { cwd: '/home/eve/lab/inner', root: '/home/eve' },
  cost: 0.0625,
  tokens: { input: 6622, output: 6633, reasoning: 6644, cache: { read: 6655, write: 6666 } },
  error: { name: 'APIError', data: { message: 'Too many', statusCode: 6677 } },
  finish: 'stop',
};
const part = (id: string, messageID: string, members: JsonObject): JsonObject => ({
  id,
  messageID,
  sessionID: 'ses_a',
  ...members,
});
const PARTS = [
  part('prt_11', 'msg_1', { type: 'text', text: 'What is it?', time: { start: START + 1_101 } }),
  part('prt_12', 'msg_1', {
    type: 'file',
    mime: 'image/png',
    url: 'data:image/png;base64,aW1hZ2U=',
    filename: 'a.png',
  }),
  part('prt_13', 'msg_1', { type: 'text', text: 'Written by the program', synthetic: true }),
  part('prt_21', 'msg_2', { type: 'step-start', snapshot: 'snapshot-1' }),
  part('prt_22', 'msg_2', {
    type: 'reasoning',
    text: 'A thought',
    metadata: { signature: 'c2ln' },
    time: { start: START + 2_102, end: START + 2_203 },
  }),
  part('prt_23', 'msg_2', { type: 'text', text: 'An answer' }),
  part('prt_24', 'msg_2', {
    type: 'tool',
    callID: 'call_1',
    tool: 'bash',
    state: {
      status: 'completed',
      input: { command: 'ls -l' },
      output: 'a.txt',
      title: 'Lists files',
      metadata: { exit: 6688 },
      time: { start: START + 3_104, end: START + 3_205 },
      attachments: [{ type: 'file', mime: 'image/gif', url: 'data:image/gif;base64,Z2lm' }],
    },
    metadata: { provider: { item: 'item-1' } },
  }),
  part('prt_25', 'msg_2', {
    type: 'tool',
    callID: 'call_2',
    tool: 'read',
    state: {
      status: 'error',
      input: { path: 'b.txt' },
      error: 'No such file',
      time: { start: START + 4_106 },
    },
  }),
  part('prt_26', 'msg_2', {
    type: 'tool',
    callID: 'call_3',
    tool: 'write',
    state: { status: 'running', input: { path: 'c.txt' }, title: 'Writes', time: { start: START + 5_107 } },
  }),
  part('prt_27', 'msg_2', { type: 'patch', hash: 'hash-1', files: ['/home/eve/lab/a.txt'] }),
  part('prt_28', 'msg_2', {
    type: 'step-finish',
    reason: 'stop',
    snapshot: 'snapshot-2',
    cost: 0.03125,
    tokens: { input: 6622, output: 6633, reasoning: 6644, cache: { read: 6655, write: 6666 } },
  }),
];
const TODO: JsonObject = { content: 'Look at it', status: 'pending', priority: 'high' };
const PROJECT: JsonObject = { id: 'project-1', worktree: '/home/eve', vcs: 'git' };

const ELSEWHERE = [{ leaf: /^message (?:data\.)?role$/, docs: 'USER' }];

const inFile = (file: string, kind: string, value: JsonObject): SampleRecord => ({
  file: `storage/${file}.json`,
  kind,
  value,
});

/** Before 1.2: a file for each session, message and part. */
export const opencodeFilesSample: Sample = {
  title: 'opencode, files',
  format: opencode,
  records: [
    inFile('session/project-1/ses_a', 'session', SESSION),
    inFile('message/ses_a/msg_1', 'message', PROMPT),
    inFile('message/ses_a/msg_2', 'message', ANSWER),
    ...PARTS.map((value) => inFile(`part/${String(value.messageID)}/${String(value.id)}`, 'part', value)),
    inFile('todo/ses_a', 'todo', { list: [TODO] }),
    inFile('session_diff/ses_a', 'session_diff', { list: [{ file: 'a.txt', additions: 6699 }] }),
    inFile('project/project-1', 'project', PROJECT),
    inFile('message/ses_deleted/msg_9', 'orphan', { id: 'msg_9', role: 'user' }),
    inFile('other/thing', 'other', { detail: 'detail of another folder' }),
  ],
  elsewhere: ELSEWHERE,
  dropped: [
    { leaf: /^orphan /, docs: 'deleted sessions', counted: 'message without a session' },
    { leaf: /^other /, docs: 'other folders of', counted: 'file other/*.json' },
  ],
  write: (folder, records) =>
    writeFiles(folder, Object.fromEntries(records.map(({ file, value }) => [file, JSON.stringify(value)]))),
};

const row = (kind: string, value: JsonObject): SampleRecord => ({ kind, value, file: 'opencode.db' });

function dataRow(kind: string, { id, sessionID, messageID, ...data }: JsonObject, n: number): SampleRecord {
  const created = (data.time as JsonObject | undefined)?.created ?? START + 60_000 + n;
  return row(kind, {
    id: id!,
    ...(messageID !== undefined && { message_id: messageID }),
    session_id: sessionID!,
    time_created: created,
    time_updated: START + 70_000 + n,
    data,
  });
}

/** Since 1.2. */
export const opencodeDatabaseSample: Sample = {
  title: 'opencode, database',
  format: opencode,
  records: [
    row('session', {
      id: 'ses_a',
      project_id: 'project-1',
      directory: '/home/eve/lab',
      title: 'Title of it',
      version: '1.18.33',
      agent: 'build',
      revert: { messageID: 'msg_none', snapshot: 'snapshot-3' },
      permission: [{ action: 'ask' }],
      summary_additions: 6711,
      cost: 0.125,
      tokens_input: 6722,
      time_created: START,
      time_updated: START + 90_001,
      time_archived: START + 95_002,
    }),
    ...[PROMPT, ANSWER].map((value, n) => dataRow('message', value, n)),
    ...PARTS.map((value, n) => dataRow('part', value, 10 + n)),
    row('message', {
      id: 'msg_9',
      session_id: 'ses_deleted',
      time_created: START,
      time_updated: START,
      data: { role: 'user', detail: 'of a deleted session' },
    }),
    row('todo', { session_id: 'ses_a', ...TODO, position: 0 }),
    row('session_share', { session_id: 'ses_a', url: 'https://example.com/shared' }),
    row('project', PROJECT),
    row('account', { email: 'eve@example.com' }),
  ],
  unplanted: /^(?:message|part) $/,
  elsewhere: ELSEWHERE,
  dropped: [
    {
      leaf: /^message (?:id|session_id|data\..*|time_updated)$/,
      docs: 'deleted sessions',
      counted: 'message without a session',
    },
    { leaf: /^account /, docs: 'other tables', counted: 'row of account' },
  ],
  async write(folder, records) {
    await mkdir(folder, { recursive: true });
    writeDatabase(join(folder, 'opencode.db'), records);
  },
};
