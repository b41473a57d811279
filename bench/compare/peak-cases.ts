import type { Progress } from '../../src/repository/observer.ts';
import { measurePeak } from './peak-memory.ts';
import type { CaseResult } from './results.ts';
import { type DataDirectories, GRAPHQL, type Running } from './running.ts';
import type { Samples } from './subject.ts';

const ROUNDS = 3;
/** The goal: megabytes above idle. */
const MOST = 150;

/** Measures the memory of case 8, each time in a new process, one after the other. */
export async function peakCases(
  running: Running,
  data: DataDirectories,
  report: Progress,
): Promise<CaseResult[]> {
  const first: Samples = {};
  const highest: Samples = {};
  for (let round = 0; round < ROUNDS; round += 1) {
    report('8: peak memory', round, ROUNDS);
    for (const name of GRAPHQL.filter((name) => data[name] !== undefined)) {
      const peak = await measurePeak(await running.graphql(name, data[name]!));
      await running.stop();
      first[name] = [...(first[name] ?? []), peak.first];
      highest[name] = [...(highest[name] ?? []), peak.highest];
    }
  }
  const met = Math.max(...first.sessiontree!) < MOST;
  return [
    {
      id: '8m',
      title: 'the same: peak memory above idle, in a fresh process',
      unit: 'MB',
      samples: first,
      missing: {},
      verdicts: [{ text: `under ${MOST} MB`, met }],
    },
    {
      id: '8n',
      title: 'the same, of five such queries one after the other',
      unit: 'MB',
      samples: highest,
      missing: {},
      verdicts: [],
    },
  ];
}
