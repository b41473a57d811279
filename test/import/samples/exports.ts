import { chatgpt } from '../../../src/import/chatgpt/chatgpt.ts';
import { claudeAi } from '../../../src/import/claude-ai/claude-ai.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import { writeFiles } from '../claude/transcript.ts';
import type { Sample, SampleRecord } from './sample.ts';

const SECOND = Date.parse('2026-03-01T10:00:00Z') / 1000;
const time = (second: number) => `2026-03-01T10:00:${String(second).padStart(2, '0')}.000000Z`;

/** An export has one file of conversations: each is a record. */
async function writeExport(folder: string, records: readonly SampleRecord[]): Promise<void> {
  const files = Map.groupBy(records, ({ file }) => file);
  const written = [...files].map(([file, found]) => [file, JSON.stringify(found.map(({ value }) => value))]);
  await writeFiles(folder, Object.fromEntries(written));
}

const conversation = (value: JsonObject): SampleRecord => ({
  kind: 'conversation',
  value,
  file: 'conversations.json',
});

const said = (id: string, role: string, content: JsonObject, more: JsonObject = {}): JsonObject => ({
  id,
  author: { role, name: `name of ${id}`, metadata: { real_author: `author of ${id}` } },
  create_time: SECOND + Number(id.slice(1)),
  update_time: SECOND + 100.5,
  content,
  status: 'finished_successfully',
  weight: 0.5,
  recipient: 'all',
  metadata: { model_slug: `model of ${id}`, citations: [{ url: `https://example.com/${id}` }] },
  ...more,
});

const NODES: readonly JsonObject[] = [
  { id: 'root', parent: null, children: ['n1'], message: null },
  {
    id: 'n1',
    parent: 'root',
    children: ['n2', 'n6'],
    message: said('n1', 'user', {
      content_type: 'multimodal_text',
      parts: [
        'What is it?',
        { content_type: 'image_asset_pointer', asset_pointer: 'file-service://file-1', size_bytes: 8811 },
      ],
    }),
  },
  {
    id: 'n2',
    parent: 'n1',
    children: ['n3'],
    message: said('n2', 'assistant', {
      content_type: 'thoughts',
      thoughts: [{ summary: 'A thought', content: 'on it' }],
      source_analysis_msg_id: 'analysis-1',
    }),
  },
  {
    id: 'n3',
    parent: 'n2',
    children: ['n4'],
    message: said(
      'n3',
      'assistant',
      { content_type: 'code', language: 'python', text: 'print(1)' },
      { recipient: 'python' },
    ),
  },
  {
    id: 'n4',
    parent: 'n3',
    children: ['n5'],
    message: said('n4', 'tool', { content_type: 'execution_output', text: '1' }),
  },
  {
    id: 'n5',
    parent: 'n4',
    children: [],
    message: said('n5', 'assistant', { content_type: 'text', parts: ['An answer'] }, { id: 'another id' }),
  },
  {
    id: 'n6',
    parent: 'n1',
    children: [],
    message: said('n6', 'assistant', { content_type: 'reasoning_recap', content: 'Thought for a while' }),
  },
];

export const chatgptSample: Sample = {
  title: 'ChatGPT',
  format: chatgpt,
  records: [
    conversation({
      id: 'c1',
      title: 'Title of it',
      create_time: SECOND,
      update_time: SECOND + 60,
      is_starred: true,
      is_archived: true,
      default_model_slug: 'model-d',
      current_node: 'n5',
      mapping: Object.fromEntries(NODES.map((node) => [node.id as string, node])),
    }),
    { kind: 'user', value: { email: 'eve@example.com' }, file: 'user.json' },
  ],
  unplanted: /^conversation mapping$/,
  elsewhere: [
    { leaf: /author\.role$/, docs: '`author.role`' },
    { leaf: /^conversation is_archived$/, docs: '`is_archived`' },
    { leaf: /^conversation mapping\.\w+\.(?:id|parent)$/, docs: 'nodes without a message' },
  ],
  dropped: [
    {
      leaf: /^conversation mapping\.root\.planted$/,
      docs: 'nodes without a message',
      counted: 'node.planted',
    },
    { leaf: /^user /, docs: '`user.json`', counted: 'file user.json' },
  ],
  write: writeExport,
};

export const claudeAiSample: Sample = {
  title: 'claude.ai',
  format: claudeAi,
  records: [
    conversation({
      uuid: 'u1',
      name: 'Title of it',
      summary: 'About it',
      account: { uuid: 'account-1' },
      project: { uuid: 'project-1', name: 'Project of it' },
      created_at: time(0),
      updated_at: time(40),
      is_starred: true,
      chat_messages: [
        {
          uuid: 'm1',
          sender: 'human',
          text: 'What is it?',
          content: [
            {
              type: 'text',
              text: 'What is it?',
              start_timestamp: time(1),
              citations: [{ url: 'https://example.com/1' }],
            },
          ],
          created_at: time(2),
          updated_at: time(3),
          attachments: [{ file_name: 'a.txt', extracted_content: 'inside' }],
          files: [{ file_name: 'b.png' }],
        },
        {
          uuid: 'm2',
          sender: 'assistant',
          text: 'Another answer than that of the blocks',
          content: [
            {
              type: 'thinking',
              thinking: 'A thought',
              signature: 'c2ln',
              summaries: [{ summary: 'in short' }],
            },
            { type: 'tool_use', id: 't1', name: 'search', input: { query: 'it' }, message: 'Searches' },
            {
              type: 'tool_result',
              tool_use_id: 't1',
              name: 'search',
              content: [
                { type: 'text', text: 'found' },
                { type: 'image', file_uuid: 'file-1' },
              ],
              is_error: true,
              structured_content: { hits: 9911 },
            },
            {
              type: 'tool_result',
              tool_use_id: 't2',
              name: 'other',
              content: { odd: 'form' },
              is_error: false,
            },
            { type: 'text', text: 'An answer' },
          ],
          created_at: time(4),
          updated_at: time(5),
        },
      ],
    }),
    { kind: 'users', value: { full_name: 'Eve' }, file: 'users.json' },
  ],
  elsewhere: [
    { leaf: /sender$/, docs: '`sender`' },
    { leaf: /is_error$/, docs: '`isError`' },
  ],
  dropped: [{ leaf: /^users /, docs: '`users.json`', counted: 'file users.json' }],
  write: writeExport,
};
