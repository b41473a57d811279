import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeClaudeProjects, writeCodexHome } from './import/transcripts.ts';
import { machine, table } from './report.ts';

/** How often the memory of the command is looked at. The system keeps the peak. */
const LOOK_MS = 50;
const MEGABYTE = 1_000_000;
/** A source, imported by the command into an empty data directory. */
const SOURCES = [
  { name: 'Codex, one rollout', format: 'codex', megabytes: 200, write: writeCodexHome },
  { name: 'Codex, one rollout', format: 'codex', megabytes: 2_000, write: writeCodexHome },
  {
    name: 'Claude Code, sessions with subagents',
    format: 'claude',
    megabytes: 350,
    write: writeClaudeProjects,
  },
] as const;

interface Cost {
  readonly seconds: number;
  /** Of the memory of the whole process, in megabytes. */
  readonly peak: number;
}

/** Runs a command of the command line, and tells what it cost. */
async function run(args: readonly string[]): Promise<Cost> {
  const started = performance.now();
  const cli = join(import.meta.dirname, '../src/cli.ts');
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  let peak = 0;
  const look = setInterval(() => {
    peak = Math.max(peak, peakOf(child.pid!));
  }, LOOK_MS);
  const [code] = await once(child, 'exit');
  clearInterval(look);
  if (code !== 0) throw new Error(`sessiontree ${args[0]} ended with code ${code}`);
  return { seconds: (performance.now() - started) / 1_000, peak };
}

/** The most memory that a process has had, in megabytes; 0 if it has ended. Only Linux tells. */
function peakOf(pid: number): number {
  try {
    const [, kibibytes] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return (Number(kibibytes ?? 0) * 1_024) / MEGABYTE;
  } catch {
    return 0;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'sessiontree-bench-import-'));
try {
  const rows: string[][] = [];
  for (const { name, format, megabytes, write } of SOURCES) {
    const source = join(folder, 'source');
    const data = join(folder, 'data');
    await write(source, megabytes * MEGABYTE);
    const imported = await run(['import', format, source, '--data', data]);
    const again = await run(['import', format, source, '--data', data]);
    rows.push([
      name,
      `${megabytes} MB`,
      `${imported.seconds.toFixed(1)} s`,
      `${(megabytes / imported.seconds).toFixed(0)} MB/s`,
      `${imported.peak.toFixed(0)} MB`,
      `${again.seconds.toFixed(1)} s`,
    ]);
    for (const used of [source, data]) rmSync(used, { recursive: true });
  }
  process.stdout.write(`${machine()}\n\n`);
  process.stdout.write(`${table([['source', 'size', 'import', 'rate', 'peak memory', 'again'], ...rows])}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
