import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Progress } from '../../src/repository/observer.ts';
import { machine } from '../report.ts';
import { isInMemory } from '../room.ts';
import { casesOf } from './cases.ts';
import { startAll } from './lineup.ts';
import { measureCase } from './measure-case.ts';
import { measureMemory } from './memory-level.ts';
import type { CompareOptions, Part } from './options.ts';
import { peakCases } from './peak-cases.ts';
import { stageReporter } from './progress.ts';
import type { CaseResult, MemoryResult, Results } from './results.ts';
import { type DataDirectories, GRAPHQL, Running } from './running.ts';
import { prepareStores } from './stores.ts';
import { versionsOf } from './versions.ts';

/** Measures what the options request. However it ends, all started processes are stopped. */
export async function compare(options: CompareOptions): Promise<Results> {
  const { directory, parts, contenders, size } = options;
  // A new directory per run: for minutes after files were removed, ext4 examines all their inodes whenever a file is created.
  const runDirectory = join(directory, `run-${Date.now()}`);
  const running = new Running(runDirectory);
  const cleanUp = async () => {
    await running.stop();
    if (!options.keep) rmSync(directory, { recursive: true, force: true });
  };
  const interrupted = (signal: NodeJS.Signals) => {
    void cleanUp().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  const progress = stageReporter(process.stderr);
  try {
    const names = GRAPHQL.filter((name) => contenders.includes(name));
    const data: DataDirectories = await prepareStores(
      { directory, runDirectory },
      size,
      names,
      progress.report,
    );
    const say = (text: string) => process.stderr.write(`${text}\n`);
    if (isInMemory(directory))
      say(`${directory} is in memory: what is written there is not what a disk does.`);
    const cases: CaseResult[] = [];
    const chosen = casesOf(size).filter(({ id }) => parts.has(id[0] as Part));
    let versions: Results['versions'] = {};
    if (chosen.length > 0) {
      const lineup = await startAll(running, data, contenders, progress.report);
      versions = versionsOf(lineup);
      for (const one of chosen)
        cases.push(await measureCase(one, lineup, caseOptions(options, data, progress.report)));
      await running.stop();
    }
    if (parts.has('8')) cases.push(...(await peakCases(running, data, progress.report)));
    const memory: MemoryResult | null = parts.has('memory')
      ? await measureMemory(data.sessiontree!, options.requests, progress.report)
      : null;
    cases.sort((a, b) => (a.id < b.id ? -1 : 1));
    return { date: new Date().toISOString(), machine: machine(), size, versions, cases, memory };
  } finally {
    progress.done();
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    await cleanUp();
  }
}

function caseOptions({ rounds, seconds }: CompareOptions, data: DataDirectories, report: Progress) {
  return { rounds, seconds, data: data.sessiontree!, report };
}
