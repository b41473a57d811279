import { gemini } from '../../../src/import/gemini/gemini.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import { type Sample, type SampleRecord, writeLines } from './sample.ts';

const CHAT = 'lab/chats/session-2026-03-01T10-00-aaaa1111.jsonl';
const at = (second: number) => `2026-03-01T10:00:${String(second).padStart(2, '0')}.000Z`;

const LINES: readonly [kind: string, line: JsonObject][] = [
  [
    'info',
    {
      sessionId: 'g1',
      projectHash: 'hash-1',
      startTime: at(0),
      lastUpdated: at(40),
      kind: 'main',
      directories: ['/home/eve/lab'],
    },
  ],
  [
    'user',
    {
      id: 'm1',
      timestamp: at(1),
      type: 'user',
      content: [{ text: 'What is it?' }, { inlineData: { mimeType: 'image/png', data: 'aW1hZ2U=' } }],
      displayContent: [{ text: 'What is @it?' }],
    },
  ],
  [
    'gemini',
    {
      id: 'm2',
      timestamp: at(2),
      type: 'gemini',
      content: 'An answer',
      model: 'model-g',
      thoughts: [{ subject: 'A thought', description: 'on it', timestamp: at(3) }],
      tokens: { input: 7711, output: 7722, cached: 7733, thoughts: 7744, tool: 7755, total: 23199 },
      toolCalls: [
        {
          id: 'c1',
          name: 'run',
          args: { command: 'ls -l' },
          status: 'error',
          timestamp: at(4),
          result: [{ functionResponse: { id: 'c1', name: 'run', response: { error: 'No such file' } } }],
          resultDisplay: { fileDiff: 'a diff' },
          description: 'Lists files',
          renderOutputAsMarkdown: true,
        },
        {
          id: 'c2',
          name: 'wait',
          args: { seconds: 7766 },
          status: 'executing',
          timestamp: at(5),
          displayName: 'Waits',
        },
      ],
    },
  ],
  ['error', { id: 'm3', timestamp: at(6), type: 'error', content: 'Too many', code: 7777 }],
  ['earlier set', { $set: { summary: 'Title before' } }],
  ['set', { $set: { summary: 'Title of it', memoryScratchpad: { version: 7788 } } }],
];

const inChat = ([kind, value]: (typeof LINES)[number]): SampleRecord => ({ kind, value, file: CHAT });

export const geminiSample: Sample = {
  title: 'Gemini CLI',
  format: gemini,
  records: [
    ...LINES.map(inChat),
    { kind: 'logs', value: { message: 'typed before' }, file: 'lab/logs.json' },
    { kind: 'checkpoint', value: { history: 'a copy of it' }, file: 'lab/checkpoint-one.json' },
    { kind: 'other', value: { detail: 'detail of another file' }, file: 'lab/tool_output/one.txt' },
  ],
  // The line must not be a record, nor replace a member.
  unplanted: /^(?:earlier )?set (?:\$set)?$/,
  elsewhere: [
    { leaf: /^user type$/, docs: '`user`' },
    { leaf: /^gemini type$/, docs: '`gemini`' },
    { leaf: /tokens\.(?:input|output)$/, docs: '`input` + `tool`, `output` + `thoughts`' },
    { leaf: /tokens\.(?:total|tool)$/, docs: '`total`' },
  ],
  dropped: [
    { leaf: /^earlier set /, docs: 'earlier values', counted: 'earlier summary' },
    { leaf: /^logs /, docs: '`logs.json`', counted: 'file logs.json' },
    { leaf: /^checkpoint /, docs: '`checkpoint-*.json`', counted: 'checkpoint' },
    { leaf: /^other /, docs: 'other files', counted: 'file *.txt' },
  ],
  write: writeLines,
};
