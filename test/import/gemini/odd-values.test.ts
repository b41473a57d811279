import { expect, it } from 'vitest';
import { gemini } from '../../../src/import/gemini/gemini.ts';
import { outline, sourceLab } from '../source-lab.ts';

const INFO = { sessionId: 'g1', startTime: '2026-03-01T10:00:00.000Z' };
const CHAT = 'lab/chats/session-2026-03-01T10-00-aaaa1111';
const lines = (...records: unknown[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('');
const said = (id: string, more: object) => ({
  id,
  timestamp: '2026-03-01T10:00:01.000Z',
  type: 'gemini',
  content: id,
  ...more,
});
const CALL = { id: 'c1', name: 'run', args: {}, status: 'success', result: 'a.txt' };

async function imported(files: Readonly<Record<string, string>>) {
  const lab = await sourceLab(gemini, files);
  const report = await lab.run();
  const messages = await lab.history('g1');
  return { report, messages, payloads: messages.map(({ payload }) => payload) };
}

it('keeps calls, thoughts and tokens of another type than they have', async () => {
  const { messages, payloads, report } = await imported({
    [`${CHAT}.jsonl`]: lines(
      INFO,
      said('m1', { toolCalls: CALL }),
      said('m2', { toolCalls: ['c2', { id: 'c3', name: 'run', status: 'executing' }, 4] }),
      said('m3', { thoughts: 'Rivers' }),
      said('m4', { thoughts: ['Lakes', { subject: 'Seas', description: 5 }, 6] }),
      said('m5', { tokens: 'a lot' }),
      said('m6', { tokens: { input: 7, output: 'many' } }),
    ),
  });
  expect(report).toMatchObject({ complete: true, dropped: new Map() });
  expect(outline(messages)).toEqual([
    'ASSISTANT: m1',
    'TOOL: a.txt',
    ...[2, 3, 4, 5, 6].map((n) => `ASSISTANT: m${n}`),
  ]);
  expect(messages[0]!.toolCalls).toMatchObject([{ toolCallId: 'c1', name: 'run' }]);
  expect(payloads[2]).toMatchObject({ toolCalls: [{ id: 'c3', status: 'executing' }, 'c2', 4] });
  expect(messages[3]!.reasoning).toBe('Rivers');
  expect(messages[4]!.reasoning).toBe('Lakes\nSeas');
  expect(payloads[4]).toMatchObject({ thoughts: [{}, { description: 5 }, 6] });
  expect(payloads[5]).toMatchObject({ tokens: 'a lot' });
  expect(messages[6]!.usage).toMatchObject({ inputTokens: 7, outputTokens: 0 });
  expect(payloads[6]).toMatchObject({ tokens: { output: 'many' } });
});

it('keeps other members of another type than their fields', async () => {
  const { payloads, report } = await imported({
    [`${CHAT}.jsonl`]: lines(
      INFO,
      said('m1', { content: 1 }),
      said('m2', { content: ['text', 2, { text: 3 }] }),
      { id: 4, timestamp: 'later', type: 5, model: 6 },
      said('m3', { toolCalls: [{ ...CALL, id: 7, name: 8, timestamp: 'later' }] }),
    ),
  });
  expect(report.complete).toBe(true);
  expect(payloads).toMatchObject([
    { content: 1 },
    { content: ['text', 2, { text: 3 }] },
    { id: 4, timestamp: 'later', type: 5, model: 6 },
    {},
    { id: 7, name: 8, timestamp: 'later' },
  ]);
});

it('counts records that are no objects', async () => {
  const whole = await imported({
    [`${CHAT}.json`]: JSON.stringify({ ...INFO, messages: ['one', said('m1', {}), 2] }),
  });
  expect(outline(whole.messages)).toEqual(['ASSISTANT: m1']);
  expect(whole.report.dropped).toEqual(new Map([['record that is no object', 2]]));
  const changed = await imported({
    [`${CHAT}.jsonl`]: lines(
      INFO,
      said('m1', {}),
      { $set: { messages: [said('m1', {}), 'one'] } },
      { $set: { messages: 'two' } },
    ),
  });
  expect(outline(changed.messages)).toEqual(['ASSISTANT: m1']);
  expect(changed.report.dropped).toEqual(new Map([['record that is no object', 2]]));
});

it('keeps a summary that is no text in the metadata', async () => {
  const { run, session } = await sourceLab(gemini, {
    [`${CHAT}.jsonl`]: lines({ ...INFO, summary: 1 }, said('m1', {})),
  });
  expect((await run()).complete).toBe(true);
  expect((await session('g1')).metadata).toMatchObject({ summary: 1 });
});
