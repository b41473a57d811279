import { describe, expect, test } from 'vitest';
import type { ToolAnswer } from './mcp-client.ts';
import { lines, TRIP, useTrip } from './mcp-trip.ts';

const LONG = Array.from({ length: 5_000 }, (_, n) => `word${n}`).join(' ');

const trip = useTrip(async (store) => {
  await store.sessions.create({
    id: 'long',
    title: 'A long one',
    messages: [{ role: 'USER', content: LONG }],
  });
  await store.history.append(
    'long',
    Array.from({ length: 60 }, (_, n) => ({
      role: 'ASSISTANT' as const,
      content: `${n} ${'x'.repeat(1_500)}`,
    })),
  );
  const toolCalls = Array.from({ length: 21 }, (_, n) => ({ toolCallId: `call-${n}`, name: 'tool' }));
  await store.sessions.create({ id: 'calls', messages: [{ role: 'ASSISTANT', toolCalls }] });
});

describe('read_transcript', () => {
  test('shows messages with what they call, spawn and answer', async () => {
    const { text, data } = await trip.mcp.call('read_transcript', { session: 'trip', reasoning: true });
    expect(text).toBe(
      lines(
        TRIP,
        'Messages at positions 0 to 2, of 3 (positions begin at 0):',
        '[0] USER (trip:0, <time>)',
        '| Where to in May?',
        '[1] ASSISTANT, model "large" (trip:1, <time>)',
        'reasoning:',
        '| Somewhere warm.',
        '| Lisbon.',
        'calls "spawn" ("call-1"), which spawned the session flights',
        '| {"task":"look at aeroplanes"}',
        '[2] TOOL, "spawn", failed, answers the call "call-1" (trip:2, <time>)',
        '| Two flights.',
      ),
    );
    expect(data).toMatchObject({
      messages: [
        { id: 'trip:0' },
        { usage: { costUsd: 0.25 }, toolCalls: [{ sessionId: 'flights' }] },
        { isError: true },
      ],
      nextPosition: null,
    });
    expect((await trip.mcp.call('read_transcript', { session: 'trip' })).text).not.toContain('warm');
  });

  const positions = ({ data }: ToolAnswer) =>
    (data!.messages as { position: number }[]).map(({ position }) => position);

  test('begins at a position, before the end, or at a message', async () => {
    const read = async (place: object) =>
      positions(await trip.mcp.call('read_transcript', { limit: 2, ...place }));
    expect(await read({ session: 'key:slack/1', position: 1 })).toEqual([1, 2]);
    expect(await read({ session: 'long', position: -2 })).toEqual([59, 60]);
    expect(await read({ session: 'long', position: -50 })).toEqual([11, 12]);
    expect(await read({ session: 'trip', position: -99 })).toEqual([0, 1]);
    expect(await read({ message: 'long:7' })).toEqual([7, 8]);
    expect(await read({ session: 'trip', position: 99 })).toEqual([]);
    expect(await read({ session: 'trip', roles: ['USER', 'TOOL'] })).toEqual([0, 2]);
  });

  test('ends early when the answer is full, and goes on without a gap', async () => {
    const seen: number[] = [];
    let position: unknown = 0;
    do {
      const answer: ToolAnswer = await trip.mcp.call('read_transcript', {
        session: 'long',
        position,
        limit: 100,
        textLimit: 20_000,
      });
      expect(answer.text.length).toBeLessThan(65_000);
      seen.push(...positions(answer));
      position = answer.data!.nextPosition;
      if (position !== null)
        expect(answer.text).toContain(
          `More: read_transcript with session: "long", position: ${position}, and roles, reasoning and limits as before`,
        );
    } while (position !== null);
    expect(seen).toEqual(Array.from({ length: 61 }, (_, n) => n));
  });

  test('cuts a long text, and reads on in it to its end', async () => {
    let text = '';
    for (;;) {
      const answer = await trip.mcp.call('read_transcript', {
        message: 'long:0',
        limit: 1,
        textFrom: text.length,
        textLimit: 20_000,
      });
      const [{ content }] = answer.data!.messages as [{ content: { text: string; left: number } }];
      text += content.text;
      expect(content.left).toBe(LONG.length - text.length);
      if (content.left === 0) break;
      expect(answer.text).toContain(
        `(${content.left} more characters of the text: read_transcript with message: "long:0", textFrom: ${text.length})`,
      );
    }
    expect(text).toBe(LONG);
  });

  test('goes on behind a message whose text was read from within', async () => {
    const { text } = await trip.mcp.call('read_transcript', { message: 'long:0', textFrom: 48_000 });
    expect(text).toContain('More: read_transcript with session: "long", position: 1, textFrom: 0, and');
    const next = { session: 'long', position: 1, textFrom: 0, limit: 1 };
    expect((await trip.mcp.call('read_transcript', next)).text).toContain('| 0 xxx');
  });

  test('shows the first 20 tool calls of a message, and says how many more there are', async () => {
    const { text, data } = await trip.mcp.call('read_transcript', { session: 'calls' });
    const [{ toolCalls, toolCallsLeft }] = data!.messages as [{ toolCalls: object[]; toolCallsLeft: number }];
    expect([toolCalls.length, toolCallsLeft]).toEqual([20, 1]);
    expect(text).toContain('calls "tool" ("call-19")');
    expect(text).not.toContain('call-20');
    expect(text.split('\n').at(-1)).toBe('(1 more tool calls of this message are not shown)');
  });
});
