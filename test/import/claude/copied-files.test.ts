import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { lab, PROJECT, sessionsIn } from './support.ts';
import { call, Transcript } from './transcript.ts';

const ID = 'aaaa1111-0000-4000-8000-000000000001';

/** A session that calls a subagent, and the transcript of that one. */
function transcripts(): { readonly main: Transcript; readonly agent: Transcript } {
  const main = new Transcript(ID);
  main.user('Ask a helper');
  main.assistant([call('toolu_1', 'Task', { prompt: 'Count' })]);
  main.result('toolu_1', '3', { toolUseResult: { agentId: 'a1' } });
  main.say('There are three.');
  const agent = new Transcript(ID, { prefix: 'sub' });
  agent.common = { ...agent.common, isSidechain: true, agentId: 'a1' };
  agent.user('Count');
  agent.say('One');
  agent.say('Two');
  return { main, agent };
}

const beginning = ({ lines }: Transcript, count: number) =>
  lines
    .slice(0, count)
    .map((line) => `${line}\n`)
    .join('');

/** The output of each session. */
const tokensOf = async (repository: SessionRepository) =>
  new Map((await sessionsIn(repository)).map(({ id, usage }) => [id, usage.outputTokens]));

/** The folder that comes first in the order of names, and the one that comes last. */
const FOLDERS = ['../-a', '../-z'];

it.each([FOLDERS, FOLDERS.toReversed()])(
  'counts the tokens of a session of which there is a smaller file (whole: %s, smaller: %s)',
  async (whole, smaller) => {
    const { main, agent } = transcripts();
    const { run, repository, folder } = await lab({
      [`${whole}/${ID}.jsonl`]: main.text,
      [`${whole}/${ID}/subagents/agent-a1.jsonl`]: agent.text,
      [`${smaller}/${ID}.jsonl`]: beginning(main, 2),
      [`${smaller}/${ID}/subagents/agent-a1.jsonl`]: beginning(agent, 2),
    });
    const report = await run();
    const path = (place: string, name: string) => join(folder, PROJECT, place, name);
    const names = [`${ID}.jsonl`, `${ID}/subagents/agent-a1.jsonl`];
    expect(report.notes.toSorted()).toEqual(
      names
        .map(
          (name) =>
            `${path(smaller!, name)}: left out, since ${path(whole!, name)} is a larger file of the same session`,
        )
        .toSorted(),
    );
    expect(report).toMatchObject({ complete: true, sessions: { new: 2 } });
    expect(await tokensOf(repository)).toEqual(
      new Map([
        [ID, 10],
        [`${ID}.a1`, 10],
      ]),
    );
    expect((await run()).sessions).toMatchObject({ unchanged: 2 });
  },
);

it('counts the tokens of a session once where there are equal files of it', async () => {
  const { main, agent } = transcripts();
  const files = Object.fromEntries(
    FOLDERS.flatMap((folder) => [
      [`${folder}/${ID}.jsonl`, main.text],
      [`${folder}/${ID}/subagents/agent-a1.jsonl`, agent.text],
    ]),
  );
  const { run, repository } = await lab(files);
  expect((await run()).notes).toHaveLength(2);
  expect(await tokensOf(repository)).toEqual(
    new Map([
      [ID, 10],
      [`${ID}.a1`, 10],
    ]),
  );
});
