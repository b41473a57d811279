import { type AgentInputItem, MemorySession, type Session } from '@openai/agents';
import { Sessiontree } from '@sessiontree/client';
import { spawnServer } from '../support/spawn-server.ts';
import { SessiontreeSession } from './src/index.ts';

/**
 * `node packages/adapters/openai-agents/bench.ts`: what each call of a session takes, beside the SDK's own session, which keeps its items in the memory of the process. Prints
 * medians in milliseconds. Takes some 20 seconds.
 */
const ROUNDS = 60;
const HISTORY_LENGTH = 200;

const { url, stop } = await spawnServer();
try {
  const client = new Sessiontree(url);
  const stores: Record<string, () => Session> = {
    MemorySession: () => new MemorySession(),
    SessiontreeSession: () => new SessiontreeSession(client),
  };
  const results = new Map<string, Record<string, number>>();
  // Both warm up in the first pass.
  for (let pass = 0; pass < 2; pass++)
    for (const [name, newSession] of Object.entries(stores)) results.set(name, await measure(newSession));
  const [memory, tree] = [...results.values()] as [Record<string, number>, Record<string, number>];
  process.stdout.write(`| call | ${[...results.keys()].join(' | ')} | ratio |\n|---|---|---|---|\n`);
  for (const [call, ms] of Object.entries(tree)) {
    const own = memory[call]!;
    process.stdout.write(
      `| ${call} | ${own.toFixed(4)} ms | ${ms.toFixed(2)} ms | ${(ms / own).toFixed(0)} |\n`,
    );
  }
} finally {
  await stop();
}

/** The median of each call, in milliseconds. */
async function measure(newSession: () => Session): Promise<Record<string, number>> {
  const session = newSession();
  for (let start = 0; start < HISTORY_LENGTH; start += 2) await session.addItems(turn(start));
  return {
    'addItems, 2 items': await median((n) => session.addItems(turn(n))),
    'getItems, the latest 20': await median(() => session.getItems(20)),
    [`getItems, ${HISTORY_LENGTH + 2 * ROUNDS} items`]: await median(() => session.getItems()),
    popItem: await median(() => session.popItem()),
    'addItems and getItems by 8 sessions at once, each': await median(async (n) => {
      const sessions = Array.from({ length: 8 }, newSession);
      await Promise.all(sessions.map((one) => one.addItems(turn(n))));
      await Promise.all(sessions.map((one) => one.getItems()));
    }, 8),
  };
}

/** Of `ROUNDS` calls, each of which does `count` things. */
async function median(call: (round: number) => Promise<unknown>, count = 1): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await call(round);
    times.push((performance.now() - start) / count);
  }
  return times.sort((a, b) => a - b)[ROUNDS >> 1]!;
}

function turn(n: number): AgentInputItem[] {
  const text = `${n} `.repeat(100);
  return [
    { role: 'user', content: text },
    { role: 'assistant', status: 'completed', content: [{ type: 'output_text', text }] },
  ];
}
