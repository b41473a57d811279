import { expect, it } from 'vitest';
import { chatgpt } from '../../../src/import/chatgpt/chatgpt.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import { sessionsIn } from '../claude/support.ts';
import { expectAsWhole, LONG_FORM_MS } from '../cuts.ts';
import { outline, sourceLab } from '../source-lab.ts';

const SECOND = Date.parse('2026-03-01T10:00:00Z') / 1000;

/** A node with a text message. */
function node(id: string, parent: string | null, role: string, text: string, more: JsonObject = {}) {
  const content = { content_type: 'text', parts: [text] };
  const message = {
    id,
    author: { role },
    create_time: SECOND + 1,
    content,
    recipient: 'all',
    metadata: { model_slug: 'model-c' },
    ...more,
  };
  return { id, parent, message };
}

function conversation(
  id: string,
  nodes: { id: string; parent: string | null; message: JsonObject | null }[],
  more: JsonObject = {},
) {
  const all = [{ id: 'root', parent: null, message: null }, ...nodes];
  const mapping = Object.fromEntries(
    all.map((one) => [
      one.id,
      { ...one, children: all.filter(({ parent }) => parent === one.id).map((child) => child.id) },
    ]),
  );
  return {
    id,
    title: `Title of ${id}`,
    create_time: SECOND,
    update_time: SECOND + 60,
    mapping,
    current_node: all.at(-1)!.id,
    ...more,
  };
}

async function imported(...conversations: unknown[]) {
  const lab = await sourceLab(chatgpt, { 'conversations.json': JSON.stringify(conversations) });
  expect(await chatgpt.recognises(lab.folder)).toBe(true);
  return { ...lab, report: await lab.run() };
}

it('imports a plain conversation', async () => {
  const hidden = node('s', 'root', 'system', '', { create_time: null });
  const nodes = [
    hidden,
    node('a', 's', 'user', 'Name three rivers'),
    node('b', 'a', 'assistant', 'Ebro, Po, Oder'),
  ];
  const { report, session, history } = await imported(
    conversation('c1', nodes, { is_archived: true, is_starred: true }),
  );
  expect(report.complete).toBe(true);
  expect(Object.fromEntries(report.dropped)).toEqual({ 'system message without text': 1 });
  expect(await session('c1')).toMatchObject({
    key: 'chatgpt:c1',
    title: 'Title of c1',
    createdAt: new Date('2026-03-01T10:00:00Z'),
    archivedAt: new Date('2026-03-01T10:01:00Z'),
    metadata: { is_starred: true },
    messageCount: 1,
  });
  expect(outline(await history('c1'))).toEqual(['USER: Name three rivers', 'ASSISTANT: Ebro, Po, Oder']);
  expect((await history('c1'))[1]).toMatchObject({
    key: 'b',
    model: 'model-c',
    createdAt: new Date('2026-03-01T10:00:01Z'),
  });
});

it('makes the branch of current_node the session, and others its forks', async () => {
  const nodes = [
    node('a', 'root', 'user', 'One'),
    node('b1', 'a', 'assistant', 'first try'),
    node('b2', 'a', 'assistant', 'second try'),
    node('c1', 'b1', 'user', 'after the first'),
    node('c2', 'b1', 'user', 'edited'),
    node('d', 'b2', 'user', 'after the second'),
  ];
  const { session, history } = await imported(conversation('c1', nodes));
  expect(outline(await history('c1'))).toEqual([
    'USER: One',
    'ASSISTANT: second try',
    'USER: after the second',
  ]);
  expect(outline(await history('c1.b1'))).toEqual([
    'USER (copy): One',
    'ASSISTANT: first try',
    'USER: edited',
  ]);
  expect(outline(await history('c1.c1'))).toEqual([
    'USER (copy): One',
    'ASSISTANT (copy): first try',
    'USER: after the first',
  ]);
  expect(await session('c1.b1')).toMatchObject({
    parentId: 'c1',
    forkedFrom: { sessionId: 'c1', historyLength: 1 },
  });
  expect(await session('c1.c1')).toMatchObject({ forkedFrom: { sessionId: 'c1.b1', historyLength: 2 } });
});

it('moves messages to a fork that the user switched away from', async () => {
  const nodes = [
    node('a', 'root', 'user', 'One'),
    node('b1', 'a', 'assistant', 'first'),
    node('b2', 'a', 'assistant', 'second'),
  ];
  const before = conversation('c1', nodes, { current_node: 'b1' });
  const { run, write, history } = await imported(before);
  const after = conversation('c1', nodes, { update_time: SECOND + 90 });
  await write({ 'conversations.json': JSON.stringify([after]) });
  await run();
  expect(outline(await history('c1'))).toEqual(['USER: One', 'ASSISTANT: second']);
  expect(outline(await history('c1.b1'))).toEqual(['USER (copy): One', 'ASSISTANT: first']);
});

it('ends as the latest export does, however a conversation grew between exports', async () => {
  const nodes = [
    node('a', 'root', 'user', 'One'),
    node('b', 'a', 'assistant', '1'),
    node('c', 'b', 'user', 'Two'),
    node('d', 'c', 'assistant', '2'),
    // An earlier prompt, edited, and one behind an answer that is no leaf any more.
    node('e', 'root', 'user', 'Other'),
    node('f', 'e', 'assistant', 'o'),
    node('g', 'b', 'user', 'Back'),
    node('h', 'g', 'assistant', 'there'),
  ];
  const exported = (count: number) => {
    const grown = conversation('c1', nodes.slice(0, count), { update_time: SECOND + count });
    return { 'conversations.json': JSON.stringify([grown, conversation('c2', nodes.slice(0, 1))]) };
  };
  const grown = await sourceLab(chatgpt);
  for (let count = 1; count <= nodes.length; count += 1) {
    await grown.write(exported(count));
    expect(await grown.run()).toMatchObject({ faults: [], complete: true });
    const atOnce = await sourceLab(chatgpt, exported(count));
    await atOnce.run();
    for (const { id } of await sessionsIn(atOnce.repository)) {
      const said = outline(await atOnce.history(id));
      expect(outline(await grown.history(id)), `${id} of ${count} nodes`).toEqual(said);
    }
    expect((await grown.run()).messages).toBe(0);
  }
  expect(outline(await grown.history('c1'))).toEqual([
    'USER: One',
    'ASSISTANT: 1',
    'USER: Back',
    'ASSISTANT: there',
  ]);
});

it('knows calls of tools, their results, thoughts and images', async () => {
  const image = { content_type: 'image_asset_pointer', asset_pointer: 'file://1' };
  const nodes = [
    node('a', 'root', 'user', '', { content: { content_type: 'multimodal_text', parts: [image, 'See'] } }),
    node('t', 'a', 'assistant', '', {
      content: { content_type: 'thoughts', thoughts: [{ summary: 'Hm', content: 'a picture' }] },
    }),
    node('r', 't', 'assistant', '', {
      content: { content_type: 'reasoning_recap', content: 'Thought for 3 s' },
    }),
    node('b', 'r', 'assistant', '', {
      recipient: 'python',
      content: { content_type: 'code', text: 'print(1)' },
    }),
    node('c', 'b', 'tool', '', {
      author: { role: 'tool', name: 'python' },
      content: { content_type: 'execution_output', text: '1' },
    }),
    node('d', 'c', 'tool', '', { content: { content_type: 'system_error', name: 'x', text: 'failed' } }),
  ];
  const { history } = await imported(conversation('c1', nodes));
  expect(await history('c1')).toMatchObject([
    { role: 'USER', content: 'See', payload: { content: { parts: [image, 'See'] } } },
    { role: 'ASSISTANT', reasoning: 'Hm\na picture' },
    { role: 'EVENT', kind: 'reasoning_recap', content: 'Thought for 3 s' },
    {
      role: 'ASSISTANT',
      content: '',
      toolCalls: [{ toolCallId: 'b', name: 'python', arguments: 'print(1)' }],
    },
    { role: 'TOOL', name: 'python', content: '1', toolCallId: 'b', isError: false },
    { role: 'TOOL', content: 'failed', isError: true },
  ]);
});

it('reads the files of a split export, lists what is cut, and imports it once it is whole', async () => {
  const whole = JSON.stringify(
    [
      conversation('c2', [node('a', 'root', 'user', 'Two')]),
      conversation('c3', [node('a', 'root', 'user', 'Three')]),
    ],
    null,
    1,
  );
  const first = JSON.stringify([conversation('c1', [node('a', 'root', 'user', 'One "quoted" [}')])]);
  const lab = await sourceLab(chatgpt, {
    'conversations-000.json': first,
    'conversations-001.json': whole.slice(0, -200),
  });
  expect((await lab.run()).faults).toMatchObject([{ reason: expect.stringContaining('is cut') }]);
  expect(outline(await lab.history('c1'))).toEqual(['USER: One "quoted" [}']);
  expect(outline(await lab.history('c2'))).toEqual(['USER: Two']);
  await lab.write({ 'conversations-001.json': whole });
  const report = await lab.run();
  expect(report.complete).toBe(true);
  expect(report.sessions).toMatchObject({ new: 1, unchanged: 2 });
});

it('ends as the whole export does, wherever it was cut before it was completed', {
  timeout: LONG_FORM_MS,
}, async () => {
  const nodes = [
    node('a', 'root', 'user', 'Ünï 💡 "[}'),
    node('b', 'a', 'assistant', 'first'),
    node('c', 'a', 'assistant', 'second', { recipient: 'python' }),
    node('d', 'c', 'tool', '2', { content: { content_type: 'system_error', text: 'no' } }),
    node('e', 'd', 'user', '', {
      content: { content_type: 'multimodal_text', parts: [{ asset_pointer: 'file://1' }, 'See'] },
    }),
  ];
  const lines = (number: string) => [
    JSON.stringify(conversation(`c${number}`, nodes)),
    JSON.stringify(conversation(`d${number}`, nodes.slice(0, 2), { is_archived: true })),
  ];
  const text = (number: string) => `[\n${lines(number).join(',\n')}\n]\n`;
  await expectAsWhole(chatgpt, (number) => ({ 'conversations.json': text(number) }));
});
