import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { codex } from '../../../src/import/codex/codex.ts';
import { outline, sourceLab } from '../source-lab.ts';
import { Rollout } from './rollout.ts';

const ID = '0aa11111-0000-7000-8000-000000000001';

function rollout(): Rollout {
  const whole = new Rollout(ID).turn('t1').user('One').say('First').record('r1', { input: 3 });
  return whole.turn('t2').user('Two').say('Second').record('r2', { input: 5 });
}

const OUTLINE = ['USER: One', 'ASSISTANT: First', 'USER: Two', 'ASSISTANT: Second'];
const DAYS = ['sessions/2026/03/01', 'sessions/2026/03/02'];
const NAME = `rollout-2026-03-01T10-00-00-${ID}.jsonl`;
const beginning = ({ lines }: Rollout) =>
  lines
    .slice(0, 5)
    .map((line) => `${line}\n`)
    .join('');
const compressed = (text: string) => zstdCompressSync(Buffer.from(text));

it.each([
  { whole: `${DAYS[0]}/${NAME}`, smaller: `${DAYS[1]}/${NAME}` },
  { whole: `${DAYS[1]}/${NAME}`, smaller: `${DAYS[0]}/${NAME}` },
  { whole: `archived_sessions/${NAME}`, smaller: `${DAYS[0]}/${NAME}` },
  { whole: `archived_sessions/${NAME}.zst`, smaller: `${DAYS[0]}/${NAME}` },
  { whole: `${DAYS[0]}/${NAME}.zst`, smaller: `${DAYS[0]}/${NAME}` },
])('takes the larger of two rollouts of a thread, and says so (%o)', async ({ whole, smaller }) => {
  const text = rollout().text;
  const lab = await sourceLab(codex, {
    [whole]: whole.endsWith('.zst') ? compressed(text) : text,
    [smaller]: beginning(rollout()),
  });
  const report = await lab.run();
  const [taken, leftOut] = [whole, smaller].map((name) => join(lab.folder, name));
  expect(report.notes).toEqual([`${leftOut}: left out, since ${taken} is a larger file of the same session`]);
  expect(report).toMatchObject({ complete: true, sessions: { new: 1 } });
  expect(outline(await lab.history(ID))).toEqual(OUTLINE);
  expect((await lab.session(ID)).usage.inputTokens).toBe(8);
});

it('says nothing of a rollout that has been compressed, and is there in both forms for a moment', async () => {
  const { text } = rollout();
  const lab = await sourceLab(codex, {
    [`${DAYS[0]}/${NAME}`]: text,
    [`${DAYS[0]}/${NAME}.zst`]: compressed(text),
  });
  expect(await lab.run()).toMatchObject({ notes: [], complete: true, sessions: { new: 1 } });
  expect(outline(await lab.history(ID))).toEqual(OUTLINE);
});
