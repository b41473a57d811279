import { join } from 'node:path';
import { codex } from '../../../src/import/codex/codex.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import { Rollout } from '../codex/rollout.ts';
import { type Sample, type SampleRecord, writeDatabase, writeLines } from './sample.ts';

const PARENT = '0aa11111-0000-7000-8000-000000000001';
const CHILD = '0aa11111-0000-7000-8000-000000000002';
const EARLIER = '0aa11111-0000-7000-8000-000000000003';

const counts = (from: number): JsonObject => ({
  input_tokens: from,
  cached_input_tokens: from - 1,
  output_tokens: from - 2,
  reasoning_output_tokens: from - 3,
  total_tokens: 2 * from - 2,
});
const rateLimits = (percent: number): JsonObject => ({
  primary: { used_percent: percent, window_minutes: 299 },
});

/** Of 0.171. */
function current(): Rollout {
  const rollout = new Rollout(PARENT, {
    base_instructions: { text: 'Be brief', provenance: { type: 'built-in' } },
    instructions: 'Be kind',
    git: { branch: 'topic', commit_hash: 'abc123' },
    originator: 'codex_exec',
    source: 'cli',
  });
  rollout.turn('turn-1', 'model-a').turn('turn-2', 'model-b');
  rollout.item({
    type: 'message',
    role: 'user',
    content: [
      { type: 'input_text', text: 'What is it?' },
      { type: 'input_image', image_url: 'data:image/png;base64,aW1hZ2U=' },
    ],
  });
  rollout.event({ type: 'user_message', message: 'What is it?', kind: 'plain' });
  rollout.item({
    type: 'message',
    role: 'developer',
    content: [{ type: 'input_text', text: 'Stay in the directory' }],
  });
  rollout.item({
    type: 'agent_message',
    author: 'reviewer',
    recipient: 'main',
    content: [{ type: 'input_text', text: 'Looks fine' }],
  });
  rollout.item({
    type: 'reasoning',
    id: 'rs_1',
    summary: [{ type: 'summary_text', text: 'A thought' }],
    content: [{ type: 'reasoning_text', text: 'A longer thought' }],
    encrypted_content: 'c2VjcmV0',
  });
  rollout.item({
    type: 'message',
    role: 'assistant',
    id: 'msg_1',
    phase: 'final',
    content: [{ type: 'output_text', text: 'An answer', annotations: [{ url: 'https://example.com/a' }] }],
  });
  rollout.call('call_1', 'shell', { command: 'ls -l', timeout_ms: 5511 });
  rollout.item({
    type: 'local_shell_call',
    call_id: 'call_2',
    status: 'completed',
    action: { type: 'exec', command: ['pwd'] },
  });
  rollout.add('token_usage_record', {
    response_id: 'resp_1',
    usage: counts(5522),
    turn_token_usage: counts(5533),
    thread_token_usage: counts(5544),
    service: 'fast',
  });
  rollout.event({
    type: 'token_count',
    info: { total_token_usage: counts(5544), last_token_usage: counts(5522), model_context_window: 5555 },
    rate_limits: rateLimits(11),
  });
  rollout.event({
    type: 'token_count',
    info: { total_token_usage: counts(5544), last_token_usage: counts(5522), model_context_window: 5566 },
    rate_limits: rateLimits(22),
  });
  rollout.event({
    type: 'item_completed',
    thread_id: PARENT,
    started_at_ms: 1772359201234,
    completed_at_ms: 1772359202345,
    item: { type: 'CommandExecution', id: 'call_1', exit_code: 3, duration_ms: 5577, status: 'failed' },
  });
  rollout.item({
    type: 'function_call_output',
    call_id: 'call_1',
    output: [
      { type: 'input_text', text: 'a.txt' },
      { type: 'input_image', image_url: 'data:image/gif;base64,Z2lm' },
    ],
  });
  rollout.event({
    type: 'exec_command_end',
    call_id: 'call_2',
    exit_code: 0,
    stdout: '/home/eve/lab',
    duration: { secs: 5588 },
  });
  rollout.output('call_2', '{"output":"/home","metadata":{"exit_code":0,"duration_seconds":5599}}');
  rollout.event({
    type: 'item_completed',
    started_at_ms: 1772359203456,
    item: { type: 'SubAgentActivity', id: 'call_9', kind: 'started', agent_thread_id: CHILD },
  });
  rollout.add('compacted', {
    message: 'Shorter',
    replacement_history: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'kept' }] }],
  });
  rollout.event({ type: 'thread_name_updated', thread_name: 'First name' });
  rollout.event({ type: 'thread_name_updated', thread_name: 'Second name' });
  rollout.event({ type: 'turn_aborted', reason: 'interrupted', duration_ms: 5610 });
  rollout.event({ type: 'error', message: 'Out of luck', codex_error_info: 'usage_limit_exceeded' });
  for (const type of [
    'agent_message',
    'agent_reasoning',
    'task_started',
    'task_complete',
    'thread_settings_applied',
    'exec_command_begin',
    'agent_message_delta',
  ])
    rollout.event({ type, detail: `detail of ${type}` });
  rollout.event({ type: 'item_completed', item: { type: 'AgentMessage', detail: 'detail of AgentMessage' } });
  rollout.item({ type: 'ghost_snapshot', detail: 'detail of ghost_snapshot' });
  for (const type of ['world_state', 'inter_agent_communication_metadata', 'session_meta'])
    rollout.add(type, { detail: `detail of ${type}` });
  return rollout;
}

/** A subagent, with lines of its parent before its own. */
function child(): Rollout {
  const rollout = new Rollout(CHILD, {
    parent_thread_id: PARENT,
    subagent_history_start_ordinal: 2,
    agent_nickname: 'Gauss',
    agent_role: 'counter',
  });
  rollout.item({ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'of the parent' }] });
  return rollout.user('Count').say('It is 3');
}

/** Before 0.171: the events tell the usage. */
function earlier(): Rollout {
  const rollout = new Rollout(
    EARLIER,
    { cli_version: '0.104.0', base_instructions: null, instructions: 'Be slow' },
    null,
  );
  rollout.user('Anything new?').say('No');
  const info = {
    total_token_usage: counts(5621),
    last_token_usage: counts(5632),
    model_context_window: 5643,
  };
  rollout.event({ type: 'token_count', info, rate_limits: rateLimits(33) });
  rollout.event({
    type: 'token_count',
    info: { ...info, total_token_usage: counts(5654) },
    rate_limits: rateLimits(33),
  });
  return rollout;
}

/** Lines that are not the last of their type, or are of another thread, have a kind of their own. */
function recordsOf(rollout: Rollout): SampleRecord[] {
  const lines = rollout.lines.map((line) => JSON.parse(line) as JsonObject);
  const kindOf = ({ type, payload }: JsonObject) => {
    const { type: inner, item } = payload as JsonObject;
    const name = item ? (item as JsonObject).type : inner;
    return name === undefined ? String(type) : `${String(type)}/${String(name)}`;
  };
  const replaced = ['turn_context', 'event_msg/thread_name_updated'];
  return lines.map((value, n) => {
    const kind = kindOf(value);
    const isEarlier = replaced.includes(kind) && lines.slice(n + 1).some((later) => kindOf(later) === kind);
    const isInherited = rollout.id === CHILD && n === 1;
    const prefix = isEarlier
      ? 'earlier '
      : isInherited
        ? 'inherited '
        : n > 0 && kind === 'session_meta'
          ? 'repeated '
          : '';
    const suffix = kind === 'event_msg/token_count' && rollout.id === PARENT ? ' (repeat)' : '';
    return { kind: `${prefix}${kind}${suffix}`, value, file: rollout.name };
  });
}

const counted = (kind: string, docs: string, name = kind) => ({
  leaf: new RegExp(`^${kind.replaceAll(/[()]/g, '\\$&')} `),
  docs,
  counted: name,
});

const COLUMNS: JsonObject = {
  id: PARENT,
  rollout_path: '/home/eve/.codex/sessions/one.jsonl',
  created_at: 1772359200,
  updated_at: 1772359299,
  updated_at_ms: 1772359299123,
  recency_at: 1772359298,
  source: 'cli',
  model_provider: 'provider-a',
  cwd: '/home/eve/lab',
  title: 'What was first asked',
  name: 'Name of the thread',
  sandbox_policy: '{"type":"read-only"}',
  approval_mode: 'never',
  tokens_used: 5665,
  has_user_event: 1,
  git_sha: 'def456',
  memory_mode: 'enabled',
  model: 'model-c',
  reasoning_effort: 'high',
  first_user_message: 'The first message in a column',
  preview: 'The preview in a column',
};

export const codexSample: Sample = {
  title: 'Codex',
  format: codex,
  records: [
    ...[current(), child(), earlier()].flatMap(recordsOf),
    { kind: 'threads', value: COLUMNS, file: 'state_5.sqlite' },
    {
      kind: 'thread_spawn_edges',
      value: { parent_thread_id: PARENT, child_thread_id: CHILD, status: 'closed' },
      file: 'state_5.sqlite',
    },
    { kind: 'logs', value: { line: 'a line of a log' }, file: 'state_5.sqlite' },
  ],
  elsewhere: [
    { leaf: /^\S+ type$/, docs: 'role' },
    { leaf: /^response_item\/message payload\.role$/, docs: 'ASSISTANT' },
    { leaf: /^response_item\/function_call payload\.arguments$/, docs: '`toolCalls`' },
    {
      leaf: /^event_msg\/(?:CommandExecution|SubAgentActivity) payload\.type$/,
      docs: '`payload.item_completed`',
    },
    { leaf: /usage\.total_tokens$/, docs: '`total_tokens`' },
    {
      leaf: /^event_msg\/thread_name_updated (?:timestamp|ordinal|payload\.type|(?:payload\.)?planted)$/,
      docs: '`thread_name_updated`',
    },
  ],
  dropped: [
    counted('earlier turn_context', '`turn_context`'),
    counted('earlier event_msg/thread_name_updated', '`thread_name_updated`', 'earlier thread_name_updated'),
    {
      leaf: /^event_msg\/token_count payload\.rate_limits\./,
      docs: '`rate_limits`',
      counted: 'earlier rate_limits',
    },
    ...['turn_token_usage', 'thread_token_usage'].map((name) => ({
      leaf: new RegExp(`^token_usage_record payload\\.${name}\\.`),
      docs: `\`${name}\``,
      counted: name,
    })),
    {
      leaf: /^event_msg\/token_count payload\.info\.total_token_usage\./,
      docs: '`total_token_usage`',
      counted: 'total_token_usage',
    },
    counted('event_msg/token_count (repeat)', '`token_count` that repeats'),
    ...[
      'user_message',
      'agent_message',
      'agent_reasoning',
      'task_started',
      'task_complete',
      'thread_settings_applied',
    ].map((type) => counted(`event_msg/${type}`, `\`${type}\``)),
    counted('event_msg/exec_command_begin', '`*_begin`'),
    counted('event_msg/agent_message_delta', '`*_delta`'),
    counted('event_msg/AgentMessage', '`AgentMessage`', 'event_msg/item_completed/AgentMessage'),
    counted('response_item/ghost_snapshot', '`ghost_snapshot`'),
    counted('world_state', '`world_state`'),
    counted('inter_agent_communication_metadata', '`inter_agent_communication_metadata`'),
    counted('repeated session_meta', 'further `session_meta`', 'session_meta (repeat)'),
    counted(
      'inherited response_item/message',
      '`subagent_history_start_ordinal`',
      'line before subagent_history_start_ordinal',
    ),
    ...['first_user_message', 'preview'].map((name) => ({
      leaf: new RegExp(`^threads ${name}$`),
      docs: `\`${name}\``,
      counted: `threads.${name}`,
    })),
    counted('logs', 'other tables', 'row of logs'),
  ],
  async write(folder, records) {
    const isRow = ({ file }: SampleRecord) => file.endsWith('.sqlite');
    await writeLines(
      folder,
      records.filter((record) => !isRow(record)),
    );
    writeDatabase(join(folder, 'state_5.sqlite'), records.filter(isRow));
  },
};
