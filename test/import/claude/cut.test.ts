import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lab, PROJECT, stateOf } from './support.ts';
import { call, Transcript, text, thinking, writeFiles } from './transcript.ts';

const LONG = process.env.EACH_BYTE === '1';
const RANDOM_CUTS = 200;

/** A tree with all that transcripts have: its files, by name. Those of other numbers are alike, byte for byte, but for ids. */
function fixture(number: number): Record<string, string> {
  const n = String(number).padStart(6, '0');
  const id = `${n}-main`;
  const main = new Transcript(id, { prefix: `${n}m` });
  main.user('One');
  main.assistant(
    [thinking('Hm'), text('First'), call(`toolu_${n}_1`, 'Task', { prompt: 'Count', description: 'count' })],
    { id: `msg_${n}_1` },
  );
  main.result(`toolu_${n}_1`, 'three', { toolUseResult: { agentId: 'a1' } });
  const answered = main.say('Three', { id: `msg_${n}_2` });
  main.note({ type: 'queue-operation', operation: 'enqueue', timestamp: '2026-03-01T10:00:06Z' });
  main.user('Two, ünïcode 漢字');
  const response = { id: `msg_${n}_3` };
  const parallel = main.assistant([call(`toolu_${n}_2`, 'Bash')], response);
  main.result(`toolu_${n}_2`, [text('no'), { type: 'image', source: { data: 'aWs=' } }], {}, true);
  main.head = parallel;
  main.assistant([call(`toolu_${n}_3`, 'Bash')], response);
  main.result(`toolu_${n}_3`, 'yes');
  const last = main.say('Second', { id: `msg_${n}_4` });
  main.head = null;
  main.add({ type: 'system', subtype: 'compact_boundary', content: 'Compacted', logicalParentUuid: last });
  main.user('The story so far', { isCompactSummary: true });
  main.head = answered;
  main.user('Other');
  main.say('Third', { id: `msg_${n}_5` });
  main.note({ type: 'ai-title', aiTitle: 'Counting' });

  const inner = new Transcript(id, { prefix: `${n}a` });
  inner.common = { ...inner.common, isSidechain: true, agentId: 'a1' };
  inner.user('Count');
  inner.assistant([call(`toolu_${n}_4`, 'Task', { prompt: 'Deeper' })], { id: `msg_${n}_6` });
  inner.result(`toolu_${n}_4`, 'deep');
  inner.say('three', { id: `msg_${n}_7` });

  const nested = new Transcript(id, { prefix: `${n}b` });
  nested.common = { ...nested.common, isSidechain: true, agentId: 'b1' };
  nested.user('Deeper');
  nested.say('deep', { id: `msg_${n}_8` });

  const forkId = `${n}-fork`;
  const fork = new Transcript(forkId, { prefix: `${n}f`, start: Date.parse('2026-03-01T12:00:00Z') });
  for (const line of main.lines.slice(0, 6)) fork.raw(line.replaceAll(id, forkId));
  fork.head = answered;
  fork.user('In a fork');
  fork.say('Fourth', { id: `msg_${n}_9` });
  return {
    [`${id}.jsonl`]: main.text,
    [`${id}/subagents/agent-a1.jsonl`]: inner.text,
    [`${id}/subagents/agent-a1.meta.json`]: JSON.stringify({
      toolUseId: `toolu_${n}_1`,
      agentType: 'Explore',
    }),
    [`${id}/subagents/agent-b1.jsonl`]: nested.text,
    [`${id}/subagents/agent-b1.meta.json`]: JSON.stringify({ toolUseId: `toolu_${n}_4` }),
    [`${forkId}.jsonl`]: fork.text,
  };
}

interface Cut {
  readonly file: number;
  readonly bytes: number;
}

/** The transcripts of a fixture, without what lies beside them. */
const transcriptsOf = (files: Record<string, string>) =>
  Object.keys(files).filter((name) => name.endsWith('.jsonl'));

function cuts(): Cut[] {
  const files = fixture(0);
  const sizes = transcriptsOf(files).map((name) => Buffer.from(files[name]!));
  const ends = sizes.flatMap((bytes, file) =>
    [...bytes.entries()].filter(([, byte]) => byte === 0x0a).map(([at]) => ({ file, bytes: at + 1 })),
  );
  if (LONG)
    return [
      ...ends,
      ...sizes.flatMap(({ length }, file) => Array.from({ length }, (_, bytes) => ({ file, bytes }))),
    ];
  // A generator of its own, so that a failure can be repeated.
  let seed = 20_261_129;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const others = Array.from({ length: RANDOM_CUTS }, () => {
    const file = random(sizes.length);
    return { file, bytes: random(sizes[file]!.length) };
  });
  return [...ends, ...others];
}

/** A fork that was imported before the first line of its origin was there gets a parent later, but stays without an origin. */
function withoutUnknowable(state: string, { file, bytes }: Cut): string {
  const files = fixture(0);
  const firstLine = files[transcriptsOf(files)[0]!]!.indexOf('\n');
  return file === 0 && bytes <= firstLine
    ? state.replaceAll(/"forkedFrom":(null|"000000-main")/g, '').replaceAll(',,', ',')
    : state;
}

it('ends as the whole files do, wherever a file was cut at the first import', {
  timeout: 600_000,
}, async () => {
  const all = cuts();
  const whole = await lab(fixture(0));
  await whole.run();
  const expected = JSON.stringify(await stateOf(whole.repository));
  // A store of many trees: each is imported with another cut.
  const { run, repository, folder, write } = await lab();
  for (const [n, { file, bytes }] of all.entries()) {
    const files = fixture(n + 1);
    const name = transcriptsOf(files)[file]!;
    const cut = Buffer.from(files[name]!).subarray(0, bytes);
    // Every other file seems to be written just now.
    await writeFiles(join(folder, PROJECT), { ...files, [name]: cut }, n % 2 === 0 ? new Date() : undefined);
  }
  await run();
  for (const n of all.keys()) await write(fixture(n + 1));
  await run();
  const states = JSON.parse(JSON.stringify(await stateOf(repository))) as { id: string }[];
  const byTree = Map.groupBy(states, ({ id }) => Number(id.slice(0, 6)));
  for (const [n, cut] of all.entries()) {
    const number = String(n + 1).padStart(6, '0');
    const state = withoutUnknowable(JSON.stringify(byTree.get(n + 1)).replaceAll(number, '000000'), cut);
    const wanted = withoutUnknowable(expected, cut);
    if (state !== wanted)
      expect({ cut, state: JSON.parse(state) }).toEqual({ cut, state: JSON.parse(wanted) });
  }
  const third = await run();
  expect(third.messages).toBe(0);
});
