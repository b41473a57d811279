import { claude } from '../../../src/import/claude/claude.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import { call, Transcript, text, thinking } from '../claude/transcript.ts';
import { type Sample, type SampleRecord, writeLines } from './sample.ts';

const ID = 'aaaa1111-0000-4000-8000-000000000001';
const FOLDER = 'projects/-home-eve-lab';
const MINUTE = '2026-03-01T11:00:00.000Z';

function main(): Transcript {
  const transcript = new Transcript(ID);
  transcript.common = { ...transcript.common, entrypoint: 'cli', slug: 'calm-river' };
  transcript.note({ type: 'custom-title', customTitle: 'Earlier title' });
  transcript.note({ type: 'custom-title', customTitle: 'Own title' });
  transcript.note({ type: 'agent-name', agentName: 'named-agent' });
  transcript.note({ type: 'ai-title', aiTitle: 'Title of a model' });
  transcript.note({
    type: 'cost-state',
    totalCostUSD: 0.25,
    modelUsage: { 'model-a': { inputTokens: 4411 } },
  });
  transcript.note({
    type: 'cost-state',
    totalCostUSD: 0.75,
    modelUsage: { 'model-a': { inputTokens: 4422 } },
  });
  transcript.note({
    type: 'pr-link',
    prNumber: 4433,
    prUrl: 'https://example.com/pr/4433',
    timestamp: MINUTE,
  });
  transcript.user('First question', { promptId: 'prompt-1', permissionMode: 'plan', version: '2.1.41' });
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aW1hZ2U=' } };
  transcript.user([text('Second question'), image], { imagePasteIds: [4444], gitBranch: 'topic' });
  const id = 'msg_first';
  transcript.assistant([thinking('A thought')], { id });
  transcript.assistant([{ ...text('An answer'), citations: [{ cited_text: 'cited' }] }], { id });
  transcript.assistant([call('toolu_1', 'Read', { file_path: '/home/eve/lab/a.txt', limit: 4455 })], { id });
  transcript.result(
    'toolu_1',
    [text('not there'), { ...image, source: { type: 'base64', media_type: 'image/gif', data: 'Z2lm' } }],
    { toolUseResult: { type: 'text', file: { numLines: 4466 } }, sourceToolAssistantUUID: 'aaaa-0009' },
    true,
  );
  transcript.assistant([
    call('toolu_2', 'Agent', { prompt: 'Count', description: 'Counting', subagent_type: 'counter' }),
  ]);
  transcript.result('toolu_2', '3', { toolUseResult: { agentId: 'a1', totalDurationMs: 4477 } });
  transcript.user('[Request interrupted by user]', { interruptedMessageId: 'msg_interrupted' });
  transcript.user('<local-command-stdout>done</local-command-stdout>', { isMeta: true });
  transcript.add({
    type: 'system',
    subtype: 'local_command',
    content: 'What the program says',
    level: 'info',
  });
  transcript.add({
    type: 'system',
    subtype: 'api_error',
    error: { status: 529 },
    retryInMs: 4488,
    requestId: 'req_failed',
  });
  transcript.add({
    type: 'system',
    subtype: 'compact_boundary',
    content: 'Compacted',
    logicalParentUuid: transcript.head,
    compactMetadata: { trigger: 'manual', preTokens: 4499 },
  });
  transcript.user('The summary of it', { isCompactSummary: true, isVisibleInTranscriptOnly: true });
  transcript.add({
    type: 'attachment',
    attachment: { type: 'date', date: '2026-03-02' },
    content: 'unusual',
    rendered: [{ content: 'Today is a day' }],
  });
  transcript.add({
    type: 'assistant',
    isApiErrorMessage: true,
    error: 'rate_limit',
    message: { id: 'msg_error', model: '<synthetic>', role: 'assistant', content: [text('Too many')] },
  });
  transcript.add({
    type: 'progress',
    data: { type: 'hook_progress', hookName: 'a hook' },
    toolUseID: 'hook-1',
  });
  for (const type of [
    'file-history-snapshot',
    'queue-operation',
    'mode',
    'permission-mode',
    'last-prompt',
    'atis-latch',
    'tools-used',
    'api-request',
    'summary',
  ])
    transcript.note({ type, detail: `detail of ${type}` });
  return transcript;
}

function agent(): Transcript {
  const transcript = new Transcript(ID, { prefix: 'sub' });
  transcript.common = { ...transcript.common, isSidechain: true, agentId: 'a1' };
  transcript.user('Count');
  transcript.say('It is 3');
  return transcript;
}

const values = (transcript: Transcript) => transcript.lines.map((line) => JSON.parse(line) as JsonObject);

/** Lines that are not the last of their kind, or of their response, have a kind of their own. */
function recordsOf(file: string, transcript: Transcript): SampleRecord[] {
  const lines = values(transcript);
  const identity = ({ type, message }: JsonObject) =>
    type === 'assistant'
      ? String((message as JsonObject).id)
      : ['custom-title', 'cost-state'].includes(String(type))
        ? type
        : null;
  return lines.map((value, n) => {
    const same = identity(value);
    const isEarlier = same !== null && lines.slice(n + 1).some((later) => identity(later) === same);
    const { type, subtype } = value;
    const kind = subtype === undefined ? String(type) : `${String(type)}/${String(subtype)}`;
    return { kind: isEarlier ? `earlier ${kind}` : kind, value, file };
  });
}

const counted = (type: string, docs: string, kind = type) => ({
  leaf: new RegExp(`^${type} `),
  docs,
  counted: kind,
});

export const claudeSample: Sample = {
  title: 'Claude Code',
  format: claude,
  records: [
    ...recordsOf(`${FOLDER}/${ID}.jsonl`, main()),
    ...recordsOf(`${FOLDER}/${ID}/subagents/agent-a1.jsonl`, agent()),
    {
      kind: 'meta',
      file: `${FOLDER}/${ID}/subagents/agent-a1.meta.json`,
      value: {
        agentType: 'counter',
        description: 'Counting',
        toolUseId: 'toolu_2',
        spawnDepth: 1,
        model: 'model-b',
      },
    },
  ],
  elsewhere: [
    { leaf: / isSidechain$/, docs: '`isSidechain`' },
    { leaf: /^(?:earlier )?assistant (?:type|message\.(?:type|role))$/, docs: '`assistant`' },
    { leaf: /^(?:user|assistant) message\.content\[\]\.(?:is_error)$/, docs: '`isError`' },
    { leaf: /assistant message\.usage\.input_tokens$/, docs: '`inputTokens` with cached tokens' },
    {
      leaf: /^earlier assistant message\.(?:usage\..*)?planted$|^earlier assistant message\.usage.*details/,
      docs: '`message.usage` of the last line',
    },
    { leaf: /^assistant message\.model$/, docs: '`<synthetic>`' },
    { leaf: /^(?:custom-title|agent-name|ai-title|cost-state|pr-link) type$/, docs: '`custom-title`' },
  ],
  dropped: [
    counted('earlier custom-title', '`custom-title`'),
    counted('earlier cost-state', '`cost-state`'),
    ...['custom-title', 'agent-name', 'ai-title'].map((type) => ({
      leaf: new RegExp(`^${type} planted$`),
      docs: `\`${type}\``,
      counted: `${type}.planted`,
    })),
    counted('progress', '`progress`', 'progress/hook_progress'),
    counted('file-history-snapshot', '`file-history-*`'),
    counted('api-request', '`api-request*`'),
    ...[
      'queue-operation',
      'mode',
      'permission-mode',
      'last-prompt',
      'atis-latch',
      'tools-used',
      'summary',
    ].map((type) => counted(type, `\`${type}\``)),
  ],
  write: writeLines,
};
