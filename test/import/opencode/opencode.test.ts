import { describe, expect, it } from 'vitest';
import { opencode } from '../../../src/import/opencode/opencode.ts';
import { outline, type SourceLab, setClock, sourceLab } from '../source-lab.ts';
import { OpencodeWriter, START, tool } from './store-writer.ts';

const FORMS = {
  'a database': async (writer: OpencodeWriter, { folder }: SourceLab) => writer.writeDatabase(folder),
  files: (writer: OpencodeWriter, lab: SourceLab) => lab.write(writer.files()),
};

describe.each(Object.entries(FORMS))('from %s', (_form, writeTo) => {
  async function imported(writer: OpencodeWriter) {
    const lab = await sourceLab(opencode);
    await writeTo(writer, lab);
    expect(await opencode.recognises(lab.folder)).toBe(true);
    return { ...lab, report: await lab.run() };
  }

  it('imports a plain session: prompts, answers, times, usage, title, project', async () => {
    const writer = new OpencodeWriter().session('ses_a').user('Name three rivers').say('Ebro, Po, Oder');
    const { report, session, history } = await imported(writer);
    expect(report.complete).toBe(true);
    expect(await session('ses_a')).toMatchObject({
      key: 'opencode:ses_a',
      title: 'Title of ses_a',
      project: '/home/eve/lab',
      agentName: 'build',
      status: 'IDLE',
      createdAt: new Date('2026-03-01T10:00:01Z'),
      lastActiveAt: new Date('2026-03-01T10:00:03Z'),
      usage: {
        inputTokens: 815,
        outputTokens: 50,
        cacheReadTokens: 800,
        cacheWriteTokens: 5,
        reasoningTokens: 20,
        costUsd: 0.01,
      },
    });
    expect(outline(await history('ses_a'))).toEqual(['USER: Name three rivers', 'ASSISTANT: Ebro, Po, Oder']);
    expect((await history('ses_a'))[1]).toMatchObject({
      model: 'model-a',
      reasoning: 'Thinking of Ebro, Po, Oder',
      metadata: { providerID: 'p', agent: 'build' },
    });
  });

  it.each(['after a prompt', 'after an answer with calls'])(
    'stops to call a session running that ended %s, once it is a minute old',
    async (end) => {
      const writer = new OpencodeWriter().session('ses_a').user('Go');
      if (end !== 'after a prompt') writer.say('', { info: { finish: 'tool-calls' } });
      setClock(new Date(START + 10_000));
      const { report, run, session } = await imported(writer);
      expect(report.unfinished).toBe(0);
      expect((await session('ses_a')).status).toBe('RUNNING');
      expect((await run()).sessions).toMatchObject({ changed: 0, unchanged: 1 });
      setClock(new Date(START + 120_000));
      expect(await run()).toMatchObject({ unfinished: 0, sessions: { changed: 1 } });
      expect((await session('ses_a')).status).toBe('IDLE');
      expect((await run()).sessions).toMatchObject({ unchanged: 1 });
    },
  );

  it('makes a message of each output of a tool, and knows those that failed', async () => {
    const parts = [
      tool('c1', 'bash', {
        status: 'completed',
        input: { command: 'ls' },
        output: 'a.txt',
        metadata: { exit: 0 },
      }),
      tool('c2', 'bash', { status: 'error', input: { command: 'no' }, error: 'not allowed' }),
      tool('c3', 'bash', { status: 'running', input: { command: 'sleep' } }),
    ];
    const { history } = await imported(new OpencodeWriter().session('ses_a').user('Go').say('', { parts }));
    const [, response, ...outputs] = await history('ses_a');
    expect(response!.toolCalls).toMatchObject([
      { toolCallId: 'c1', name: 'bash', arguments: { command: 'ls' } },
      { toolCallId: 'c2' },
      { toolCallId: 'c3' },
    ]);
    expect(outputs).toMatchObject([
      {
        role: 'TOOL',
        toolCallId: 'c1',
        content: 'a.txt',
        isError: false,
        payload: { state: { metadata: { exit: 0 } } },
      },
      { role: 'TOOL', toolCallId: 'c2', content: 'not allowed', isError: true },
    ]);
  });

  it('makes a subagent a child of the session that called it, with its call, and a nested one a child of that', async () => {
    const call = (id: string, child: string) =>
      tool(id, 'task', { status: 'completed', input: {}, output: 'ok', metadata: { sessionId: child } });
    const writer = new OpencodeWriter().session('ses_c', { parentID: 'ses_b' }).user('deeper').say('deep');
    writer.session('ses_b', { parentID: 'ses_a', agent: 'general' }).user('help');
    writer.say('', { parts: [call('c2', 'ses_c')] }).say('helped');
    writer
      .session('ses_a')
      .user('Ask')
      .say('', { parts: [call('c1', 'ses_b')] });
    const { session } = await imported(writer);
    expect(await session('ses_b')).toMatchObject({
      parentId: 'ses_a',
      spawnedBy: { sessionId: 'ses_a', toolCallId: 'c1' },
      agentName: 'general',
      status: 'COMPLETED',
    });
    expect(await session('ses_c')).toMatchObject({
      parentId: 'ses_b',
      depth: 2,
      spawnedBy: { toolCallId: 'c2' },
    });
  });

  it('finds forks by the times of their messages, and does not pay twice', async () => {
    const writer = new OpencodeWriter().session('ses_a').user('One').say('1').user('Two').say('2');
    writer.fork('ses_b', 2).user('Other').say('o').fork('ses_c', 4).user('Third');
    const { session, history } = await imported(writer);
    expect(await session('ses_b')).toMatchObject({
      parentId: 'ses_a',
      forkedFrom: { sessionId: 'ses_a', historyLength: 2 },
      usage: { inputTokens: 815, costUsd: 0.01 },
    });
    // A fork of a fork shares more with that than with the first.
    expect(await session('ses_c')).toMatchObject({
      forkedFrom: { sessionId: 'ses_b', historyLength: 4 },
      usage: { inputTokens: 0 },
    });
    expect(outline(await history('ses_b'))).toEqual([
      'USER (copy): One',
      'ASSISTANT (copy): 1',
      'USER: Other',
      'ASSISTANT: o',
    ]);
  });

  it('takes back what was reverted; it stays paid for', async () => {
    const writer = new OpencodeWriter().session('ses_a').user('One').say('1').user('Two').say('2');
    const from = writer.last.messages[2]!.info.id;
    writer.last.info.revert = { messageID: from, snapshot: 'abc' };
    const { session, history } = await imported(writer);
    expect(outline(await history('ses_a'))).toEqual(['USER: One', 'ASSISTANT: 1']);
    expect(await session('ses_a')).toMatchObject({
      usage: { inputTokens: 1630 },
      metadata: { revert: { messageID: from } },
    });
  });

  it('pays once for what is reverted and restored, again and again', async () => {
    const writer = new OpencodeWriter().session('ses_a').user('One').say('1').user('Two').say('2');
    const lab = await imported(writer);
    const time = writer.last.info.time as { updated: number };
    const whole = ['USER: One', 'ASSISTANT: 1', 'USER: Two', 'ASSISTANT: 2', 'USER: Three', 'ASSISTANT: 3'];
    const [one, answer, two, copy] = whole;
    const restored = [one, answer, two, copy!.replace(':', ' (copy):')];
    const steps: [change: () => unknown, outline: unknown[], inputTokens: number][] = [
      [
        () => (writer.last.info.revert = { messageID: writer.last.messages[2]!.info.id }),
        [one, answer],
        1630,
      ],
      [() => delete writer.last.info.revert, restored, 1630],
      [() => writer.user('Three').say('3'), [...restored, ...whole.slice(4)], 2445],
      [
        () => (writer.last.info.revert = { messageID: writer.last.messages[2]!.info.id }),
        [one, answer],
        2445,
      ],
      // A response that came and went since the last import is paid for, too.
      [() => writer.user('Four').say('4'), [one, answer], 3260],
      [
        () => delete writer.last.info.revert,
        [...restored, 'USER: Three', 'ASSISTANT (copy): 3', 'USER: Four', 'ASSISTANT (copy): 4'],
        3260,
      ],
    ];
    for (const [n, [change, expected, inputTokens]] of steps.entries()) {
      change();
      time.updated += 1;
      await writeTo(writer, lab);
      await lab.run();
      expect(outline(await lab.history('ses_a')), `step ${n}`).toEqual(expected);
      expect((await lab.session('ses_a')).usage, `step ${n}`).toMatchObject({ inputTokens });
    }
  });

  it('keeps compactions and errors as events, and what the program wrote as SYSTEM', async () => {
    const writer = new OpencodeWriter()
      .session('ses_a')
      .user('One', [{ type: 'text', text: 'file: …', synthetic: true }]);
    writer
      .user('', [{ type: 'text', text: 'Continue', synthetic: true }])
      .user('', [{ type: 'compaction', auto: true }]);
    writer.say('Summary', { info: { summary: true } });
    writer.say('', { info: { error: { name: 'MessageAbortedError', data: { message: 'Aborted' } } } });
    const { session, history } = await imported(writer);
    expect(outline(await history('ses_a'))).toEqual([
      'USER: One',
      'SYSTEM: Continue',
      'compaction: ',
      'ASSISTANT: Summary',
      'ASSISTANT: ',
      'interruption: Aborted',
    ]);
    expect((await history('ses_a'))[3]!.metadata).toMatchObject({ summary: true });
    expect(await session('ses_a')).toMatchObject({ messageCount: 1, status: 'CANCELLED' });
  });

  it('counts the steps of a message, of which the message itself counts only the last', async () => {
    const step = (input: number) => ({
      type: 'step-finish',
      tokens: { input, output: 1, reasoning: 0, cache: { read: 0, write: 0 } },
    });
    const info = { role: 'assistant', modelID: 'model-a', cost: 0.02, tokens: { input: 20, output: 1 } };
    const { session } = await imported(
      new OpencodeWriter().session('ses_a').message(info, [step(10), step(20)]),
    );
    expect((await session('ses_a')).usage).toMatchObject({ inputTokens: 30, outputTokens: 2, costUsd: 0.02 });
  });

  it('keeps images and patches in the payload, and archivals', async () => {
    const file = { type: 'file', mime: 'image/png', filename: 'x.png', url: 'data:image/png;base64,AAAA' };
    const time = { created: 1772359200000, updated: 1772359200000, archived: 1772362800000 };
    const writer = new OpencodeWriter().session('ses_a', { time }).user('See', [file]);
    const { session, history } = await imported(writer);
    expect((await history('ses_a'))[0]!.payload).toMatchObject({ parts: [{ type: 'text' }, file] });
    expect((await session('ses_a')).archivedAt).toEqual(new Date(1772362800000));
  });

  it('imports again what changed in place, and nothing else', async () => {
    const running = tool('c1', 'bash', { status: 'running', input: {} });
    const writer = new OpencodeWriter()
      .session('ses_z')
      .user('Still')
      .session('ses_a')
      .user('Go')
      .say('', { parts: [running] });
    const lab = await imported(writer);
    expect(await lab.history('ses_a')).toHaveLength(2);
    expect((await lab.run()).sessions).toMatchObject({ unchanged: 2 });
    const part = writer.last.messages[1]!.parts.find(({ type }) => type === 'tool')!;
    part.state = { status: 'completed', input: {}, output: 'done' };
    await writeTo(writer.say('Finished'), lab);
    const report = await lab.run();
    expect(report.sessions).toMatchObject({ changed: 1, unchanged: 1 });
    expect(outline(await lab.history('ses_a'))).toEqual([
      'USER: Go',
      'ASSISTANT: ',
      'TOOL: done',
      'ASSISTANT: Finished',
    ]);
  });
});

it('takes a session from the database if the files are there, too', async () => {
  const writer = new OpencodeWriter().session('ses_a').user('Old');
  const lab = await sourceLab(opencode, writer.files());
  writer.user('New').writeDatabase(lab.folder);
  expect((await lab.run()).complete).toBe(true);
  expect(outline(await lab.history('ses_a'))).toEqual(['USER: Old', 'USER: New']);
});

it('imports what `opencode export` prints', async () => {
  const { info, messages } = new OpencodeWriter().session('ses_a').user('One').say('1').last;
  const lab = await sourceLab(opencode, { 'session.json': JSON.stringify({ info, messages }) });
  const path = `${lab.folder}/session.json`;
  expect(await opencode.recognises(path)).toBe(true);
  const items: unknown[] = [];
  for await (const item of opencode.survey(path, { onFile: () => {}, now: Date.now() })) items.push(item);
  expect(items).toMatchObject([
    { type: 'session', key: 'opencode:ses_a', described: { project: '/home/eve/lab' } },
  ]);
});

it('lists what is no JSON with its file, and imports all else', async () => {
  const files = new OpencodeWriter()
    .session('ses_a')
    .user('One')
    .say('1')
    .session('ses_b')
    .user('Two')
    .files();
  const [broken] = Object.keys(files).filter((name) => name.includes('/part/'));
  const lab = await sourceLab(opencode, {
    ...files,
    [broken!]: '{"cut',
    'storage/session/p1/ses_c.json': '',
  });
  const report = await lab.run();
  expect(report.faults.map(({ reason }) => reason)).toEqual([
    'the file holds no JSON object',
    'the file holds no JSON object',
  ]);
  expect(outline(await lab.history('ses_b'))).toEqual(['USER: Two']);
});
