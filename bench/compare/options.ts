import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CONTENDERS, type ContenderName } from './contender-name.ts';

/** The numbers of the cases, and `memory`: the use of memory over many requests. */
export const PARTS = ['1', '2', '3', '4', '5', '6', '7', '8', 'memory'] as const;
export type Part = (typeof PARTS)[number];

/** Contenders that cannot be left out. */
const ALWAYS: readonly ContenderName[] = ['sessiontree', 'floor'];
const OPTIONAL = CONTENDERS.filter((name) => !ALWAYS.includes(name));

export interface CompareOptions {
  /** The directory in which stores are generated. */
  readonly directory: string;
  /** True to keep the stores. */
  readonly keep: boolean;
  readonly parts: ReadonlySet<Part>;
  readonly contenders: readonly ContenderName[];
  /** Rounds per rate. All contenders take turns in each round. */
  readonly rounds: number;
  /** Seconds per turn of a contender. */
  readonly seconds: number;
  /** Requests of the part `memory`. */
  readonly requests: number;
  /** Sessions in the store, and messages in its long history. */
  readonly size: number;
  /** True to update the results that docs/performance.md shows. */
  readonly publish: boolean;
}

const DEFAULTS = { rounds: '5', seconds: '3', requests: '200000', size: '100000' };
/** The minimum: `wide` and both trees are among the sessions. */
const FEWEST_SESSIONS = 20_000;

export const HELP = `Compares Sessiontree with the floor and its peers, and prints one table in Markdown.

  npm run bench -- [options]

  --only <part,...>     what to measure, of ${PARTS.join(', ')} (default: all)
  --without <name,...>  contenders to leave out, of ${OPTIONAL.join(', ')}
  --rounds <n>          rounds per rate; all contenders take turns in each (default: ${DEFAULTS.rounds})
  --seconds <n>         seconds per turn (default: ${DEFAULTS.seconds})
  --requests <n>        requests of the part "memory" (default: ${DEFAULTS.requests}; an hour's worth is a million)
  --size <n>            sessions in the store, and messages in its long history (default: ${DEFAULTS.size}, for
                        which the goals are set)
  --dir <directory>     directory for the stores (default: ${join(tmpdir(), 'sessiontree-bench')}).
                        It must be on the disk to measure.
  --keep                keep the stores; the next run reuses the original, and makes new copies
  --publish             write bench/results.json, and bench/chart.svg for docs/performance.md
  --help

The stores take about 4 GB and are removed at the end. If very many files were removed on the same disk, as by an
earlier run, wait five minutes: until then, ext4 takes up to ten times as long to create a file. A full run takes about a
quarter of an hour. Raw results go to bench/results/. Missing contenders are installed.
`;

/** Null for `--help`. Throws an Error that says what was expected. */
export function readOptions(args: readonly string[]): CompareOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: PARTS.join(',') },
      without: { type: 'string', default: '' },
      rounds: { type: 'string', default: DEFAULTS.rounds },
      seconds: { type: 'string', default: DEFAULTS.seconds },
      requests: { type: 'string', default: DEFAULTS.requests },
      size: { type: 'string', default: DEFAULTS.size },
      dir: { type: 'string', default: join(tmpdir(), 'sessiontree-bench') },
      keep: { type: 'boolean', default: false },
      publish: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const parts = new Set(someOf('--only', values.only, PARTS));
  const without = values.without === '' ? [] : someOf('--without', values.without, OPTIONAL);
  if (values.publish && (parts.size < PARTS.length || without.length > 0)) {
    throw new Error('--publish: expected a run of everything, got --only or --without.');
  }
  return {
    directory: resolve(values.dir, 'compare'),
    keep: values.keep,
    parts,
    contenders: CONTENDERS.filter((name) => !without.includes(name)),
    rounds: wholeNumber('--rounds', values.rounds, 1),
    seconds: positive('--seconds', values.seconds),
    requests: wholeNumber('--requests', values.requests, 1_000),
    size: wholeNumber('--size', values.size, FEWEST_SESSIONS),
    publish: values.publish,
  };
}

function someOf<Name extends string>(flag: string, value: string, names: readonly Name[]): Name[] {
  const given = value.split(',');
  const unknown = given.filter((name) => !(names as readonly string[]).includes(name));
  if (unknown.length === 0) return given as Name[];
  throw new Error(`${flag}: expected some of ${names.join(', ')}, got "${unknown.join(',')}".`);
}

function wholeNumber(flag: string, value: string, least: number): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw new Error(`${flag}: expected a whole number from ${least} up, got "${value}".`);
}

function positive(flag: string, value: string): number {
  const number = Number(value);
  if (Number.isFinite(number) && number > 0) return number;
  throw new Error(`${flag}: expected a number above 0, got "${value}".`);
}
