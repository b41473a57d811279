import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const PARTS = [
  'rebuild',
  'start-up',
  'pages',
  'search',
  'fork',
  'usage',
  'replaced',
  'relative',
  'large-messages',
  'side-by-side',
  'event-loop',
] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  /** The directory in which stores are generated and kept. */
  readonly directory: string;
  /** Sessions (or messages) in a store, ascending; ratios are of the largest to the smallest. */
  readonly sizes: readonly number[];
  /** The parts to measure. */
  readonly parts: ReadonlySet<Part>;
}

const DEFAULT_SIZES = '1000,100000,1000000';

export const HELP = `Measures the file repository at several sizes, and prints tables in Markdown.

  npm run bench:store -- [options]

  --dir <directory>  directory for the stores, which are kept (default: ${join(tmpdir(), 'sessiontree-bench')}).
                     It must be on the disk to measure. Remove it when you are done.
  --sizes <n,n,...>  numbers of sessions in a store, and of messages in a history (default: ${DEFAULT_SIZES})
  --only <part,...>  what to measure, of ${PARTS.join(', ')} (default: all)
  --help

A store of 1,000,000 sessions takes about 6 GB and 1,000,000 inodes, and a few minutes to make; 1,000,000 messages with
their full text take about 1 GB. Existing stores are reused. Raw results go to bench/results/.
`;

/** Null for `--help`. Throws an Error that says what was expected. */
export function readOptions(args: readonly string[]): BenchOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      dir: { type: 'string', default: join(tmpdir(), 'sessiontree-bench') },
      sizes: { type: 'string', default: DEFAULT_SIZES },
      only: { type: 'string', default: PARTS.join(',') },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const sizes = values.sizes.split(',').map(Number);
  if (!sizes.every((size) => Number.isSafeInteger(size) && size >= 1_000)) {
    throw new Error(
      `--sizes: expected whole numbers from 1000 up, separated by commas, got "${values.sizes}".`,
    );
  }
  const parts = new Set(values.only.split(','));
  const unknown = [...parts.difference(new Set<string>(PARTS))];
  if (unknown.length > 0) {
    throw new Error(`--only: expected some of ${PARTS.join(', ')}, got "${unknown.join(',')}".`);
  }
  return {
    directory: resolve(values.dir),
    sizes: [...new Set(sizes)].sort((a, b) => a - b),
    parts: parts as Set<Part>,
  };
}
