import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

export interface ExplorerOptions {
  /** The directory in which the store is made, and kept. */
  readonly directory: string;
  /** Sessions of the store, and messages of its long history. */
  readonly size: number;
  /** Measurements of each figure, each in a browser context of its own. The median counts. */
  readonly rounds: number;
}

export const HELP = `Measures the explorer in headless Chromium, and prints a table in Markdown.

  npm run bench:explorer -- [options]

  --size <number>     sessions of the store, and messages of its long history (default: 100,000)
  --rounds <number>   measurements of each figure (default: 5)
  --dir <directory>   directory for the store, which stays there (default: ${join(tmpdir(), 'sessiontree-bench')})
  --help

Chromium is /usr/bin/chromium, or what CHROMIUM_PATH names. The processor should be idle otherwise.
`;

/** Null if help is asked for. Throws for what is no option. */
export function readOptions(args: string[]): ExplorerOptions | null {
  const { values } = parseArgs({
    args,
    options: {
      size: { type: 'string', default: '100000' },
      rounds: { type: 'string', default: '5' },
      dir: { type: 'string', default: join(tmpdir(), 'sessiontree-bench') },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  return {
    directory: values.dir,
    size: wholeNumber('--size', values.size, 20_000),
    rounds: wholeNumber('--rounds', values.rounds, 1),
  };
}

function wholeNumber(name: string, given: string, least: number): number {
  const number = Number(given);
  if (Number.isInteger(number) && number >= least) return number;
  throw new Error(`Expected a whole number of at least ${least} for ${name}, got ${given}.`);
}
