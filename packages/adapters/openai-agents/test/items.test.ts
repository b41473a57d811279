import type { AgentInputItem } from '@openai/agents';
import { functionCall } from '@openai/agents/testing';
import type { Message } from '@sessiontree/client';
import { expect, test } from 'vitest';
import { CountedClient } from '../../support/counted-client.ts';
import { startServer } from '../../support/server.ts';
import { SessiontreeSession } from '../src/index.ts';
import { messagesOf } from './support.ts';

const client = new CountedClient(await startServer());

const call = (toolCallId: string, name: string, input: unknown) => ({
  role: 'ASSISTANT',
  toolCalls: [{ toolCallId, name, arguments: input }],
});

const CASES: [string, AgentInputItem, object][] = [
  [
    'parts of a message',
    {
      role: 'assistant',
      status: 'completed',
      content: [
        { type: 'output_text', text: 'Yes.' },
        { type: 'refusal', refusal: 'But no.' },
        { type: 'audio', audio: 'AAAA', transcript: 'Hm.' },
      ],
    },
    { role: 'ASSISTANT', content: 'Yes.\nBut no.\nHm.' },
  ],
  [
    'reasoning, also raw',
    {
      type: 'reasoning',
      content: [{ type: 'input_text', text: 'Short.' }],
      rawContent: [{ type: 'reasoning_text', text: 'Long.' }],
    },
    { role: 'ASSISTANT', content: '', reasoning: 'Short.\nLong.' },
  ],
  ['arguments that are no JSON', functionCall('f', '{"a":', { callId: 'c' }), call('c', 'f', '{"a":')],
  [
    'a name that is too long for one',
    functionCall('n'.repeat(300), {}, { callId: 'c' }),
    call('c', 'unknown', {}),
  ],
  [
    'a hosted tool',
    { type: 'hosted_tool_call', id: 'h', name: 'web_search_call', arguments: '{"q":"x"}', output: 'found' },
    { ...call('h', 'web_search_call', { q: 'x' }), content: 'found' },
  ],
  [
    'a computer',
    { type: 'computer_call', callId: 'c', status: 'completed', action: { type: 'screenshot' } },
    call('c', 'computer', { type: 'screenshot' }),
  ],
  [
    'the screen of a computer',
    { type: 'computer_call_result', callId: 'c', output: { type: 'computer_screenshot', data: 'data:,' } },
    { role: 'TOOL', name: 'computer', toolCallId: 'c', content: '' },
  ],
  [
    'a shell',
    { type: 'shell_call', callId: 'c', action: { commands: ['ls'] } },
    call('c', 'shell', { commands: ['ls'] }),
  ],
  [
    'what a shell printed',
    {
      type: 'shell_call_output',
      callId: 'c',
      output: [{ stdout: 'a', stderr: 'b', outcome: { type: 'exit', exitCode: 0 } }],
    },
    { role: 'TOOL', name: 'shell', toolCallId: 'c', content: 'a\nb' },
  ],
  [
    'a patch',
    {
      type: 'apply_patch_call',
      callId: 'c',
      status: 'completed',
      operation: { type: 'delete_file', path: 'a' },
    },
    call('c', 'apply_patch', { type: 'delete_file', path: 'a' }),
  ],
  [
    'a patch that failed',
    { type: 'apply_patch_call_output', callId: 'c', status: 'failed', output: 'No such file' },
    { role: 'TOOL', name: 'apply_patch', toolCallId: 'c', content: 'No such file', isError: true },
  ],
  [
    'a program',
    { type: 'program', callId: 'c', code: '1 + 1', fingerprint: 'f' },
    call('c', 'program', '1 + 1'),
  ],
  [
    'what a program returned',
    { type: 'program_output', callId: 'c', output: '2', status: 'completed' },
    { role: 'TOOL', name: 'program', toolCallId: 'c', content: '2' },
  ],
  [
    'a search for tools',
    { type: 'tool_search_call', call_id: 'c', arguments: { query: 'x' } },
    call('c', 'tool_search', { query: 'x' }),
  ],
  [
    'tools that were found',
    { type: 'tool_search_output', callId: 'c', tools: [] },
    { role: 'TOOL', name: 'tool_search', toolCallId: 'c' },
  ],
  ['a compaction', { type: 'compaction', encrypted_content: 'x' }, { role: 'EVENT', kind: 'compaction' }],
  [
    'an item of no known type',
    { type: 'unknown', providerData: { a: 1 } },
    { role: 'EVENT', kind: 'unknown' },
  ],
];

test('every type of item is stored, comes back, and is in the tree as what it is', async () => {
  const session = new SessiontreeSession(client, { key: 'types' });
  await session.addItems(CASES.map(([, item]) => item));
  const items = await session.getItems();
  const messages = await messagesOf(client, 'types');
  for (const [index, [name, item, message]] of CASES.entries()) {
    expect(items[index], name).toEqual(item);
    expect(messages[index] as Message, name).toMatchObject(message);
  }
});
