import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CONTENDERS, type ContenderName } from './contender.ts';
import { openFilesMax } from './process-usage.ts';

export const PARTS = ['idle', 'rates', 'stuck', 'refused'] as const;
export type Part = (typeof PARTS)[number];

export interface LiveOptions {
  /** The directory in which stores are made. */
  readonly directory: string;
  readonly parts: ReadonlySet<Part>;
  readonly contenders: readonly ContenderName[];
  /** Seconds of changes before anything is counted. */
  readonly warmUpSeconds: number;
  /** Idle subscribers. */
  readonly subscribers: number;
  readonly idleSeconds: number;
  /** Rounds of each rate, and the seconds of each contender in one. */
  readonly rounds: number;
  readonly seconds: number;
  /** Changes beside a client that never reads, and the rounds into which they are divided. */
  readonly stuckChanges: number;
  readonly stuckRounds: number;
  /** Refused subscriptions. */
  readonly refused: number;
}

type Sizes = Omit<LiveOptions, 'directory' | 'parts' | 'contenders'>;

/** The sizes for which the goals are set. */
export const FULL: Sizes = {
  warmUpSeconds: 3,
  subscribers: 10_000,
  idleSeconds: 50,
  rounds: 3,
  seconds: 10,
  stuckChanges: 100_000,
  stuckRounds: 8,
  refused: 10_000,
};
const SHORT: Sizes = {
  warmUpSeconds: 1,
  subscribers: 2_000,
  idleSeconds: 12,
  rounds: 1,
  seconds: 2,
  stuckChanges: 2_000,
  stuckRounds: 1,
  refused: 2_000,
};

/** The share of the open files of a process that subscribers may use: of what Sessiontree gives to subscriptions, which is half. */
const SHARE_OF_FILES = 0.48;

export const HELP = `Measures subscriptions to a tree that changes, and prints a table in Markdown. Of Linux alone.

  npm run bench:live -- [options]

  --short               smaller sizes: a few minutes
  --only <part,...>     what to measure, of ${PARTS.join(', ')} (default: all)
  --without <name,...>  contenders to leave out, of ${CONTENDERS.join(', ')}
  --dir <directory>     directory for the stores, which are removed at the end (default: ${join(tmpdir(), 'sessiontree-bench')})
  --help

Ten thousand idle subscribers need a limit of 21,000 open files (ulimit -n); with a lower one, there are fewer. Missing contenders are
installed. The processor should be idle otherwise: delays of milliseconds are measured.
`;

/** Null for `--help`. Throws an Error that says what was expected. */
export function readOptions(args: readonly string[]): LiveOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      short: { type: 'boolean', default: false },
      only: { type: 'string', default: PARTS.join(',') },
      without: { type: 'string', default: '' },
      dir: { type: 'string', default: join(tmpdir(), 'sessiontree-bench') },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const without = values.without === '' ? [] : someOf('--without', values.without, CONTENDERS);
  const sizes = values.short ? SHORT : FULL;
  return {
    ...sizes,
    directory: resolve(values.dir, 'live'),
    parts: new Set(someOf('--only', values.only, PARTS)),
    contenders: CONTENDERS.filter((name) => !without.includes(name)),
    subscribers: Math.min(sizes.subscribers, Math.floor(openFilesMax() * SHARE_OF_FILES)),
  };
}

function someOf<Name extends string>(flag: string, value: string, names: readonly Name[]): Name[] {
  const given = value.split(',');
  const unknown = given.filter((name) => !(names as readonly string[]).includes(name));
  if (unknown.length === 0) return given as Name[];
  throw new Error(`${flag}: expected some of ${names.join(', ')}, got "${unknown.join(',')}".`);
}
