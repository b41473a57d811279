import { setTimeout as pause } from 'node:timers/promises';
import type { Sessiontree } from '@sessiontree/client';

const SENTENCES = [
  'The counterexample is right: half-even at the sub-cent. I will carry three decimals through the batch and round once, when the entry is written.',
  'The batch of invoices 40,000 to 41,000 is written, and its sums match the old table.',
  'Row 40,412 has no tax. I ask what that means before I go on.',
  'Without tax, the amount is net. The column says so since 2021, and the older rows were filled in.',
];

/** Lets the agents of the demo go on: one says something, word by word, and now and then one is spawned. Ends at the signal. */
export async function keepMoving(client: Sessiontree, signal: AbortSignal): Promise<void> {
  try {
    for (let turn = 0; ; turn += 1) {
      const content = SENTENCES[turn % SENTENCES.length]!;
      const key = `live-${Date.now()}`;
      const draft = client.history.stream('demo-backfill', key);
      for (const word of content.split(/(?<= )/)) {
        draft.write(word);
        await pause(120, undefined, { signal });
      }
      await client.history.append('demo-backfill', [
        {
          role: 'ASSISTANT',
          key,
          content,
          model: 'claude-opus-4-5',
          usage: { inputTokens: 13_000, cacheReadTokens: 12_400, outputTokens: 60, costUsd: 0.03 },
        },
      ]);
      if (turn % 3 === 2)
        await client.sessions.spawn('demo-backfill', {
          title: `Check batch ${41 + turn}`,
          agentName: 'tester',
          status: 'RUNNING',
        });
      await pause(3_000, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
