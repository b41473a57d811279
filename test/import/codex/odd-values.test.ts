import { join } from 'node:path';
import { expect, it } from 'vitest';
import { codex } from '../../../src/import/codex/codex.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import { outline, sourceLab } from '../source-lab.ts';
import { filesOf, Rollout } from './rollout.ts';

const ID = '0aa11111-0000-7000-8000-000000000001';

it('takes texts among the parts of a message for parts of it, and keeps what is neither in the payload', async () => {
  const rollout = new Rollout(ID).turn('t1');
  rollout.item({ type: 'message', role: 'user', content: ['One', { type: 'input_text', text: 'Two' }] });
  rollout.item({ type: 'message', role: 'assistant', content: ['First', 5] });
  rollout.item({ type: 'message', role: 'user', content: 'Three' });
  rollout.item({ type: 'message', role: 'user', content: { type: 'input_text', text: 'Four' } });
  rollout.item({ type: 'message', role: 'user', content: 6 });
  rollout.item({ type: 'function_call_output', call_id: 'c', output: ['out', 7] });
  const { run, history, session } = await sourceLab(codex, filesOf(rollout));
  await run();
  const messages = await history(ID);
  expect(outline(messages)).toEqual([
    'USER: One\nTwo',
    'ASSISTANT: First',
    'USER: Three',
    'USER: Four',
    'USER: ',
    'TOOL: out',
  ]);
  const payloads = messages.map(({ payload }) => payload);
  expect(payloads[0]).not.toHaveProperty('content');
  expect(payloads[1]).toMatchObject({ items: [{ content: ['First', 5] }] });
  expect(payloads[4]).toMatchObject({ content: 6 });
  expect(payloads[5]).toMatchObject({ output: ['out', 7] });
  expect((await session(ID)).title).toBe('One\nTwo');
});

it('keeps a payload that is no object, and other members of a line of another type than they have', async () => {
  const rollout = new Rollout(ID).turn('t1').user('One');
  const odd: JsonObject[] = [
    { type: 'response_item', payload: 'an item' },
    { type: 'event_msg', payload: ['an event'] },
    { type: 'compacted', payload: 'all of it' },
    { type: 'compacted', payload: { message: { told: 3 } } },
    { type: 'event_msg', payload: { type: 'note' }, timestamp: 'later', ordinal: 'x', metadata: 4 },
    { type: 'event_msg', payload: { type: 'item_completed', item: 'done' } },
    { type: 'response_item', payload: { type: 'function_call', name: 5, call_id: 6, arguments: '{}' } },
    { type: 'token_usage_record', payload: { usage: 'a lot', turn_token_usage: 7 } },
    { type: 'response_item', payload: { type: 'message', role: 'assistant', content: 'First' } },
    { type: 'token_usage_record', payload: { usage: { input_tokens: 'many', output_tokens: 8 } } },
  ];
  for (const line of odd) rollout.raw(JSON.stringify(line));
  const { run, history } = await sourceLab(codex, filesOf(rollout));
  expect((await run()).complete).toBe(true);
  expect((await history(ID)).slice(1).map(({ payload }) => payload)).toMatchObject([
    { line: { payload: 'an item' } },
    { line: { payload: ['an event'] } },
    { line: { payload: 'all of it' } },
    { message: { told: 3 } },
    { line: { timestamp: 'later', ordinal: 'x', metadata: 4 } },
    { item_completed: { item: 'done' } },
    {
      items: [{ name: 5, call_id: 6 }],
      token_usage_record: { usage: 'a lot', turn_token_usage: 7 },
    },
    { token_usage_record: { usage: { input_tokens: 'many' } } },
  ]);
});

it.each<JsonObject>([
  { base_instructions: { told: 1 } },
  { base_instructions: 2 },
  { instructions: 3 },
  { parent_thread_id: 4 },
])('keeps a member of session_meta of another type than it has in the metadata (%o)', async (meta) => {
  const { run, session } = await sourceLab(codex, filesOf(new Rollout(ID, meta).turn('t1').user('One')));
  expect((await run()).complete).toBe(true);
  expect((await session(ID)).metadata).toMatchObject(meta);
});

it('lists the lines of session_index.jsonl that are no JSON, and takes the names of the others', async () => {
  const { run, session, folder } = await sourceLab(codex, {
    ...filesOf(new Rollout(ID).turn('t1').user('One')),
    'session_index.jsonl': `cut "off\n\n{"id":"${ID}","thread_name":"Named"}\n{"id":"unfini`,
  });
  expect((await run()).faults).toEqual([
    {
      type: 'fault',
      path: join(folder, 'session_index.jsonl'),
      line: 1,
      reason: 'the line is no JSON object',
    },
  ]);
  expect((await session(ID)).title).toBe('Named');
});
