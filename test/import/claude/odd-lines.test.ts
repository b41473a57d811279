import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { JsonObject } from '../../../src/model/json.ts';
import { outline } from '../source-lab.ts';
import { lab, PROJECT } from './support.ts';
import { Transcript, writeFiles } from './transcript.ts';

const ID = 'aaaa1111-0000-4000-8000-000000000001';
const FORK = 'bbbb2222-0000-4000-8000-000000000002';
const FILE = `${ID}.jsonl`;

it('counts lines of the conversation of a type without a place once, also where a branch or a fork has them', async () => {
  const transcript = new Transcript(ID);
  transcript.user('One');
  transcript.add({ type: 'novelty', said: 'something' });
  transcript.add({ said: 'something' });
  const shared = transcript.head;
  transcript.user('Two');
  transcript.add({ type: 'novelty', said: 'in the branch' });
  transcript.head = shared;
  transcript.user('Three');
  const fork = new Transcript(FORK, { prefix: 'fork', start: Date.parse('2026-03-01T12:00:00Z') });
  for (const line of transcript.lines.slice(0, 1)) fork.raw(line.replaceAll(ID, FORK));
  fork.user('Four');
  fork.add({ type: 'novelty', said: 'in the fork' });
  const { run, history } = await lab({ [FILE]: transcript.text, [`${FORK}.jsonl`]: fork.text });
  const report = await run();
  expect(report.dropped).toEqual(
    new Map([
      ['novelty', 3],
      ['line without a type', 1],
    ]),
  );
  expect(outline(await history(ID))).toEqual(['USER: One', 'USER: Three']);
});

it('takes a message that is no object for its content', async () => {
  const transcript = new Transcript(ID);
  transcript.add({ type: 'user', message: 'One' });
  transcript.add({ type: 'assistant', message: 'First' });
  transcript.add({ type: 'user', message: ['Two', { type: 'text', text: 'Three' }] });
  transcript.add({ type: 'user', message: 4 });
  const { run, history, session } = await lab({ [FILE]: transcript.text });
  expect((await run()).dropped).toEqual(new Map());
  const messages = await history(ID);
  expect(outline(messages)).toEqual(['USER: One', 'ASSISTANT: First', 'USER: Two\n\nThree', 'USER: ']);
  expect(messages[3]!.payload).toMatchObject({ content: [{ value: 4 }] });
  expect((await session(ID)).title).toBe('One');
});

it('keeps what a line says beside a message without content', async () => {
  const transcript = new Transcript(ID);
  transcript.user('One');
  transcript.user([], { toolUseResult: 'beside an empty list' });
  transcript.add({ type: 'user', toolUseResult: 'beside no message' });
  const { run, history } = await lab({ [FILE]: transcript.text });
  expect((await run()).dropped).toEqual(new Map());
  expect((await history(ID)).slice(1)).toMatchObject([
    { role: 'SYSTEM', content: '', payload: { toolUseResult: 'beside an empty list' } },
    { role: 'SYSTEM', content: '', payload: { toolUseResult: 'beside no message' } },
  ]);
});

it('keeps members of another type than their fields in the payload', async () => {
  const transcript = new Transcript(ID);
  transcript.user('One', { cwd: 1, gitBranch: ['b'], agentId: 2, isSidechain: 'no' });
  transcript.user('Two');
  transcript.raw(JSON.stringify({ ...JSON.parse(transcript.lines.pop()!), timestamp: 'tomorrow' }));
  transcript.add({ type: 'system', subtype: 3, content: { told: 4 } });
  const message = { id: 5, model: 6, usage: 'a lot', content: [{ type: 'text', text: 7 }] };
  transcript.add({ type: 'assistant', requestId: 8, message });
  const calls: JsonObject[] = [
    { type: 'tool_use', id: 9, name: 10, input: {} },
    { type: 'thinking', thinking: 11 },
  ];
  transcript.add({ type: 'assistant', message: { content: calls } });
  transcript.user([{ type: 'tool_result', tool_use_id: 12, is_error: 'yes', content: 'out' }]);
  transcript.note({ type: 'custom-title', customTitle: 13 });
  const { run, history } = await lab({ [FILE]: transcript.text });
  expect((await run()).dropped).toEqual(new Map([['custom-title.customTitle', 1]]));
  const payloads = (await history(ID)).map(({ payload }) => payload as JsonObject);
  expect(payloads).toMatchObject([
    { cwd: 1, gitBranch: ['b'], agentId: 2, isSidechain: 'no' },
    { timestamp: 'tomorrow' },
    { subtype: 3, content: { told: 4 } },
    { requestId: 8, message: { id: 5, model: 6 }, usage: 'a lot', content: [{ type: 'text', text: 7 }] },
    {
      content: [
        { type: 'tool_use', id: 9, name: 10 },
        { type: 'thinking', thinking: 11 },
      ],
    },
    { content: [{ tool_use_id: 12, is_error: 'yes' }] },
  ]);
});

it('lists the lines that are no JSON of a file of which there is no session', async () => {
  const told = new Transcript(FORK);
  told.add({ type: 'progress', data: { type: 'hook_progress', hookName: 'check' } });
  told.raw('cut "off');
  const { folder, run } = await lab({
    [FILE]: `{"type":"user"\n{"type":"summary","summary":"Good"}\n5\nthe end is cut`,
    [`${FORK}.jsonl`]: told.text,
    'empty.jsonl': '',
  });
  const at = (name: string, line: number, reason: string) => ({
    type: 'fault',
    path: join(folder, PROJECT, name),
    line,
    reason,
  });
  for (const _ of [1, 2]) {
    const report = await run();
    expect(report.faults).toEqual([
      at(FILE, 1, 'the line is no JSON object'),
      at(FILE, 3, 'the line is no JSON object'),
      at(FILE, 4, 'the file ends within the line'),
      at(`${FORK}.jsonl`, 2, 'the line is no JSON object'),
    ]);
    expect(report.dropped).toEqual(new Map([['transcript without a message', 3]]));
    expect(report.complete).toBe(false);
  }
});

it('waits for the end of the last line of such a file', async () => {
  const { folder, run } = await lab();
  await writeFiles(folder, { [`${PROJECT}/${FILE}`]: '{"type":"us' }, new Date());
  expect(await run()).toMatchObject({ faults: [], complete: true });
});

it('lists the lines that are no JSON of a file in which only subagents speak (1.x)', async () => {
  const transcript = new Transcript(ID);
  transcript.common = { ...transcript.common, isSidechain: true };
  transcript.user('Count');
  transcript.raw('cut "off');
  const { run } = await lab({ [FILE]: transcript.text });
  expect(await run()).toMatchObject({ faults: [{ line: 2 }], sessions: { new: 1 } });
});
