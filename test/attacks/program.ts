import { spawn } from 'node:child_process';
import { join } from 'node:path';

const CLI = join(import.meta.dirname, '../../src/cli.ts');

export interface ProgramEnd {
  /** Null if it was killed. */
  readonly code: number | null;
  readonly output: string;
  readonly isTooSlow: boolean;
}

/** Runs `sessiontree` with arguments, and kills it after `ms`. */
export function runProgram(args: readonly string[], ms = 30_000): Promise<ProgramEnd> {
  const child = spawn(process.execPath, ['--max-old-space-size=512', CLI, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let isTooSlow = false;
  const keep = (chunk: Buffer) => {
    if (output.length < 1_000_000) output += chunk.toString();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const timer = setTimeout(() => {
    isTooSlow = true;
    child.kill('SIGKILL');
  }, ms);
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output, isTooSlow });
    });
  });
}
