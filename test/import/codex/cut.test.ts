import { buffer } from 'node:stream/consumers';
import { constants, createZstdCompress } from 'node:zlib';
import { expect, it } from 'vitest';
import { codex } from '../../../src/import/codex/codex.ts';
import { expectAsWhole, LONG_FORM_MS } from '../cuts.ts';
import { outline, sourceLab } from '../source-lab.ts';
import { filesOf, Rollout, spawn } from './rollout.ts';

/** A thread with all that a rollout can have. It spawns the thread `childId`. */
function everything(id: string, childId: string): Rollout {
  const rollout = new Rollout(id, { base_instructions: { text: 'Be terse.' } }).turn('t1');
  rollout.user('Ask a helper').call('c1', 'spawn_agent', { message: 'count' });
  rollout.record('r1', { input: 100, output: 10 });
  const spawned = { type: 'CollabAgentToolCall', id: 'c1', receiver_thread_ids: [childId] };
  rollout.event({ type: 'item_completed', item: spawned }).output('c1', `{"agent_id":"${childId}"}`);
  rollout.say('Asked.').record('r2', { input: 110, output: 5 }).event({ type: 'task_complete' });
  rollout.turn('t2').user('Ünïcode 💡').think('…').call('c2', 'shell', { cmd: 'false' });
  rollout.record('r5', { input: 11 });
  const failed = { type: 'CommandExecution', id: 'c2', exit_code: 1 };
  rollout.event({ type: 'item_completed', item: failed }).output('c2', 'no');
  const image = { type: 'input_image', image_url: 'data:image/png;base64,AAAA' };
  rollout.item({ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'See' }, image] });
  rollout.add('compacted', { message: 'Short' });
  rollout.turn('t3').user('Wrong way').say('Yes').record('r6', { input: 12 });
  rollout.event({ type: 'thread_rolled_back', num_turns: 1 }).turn('t4').user('Right way').say('No');
  return rollout
    .record('r7', { input: 13, output: 1 })
    .event({ type: 'turn_aborted', reason: 'interrupted' });
}

it('ends as the whole file does, wherever a thread was cut before it was completed', {
  timeout: LONG_FORM_MS,
}, async () => {
  await expectAsWhole(codex, (number) => filesOf(everything(`${number}-a`, `${number}-b`)));
});

it('ends as the whole files do, wherever one of a thread or its subagents was cut', {
  timeout: LONG_FORM_MS,
}, async () => {
  await expectAsWhole(codex, (number) => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => `${number}-${name}`) as [
      string,
      string,
      string,
      string,
    ];
    const parent = new Rollout(a)
      .turn('t1')
      .user('Ask')
      .call('c1', 'spawn_agent', {})
      .record('r1', { input: 9 });
    parent.output('c1', `{"agent_id":"${b}"}`).call('c2', 'spawn_agent', {}).record('r2', { input: 8 });
    parent.event({
      type: 'item_completed',
      item: { type: 'SubAgentActivity', id: 'c2', agent_thread_id: d },
    });
    parent.output('c2', 'ok').say('Asked').record('r3', { input: 7 });
    const child = new Rollout(b, spawn(a)).turn('t1').user('count').call('c3', 'spawn_agent', {});
    child.record('r4', { input: 6 }).output('c3', `{"agent_id":"${c}"}`).event({ type: 'task_complete' });
    const nested = new Rollout(c, spawn(b)).turn('t1').user('more').say('3').record('r5', { input: 5 });
    // It begins with lines of its parent.
    const meta = spawn(a, { forked_from_id: a, subagent_history_start_ordinal: 7 });
    const copying = new Rollout(d, meta).copy(parent, 6).turn('t2').say('4').record('r6', { input: 4 });
    return filesOf(parent, child, nested, copying);
  });
});

it('ends as the whole files do, wherever a thread or a fork of it was cut (since 0.171)', {
  timeout: LONG_FORM_MS,
}, async () => {
  await expectAsWhole(codex, (number) => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => `${number}-${name}`) as [string, string, string];
    const base = new Rollout(a).turn('t1').user('One').think('…').say('1').record('r1', { input: 9 });
    const forkOf = ({ id, ordinal }: Rollout) => ({
      forked_from_id: id,
      history_base: { thread_id: id, end_ordinal_exclusive: ordinal },
    });
    const fork = new Rollout(b, forkOf(base), base.ordinal).turn('t2').user('Two').say('2');
    fork.record('r2', { input: 8 });
    const again = new Rollout(c, forkOf(fork), fork.ordinal).turn('t3').user('Three').say('3');
    base.turn('t4').user('Other').say('o').record('r4', { input: 7 });
    return filesOf(base, fork, again);
  });
});

it('ends as the whole files do, wherever a thread or a copy of it was cut (before 0.171)', {
  timeout: LONG_FORM_MS,
}, async () => {
  const files = (number: string) => {
    const old = { cli_version: '0.40.0' };
    const origin = new Rollout(`${number}-a`, old, null).turn('t1').user('One').think('…').say('1');
    origin.tokenCount({ input: 100, output: 10 });
    const fork = new Rollout(`${number}-b`, old, null).copy(origin).turn('t2').user('Two').say('2');
    fork.tokenCount({ input: 30, output: 3 }).repeatTokenCount();
    origin.turn('t2').user('Other').say('o').tokenCount({ input: 7 });
    return filesOf(origin, fork);
  };
  // Its second line says whose copy it is. Before it is there, the thread comes in as one of its own.
  const secondEnd = Object.values(files('n00000'))[1]!.split('\n', 2).join('\n').length;
  await expectAsWhole(codex, files, {
    knowable({ forkedFrom, ...state }, { file, length }) {
      const isUnknown = file === 1 && length !== null && length < secondEnd;
      return isUnknown && state.id.endsWith('-b') ? state : { ...state, forkedFrom };
    },
  });
});

/** With a block for each line, so that the first ones can be read of a file that is cut. */
async function compressed(lines: readonly string[]): Promise<Buffer> {
  const stream = createZstdCompress();
  const packed = buffer(stream);
  for (const line of lines) {
    stream.write(`${line}\n`);
    await new Promise<void>((done) => stream.flush(constants.ZSTD_e_flush, done));
  }
  stream.end();
  return packed;
}

it('ends as the whole files do, wherever a compressed thread or its subagent was cut', {
  timeout: LONG_FORM_MS,
}, async () => {
  await expectAsWhole(codex, async (number) => {
    const [a, b] = [`${number}-a`, `${number}-b`];
    const parent = new Rollout(a)
      .turn('t1')
      .user('Ask')
      .call('c1', 'spawn_agent', {})
      .record('r1', { input: 9 });
    parent.output('c1', `{"agent_id":"${b}"}`).say('Asked').record('r2', { input: 8 });
    const child = new Rollout(b, spawn(a)).turn('t1').user('count').say('3').record('r3', { input: 7 });
    return {
      [`${parent.name}.zst`]: await compressed(parent.lines),
      [`${child.name}.zst`]: await compressed(child.lines),
    };
  });
});

it('reads a file that grew from where it was', async () => {
  const rollout = everything('a', 'b');
  const { run, write, history } = await sourceLab(codex, filesOf(rollout));
  await run();
  const before = (await history('a')).length;
  await write(filesOf(rollout.turn('t9').user('Once more')));
  expect((await run()).messages).toBe(1);
  expect(await history('a')).toHaveLength(before + 1);
  expect((await run()).sessions).toMatchObject({ unchanged: 1 });
});

it('reads the whole of a compressed file that grew', async () => {
  const rollout = new Rollout('a').turn('t1').user('One').say('First').record('r1', { input: 9 });
  const packed = async () => ({ [`${rollout.name}.zst`]: await compressed(rollout.lines) });
  const { run, write, history, session } = await sourceLab(codex, await packed());
  await run();
  rollout.turn('t2').user('Two').say('Second').record('r2', { input: 8 });
  await write(await packed());
  await run();
  expect(outline(await history('a'))).toEqual([
    'USER: One',
    'ASSISTANT: First',
    'USER: Two',
    'ASSISTANT: Second',
  ]);
  expect((await session('a')).usage.inputTokens).toBe(17);
});
