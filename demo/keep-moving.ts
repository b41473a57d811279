import { setTimeout as pause } from 'node:timers/promises';
import { MutationError, type Sessiontree } from '@sessiontree/client';
import { MODELS, steps, user } from './scene.ts';

const SENTENCES = [
  'The counterexample is right: half-even at the sub-cent. I will carry three decimals through the batch and round once, when the entry is written.',
  'The batch of invoices 40,000 to 41,000 is written, and its sums match the old table.',
  'Row 40,412 has no tax. I ask what that means before I go on.',
  'Without tax, the amount is net. The column says so since 2021, and the older rows were filled in.',
];

const PARENT_ID = 'demo-backfill';
/** The agent says something so often, then spawns a check. */
const TURNS_PER_CHECK = 3;

export interface Pace {
  readonly wordMs: number;
  /** Between what the agent says. */
  readonly turnMs: number;
  /** Between the steps of a check. */
  readonly stepMs: number;
}

const OF_PEOPLE: Pace = { wordMs: 120, turnMs: 3_000, stepMs: 3_000 };

/**
 * Lets the agents of the demo go on: one says something, word by word, and now and then spawns another one, which checks a batch and is done.
 * Ends at the signal.
 */
export async function keepMoving(
  client: Sessiontree,
  signal: AbortSignal,
  pace: Pace = OF_PEOPLE,
): Promise<void> {
  try {
    await endChecks(client);
    let check = Promise.resolve();
    for (let turn = 0; ; turn += 1) {
      await unlessRefused(saySomething(client, SENTENCES[turn % SENTENCES.length]!, signal, pace));
      if (turn % TURNS_PER_CHECK === TURNS_PER_CHECK - 1) {
        await check;
        check = unlessRefused(spawnCheck(client, 41 + turn, signal, pace));
        // If it fails, that is thrown where the next one awaits it.
        check.catch(() => {});
      }
      await pause(pace.turnMs, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Whoever tries the explorer may archive or delete what an agent works at. The agent's writes are refused then, and the others go on. */
async function unlessRefused(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof MutationError)) throw error;
  }
}

async function saySomething(
  client: Sessiontree,
  content: string,
  signal: AbortSignal,
  { wordMs }: Pace,
): Promise<void> {
  const key = `live-${Date.now()}`;
  const draft = client.history.stream(PARENT_ID, key);
  for (const word of content.split(/(?<= )/)) {
    draft.write(word);
    await pause(wordMs, undefined, { signal });
  }
  await client.history.append(PARENT_ID, [
    {
      role: 'ASSISTANT',
      key,
      content,
      model: MODELS.opus,
      usage: { inputTokens: 13_000, cacheReadTokens: 12_400, outputTokens: 60, costUsd: 0.03 },
    },
  ]);
}

/** An agent that checks a batch, step by step, until it is done. */
async function spawnCheck(
  client: Sessiontree,
  batch: number,
  signal: AbortSignal,
  { stepMs }: Pace,
): Promise<void> {
  const { session } = await client.sessions.spawn(PARENT_ID, {
    title: `Check batch ${batch}`,
    agentName: 'tester',
    status: 'RUNNING',
    messages: [user(`Do the sums of batch ${batch} match the old table?`)],
  });
  const work = steps(3, `the sums of batch ${batch}`, MODELS.haiku);
  for (let n = 0; n < work.length; n += 2) {
    await pause(stepMs, undefined, { signal });
    await client.history.append(session.id, work.slice(n, n + 2));
  }
  await client.sessions.update(session.id, { status: 'COMPLETED' });
}

/** Completes the checks that were at work when the demo was ended the last time. */
async function endChecks(client: Sessiontree): Promise<void> {
  const tree = await client.sessions.tree(PARENT_ID);
  for (const { id, title, status } of tree?.children ?? [])
    if (status === 'RUNNING' && title?.startsWith('Check batch '))
      await client.sessions.update(id, { status: 'COMPLETED' });
}
