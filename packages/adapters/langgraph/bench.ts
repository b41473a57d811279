import { AIMessage, HumanMessage } from '@langchain/core/messages';
import { MemorySaver, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph';
import { Sessiontree } from '@sessiontree/client';
import { spawnServer } from '../support/spawn-server.ts';
import { SessiontreeRecorder } from './src/index.ts';

/**
 * `node packages/adapters/langgraph/bench.ts`: turns of a thread of three nodes, with MemorySaver alone, with the recorder beside it, and with
 * `flush` after each turn. Rounds alternate; prints medians in milliseconds a turn, of the clock
 * and of the processor, with ratios to MemorySaver alone. About 15 s.
 */
const ROUNDS = 7;
const TURNS = 20;
const TEXT = 'Lisbon is warm in May, and not yet crowded. '.repeat(20);

const step = () => ({ messages: [new AIMessage(TEXT)] });
const graph = () =>
  new StateGraph(MessagesAnnotation)
    .addNode('a', step)
    .addNode('b', step)
    .addNode('c', step)
    .addEdge(START, 'a')
    .addEdge('a', 'b')
    .addEdge('b', 'c')
    .compile({ checkpointer: new MemorySaver() });

type Way = 'MemorySaver alone' | 'and the recorder' | 'and a flush each turn';

let threads = 0;

interface Taken {
  /** Milliseconds a turn. */
  readonly wall: number;
  /** Milliseconds of the processor a turn, in this process: those that other programs cannot change. */
  readonly cpu: number;
}

/** What a turn of a new thread takes. */
async function measure(way: Way, recorder: SessiontreeRecorder): Promise<Taken> {
  const compiled = graph();
  const config = {
    configurable: { thread_id: `bench-${++threads}` },
    callbacks: way === 'MemorySaver alone' ? [] : [recorder],
  };
  const start = performance.now();
  const usage = process.cpuUsage();
  for (let n = 0; n < TURNS; n++) {
    await compiled.invoke({ messages: [new HumanMessage('Where to?')] }, config);
    if (way === 'and a flush each turn') await recorder.flush();
  }
  const wall = (performance.now() - start) / TURNS;
  await recorder.flush();
  const { user, system } = process.cpuUsage(usage);
  return { wall, cpu: (user + system) / 1_000 / TURNS };
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

const { url, stop } = await spawnServer();
try {
  const onError = (error: unknown) => {
    throw error;
  };
  const recorder = new SessiontreeRecorder(new Sessiontree(url), { onError });
  const times = new Map<Way, Taken[]>([
    ['MemorySaver alone', []],
    ['and the recorder', []],
    ['and a flush each turn', []],
  ]);
  for (const way of times.keys()) await measure(way, recorder);
  for (let round = 0; round < ROUNDS; round++)
    for (const [way, values] of times) values.push(await measure(way, recorder));
  const medians = (values: readonly Taken[]) => ({
    wall: median(values.map(({ wall }) => wall)),
    cpu: median(values.map(({ cpu }) => cpu)),
  });
  const alone = medians(times.get('MemorySaver alone')!);
  for (const [way, values] of times) {
    const { wall, cpu } = medians(values);
    const shown = [
      `${wall.toFixed(2)} ms (${(wall / alone.wall).toFixed(2)})`,
      `CPU ${cpu.toFixed(2)} ms (${(cpu / alone.cpu).toFixed(2)})`,
    ];
    process.stdout.write(`${way.padEnd(22)} ${shown.join(', ')} a turn\n`);
  }
} finally {
  await stop();
}
