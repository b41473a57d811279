import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hasCommand } from '../cli/run.ts';
import type { LogLine } from '../server/support.ts';
import { ROOT } from '../support/documentation.ts';

export const PACKAGE = join(ROOT, 'packages/python');
export const hasPython = hasCommand('python3');
export const NO_PYTHON = 'there is no python3';

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `python3` with these arguments; it finds the module, and the server at `url`. Rejects if it fails. */
export async function python(
  args: readonly string[],
  url: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Ran> {
  return await promisify(execFile)('python3', args, {
    env: {
      ...process.env,
      PYTHONPATH: PACKAGE,
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONIOENCODING: 'utf-8',
      SESSIONTREE_URL: url,
      ...env,
    },
  });
}

/** What is before each program of the tests. */
const PRELUDE = `
import asyncio, json, logging, os, sys, threading, time
from sessiontree import *

def show(value):
    print(json.dumps(value))
`;

/** Runs the body of an async function, and returns what it has passed to `show`; `stderr` has the log. */
export async function runAsync(
  body: string,
  url: string,
  env: NodeJS.ProcessEnv = {},
): Promise<{ readonly shown: unknown[]; readonly stderr: string }> {
  const indented = body.replaceAll(/^(?=.)/gm, '    ');
  const program = `${PRELUDE}\nasync def main():\n${indented}\n\nasyncio.run(main())\n`;
  const { stdout, stderr } = await python(['-c', program], url, env);
  return {
    shown: stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
    stderr,
  };
}

/** The operations that a server has answered, in order: the fields of each request. */
export function fieldsOf(lines: readonly LogLine[]): string[] {
  return lines.filter(({ msg }) => msg === 'request').map(({ fields }) => (fields as string[]).join());
}
