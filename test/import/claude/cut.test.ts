import { it } from 'vitest';
import { claude } from '../../../src/import/claude/claude.ts';
import { type Cut, expectAsWhole, LONG_FORM_MS } from '../cuts.ts';
import type { SessionState } from './support.ts';
import { call, Transcript, text, thinking } from './transcript.ts';

/** A tree with all that transcripts have: its files, by name. */
function fixture(n: string): Record<string, string> {
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

const isFork = ({ id }: SessionState) => id.endsWith('-fork');

/** The time of a fork stays that of the first line that was its own at the first import. If its origin had no lines then, it stays without one. */
function knowable(state: SessionState, { file, length }: Cut): unknown {
  if (!isFork(state)) return state;
  const { createdAt: _, forkedFrom, ...known } = state;
  const [main] = Object.values(fixture('n00000'));
  const isOriginEmpty = file === 0 && (length === null || length <= main!.indexOf('\n'));
  return isOriginEmpty ? known : { ...known, forkedFrom };
}

it('ends as the whole files do, wherever a file was cut at the first import', {
  timeout: LONG_FORM_MS,
}, async () => {
  await expectAsWhole(claude, fixture, { knowable });
});
